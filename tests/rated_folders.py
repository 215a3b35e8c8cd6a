"""Results folders with a sweep that can be rated, of pictures that are drawn instead of diffused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from sweep_tables import png

from dwlab.pictures.png import pixel_hash
from dwlab.shapes.world import Scene, draw
from dwlab.store.cells import CellRow
from dwlab.store.experiments import Member
from dwlab.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROMPTS = ("a red circle", "a blue star")


def rated_folder(
    root: Path,
    prompts: Sequence[str] = PROMPTS,
    steps: Sequence[int] = (2, 5, 10, 25),
    seeds: int = 2,
    alike: Sequence[int] = (),
) -> Path:
    """A folder with the sweep `rated`. alike: steps whose pictures are the same."""
    with Store(root) as store:
        members = []
        axes = {"prompt": list(prompts), "steps": list(steps), "seed": list(range(seeds))}
        for number, (prompt, many, seed) in enumerate(_cells(axes)):
            key = f"{number:064x}"
            scene = Scene("large", "red", "circle", "center", "white")
            drawn = number if many not in alike else 1000 + seed
            picture = draw(scene, np.random.default_rng(drawn), side=48)
            cell = {"prompt": prompt, "steps": many, "seed": seed}
            recipe = {"model": "shapes", "guidance": 3.0, "scheduler": "DDIMScheduler", **cell}
            row = CellRow(
                key=key,
                params=json.dumps(recipe),
                weights="w",
                dtype="float32",
                device="cpu",
                status="ok",
                image=store.save_picture(png(picture)),
                pixels=pixel_hash(picture),
            )
            store.add(row, metrics={"adherence": (1, many / 25)})
            members.append(Member(number, key, json.dumps(cell)))
        store.experiments.enter("rated", {"name": "rated", "axes": axes})
        store.experiments.set_members("rated", {"name": "rated", "axes": axes}, members)
    return root


def _cells(axes: dict[str, list[object]]) -> list[tuple[str, int, int]]:
    return [
        (prompt, steps, seed)
        for prompt in axes["prompt"]
        for steps in axes["steps"]
        for seed in axes["seed"]
    ]
