"""A results folder with one large experiment, as a sweep leaves it, without computing anything.

10 prompts x 5 numbers of steps x 5 guidances x 4 schedulers x as many seeds as it takes, each cell with
a row, ten metrics and a small picture of its own. `adherence` rises with the steps and falls with
guidance. `python -m dwlab.bench.large_results FOLDER CELLS` writes it.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..spec.sweep import SweepSpec
from ..store.cells import CellRow, write_row
from ..store.experiments import Member
from ..store.metric_values import write_metrics
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..spec.cells import Cell
    from ..store.metric_values import Metrics

NAME = "large"
PER_SEED = 1_000  # cells of each seed
ROWS_AT_ONCE = 10_000  # per transaction
COLOURS = ("red", "green", "blue", "yellow", "cyan", "magenta", "black", "white", "gray", "orange")
SIDE = 64  # pixels
_VERSIONS = {
    "dwlab": "0.1.0",
    "python": "3.11.9",
    "torch": "2.13.0",
    "diffusers": "0.42.1",
    "transformers": "5.23.0",
    "numpy": "2.4.0",
}


def fill(root: Path, cells: int) -> None:
    """Write the experiment `large` with that many cells, a multiple of 1,000, to a results folder."""
    spec = _spec(cells // PER_SEED)
    with Store(root) as store:
        expanded = spec.cells(limit=cells)
        document = spec.as_dict()
        store.experiments.enter(NAME, document)
        store.experiments.set_members(NAME, document, list(_members(expanded)))
        for start in range(0, len(expanded), ROWS_AT_ONCE):
            with store.file.transaction() as sql:
                for cell in expanded[start : start + ROWS_AT_ONCE]:
                    row = _row(root, cell)
                    write_row(sql, row, NAME)
                    write_metrics(sql, row.key, _metrics(cell))


def _spec(seeds: int) -> SweepSpec:
    return SweepSpec(
        NAME,
        base={"model": "shapes"},
        axes={
            "prompt": [f"a large {colour} circle" for colour in COLOURS],
            "steps": [2, 5, 10, 15, 25],
            "guidance": [1.0, 3.0, 5.0, 7.0, 9.0],
            "scheduler": ["ddim", "euler", "DPM++ 2M", "heun"],
            "seed": {"range": [0, seeds]},
        },
        metric="adherence",
    )


def _key(cell: Cell) -> str:
    return hashlib.sha256(str(cell.position).encode()).hexdigest()


def _members(cells: list[Cell]) -> Iterator[Member]:
    for cell in cells:
        yield Member(cell.position, _key(cell), json.dumps(cell.axes))


def _row(root: Path, cell: Cell) -> CellRow:
    png = _png(cell)
    digest = hashlib.sha256(png).hexdigest()
    image = f"images/{digest[:2]}/{digest}.png"
    path = root / image
    path.parent.mkdir(parents=True, exist_ok=True)
    # not flushed one by one: nothing is lost if this folder is
    path.write_bytes(png)
    seconds = 0.01 * (cell.params.steps or 1)
    return CellRow(
        key=_key(cell),
        params=cell.params.canonical(),
        weights="0" * 64,
        dtype="float32",
        device="cpu",
        status="ok",
        image=image,
        pixels=digest,
        bytes=len(png),
        seconds=seconds,
        device_seconds=seconds,
        versions=json.dumps(_VERSIONS),
    )


def _png(cell: Cell) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("cell", str(cell.position))
    buffer = io.BytesIO()
    # of a colour of its own: pictures that are alike are read and compared, as few of a sweep are
    red, green, blue, *_ = bytes.fromhex(_key(cell))
    Image.new("RGB", (SIDE, SIDE), (red, green, blue)).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def _metrics(cell: Cell) -> Metrics:
    chance = random.Random(cell.position)  # noqa: S311  # no secret
    steps = cell.params.steps or 1
    guidance = cell.params.guidance or 1.0
    quality = 1 - 0.3 / steps - 0.02 * abs(guidance - 3) + chance.gauss(0, 0.05)
    values: dict[str, Any] = {
        "adherence": min(1.0, max(0.0, quality)),
        "brightness": chance.random(),
        "contrast": chance.random(),
        "sharpness": 100 * chance.random(),
        "colourfulness": 100 * chance.random(),
        "blank": 0,
        "nan": 0.0,
        "found_shape": chance.choice(["circle", "square", "none"]),
        "found_colour": chance.choice(COLOURS),
        "found_size": "large",
    }
    return {name: (1, value) for name, value in values.items()}


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
