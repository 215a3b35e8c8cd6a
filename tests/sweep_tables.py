"""Tables as sweeps leave them, of pictures that are drawn instead of diffused."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from dwlab.shapes.world import COLOURS, SHAPES, Scene, draw
from dwlab.store.images import save_picture

if TYPE_CHECKING:
    from pathlib import Path


HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "' onmouseover='alert(5)",
    "<a href=javascript:alert(6)>x</a>",
    "<iframe src=//example.com></iframe>",
    "</style><style>body{display:none}</style>",
    "</title><h1>7</h1>",
    "<!-- a comment that never ends",
    "{{ 7 * 7 }} {% raw %}",
    "${alert(8)} $\\frac{1}{0$ $x_1$",
    "=cmd|'/c calc'!A0",
    "<details open ontoggle=alert(9)>",
    "\u202eright to left\u202c \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
    "line one\nline two\r\n\tline three",
    "bell \x07 escape \x1b[31m and &lt;b&gt; &#60;i&#62;",
    "a word" + "W" * 3_000,
    "long " * 4_000,
    "_\u4e2d\u6587 \U0001f600 e" + "\u0301" * 200,
)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def sweep_table(
    root: Path,
    prompts: tuple[str, ...] = ("a red circle", "a star"),
    *,
    steps: tuple[int, ...] = (4, 8),
    guidance: tuple[float, ...] = (1.0, 4.0),
    seeds: tuple[int, ...] = (0, 1),
    failed: tuple[int, ...] = (),
    ignores: str = "",
) -> pd.DataFrame:
    """A table as a sweep leaves it, its pictures in `root`; the axis named `ignores` changes no pixel."""
    rows: list[dict[str, Any]] = []
    for n, (prompt, step, scale, seed) in enumerate(
        itertools.product(prompts, steps, guidance, seeds)
    ):
        told = {"prompt": prompt, "steps": step, "guidance": scale, "seed": seed}
        number = hashlib.sha256(
            repr([v for k, v in told.items() if k != ignores]).encode()
        ).digest()
        colour, background = list(COLOURS)[number[0] % 4], list(COLOURS)[4 + number[1] % 4]
        scene = Scene("large", colour, SHAPES[number[2] % len(SHAPES)], "center", background)
        picture = draw(scene, np.random.default_rng(list(number)), side=64)
        pixels = hashlib.sha256(picture.tobytes()).hexdigest()
        path = root / save_picture(root, png(picture))
        good = n not in failed
        rows.append(
            {
                "key": f"{n:064x}", "experiment": "views", "model": "shapes", "prompt": prompt, "negative_prompt": "",
                "seed": seed, "steps": step, "guidance": scale, "scheduler": "DDIMScheduler", "width": 64, "height": 64,
                "dtype": "float32", "device": "cpu", "seconds": 0.1 * step, "device_seconds": 0.05 * step,
                "status": "ok" if good else "oom", "error": None if good else f"RuntimeError: no room for {prompt}",
                "image": path.relative_to(root).as_posix() if good else None, "created": "2026-01-02T03:04:05Z",
                "versions": json.dumps({"torch": "2.0"}), "scheduler_options": "{}", "call": "{}", "blank": 0,
                "adherence": min(1.0, 0.1 * scale + 0.01 * step) if good else None,
                "pixels": pixels if good else None,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    axes = {"prompt": prompts, "steps": steps, "guidance": guidance, "seed": seeds}
    table.attrs.update(axes={k: list(v) for k, v in axes.items() if len(v) > 1}, results=str(root))
    return table


def nudged(picture: Image.Image, by: int) -> Image.Image:
    """The picture with one channel of one pixel moved by `by`."""
    pixels = np.asarray(picture).astype(int)
    pixels[5, 7, 1] += by if pixels[5, 7, 1] < 128 else -by
    return Image.fromarray(pixels.astype(np.uint8))


def nudge(table: pd.DataFrame, root: Path, of: str, value: object, source: object, by: int) -> None:
    """Give the rows with `of` = `value` the pictures of those with `source`, each nudged."""
    axes = [name for name in table.attrs["axes"] if name != of]
    for _, rows in table.groupby(axes):
        original = rows[rows[of] == source].iloc[0]
        copy = rows.index[rows[of] == value][0]
        path = root / f"nudged-{copy}-{by}.png"
        nudged(Image.open(root / original["image"]).convert("RGB"), by).save(path)
        table.loc[copy, ["image", "pixels"]] = path.name, f"{copy}-{by}"
