"""A results folder with two small experiments that share cells, of pictures that are drawn at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.child import fake_render, small_sweep

from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep

if TYPE_CHECKING:
    from pathlib import Path


def sweep(model: str, name: str, seeds: list[int]) -> Sweep:
    """Two colours by a range of seeds."""
    axes = {"colour": ["red", "blue"], "seed": {"range": seeds}}
    return Sweep(**small_sweep(model).as_dict() | {"name": name, "axes": axes})


def fill(model: str, root: Path) -> Path:
    """`first` with seeds 0 and 1, `second` with seeds 1 and 2: four cells each, of which two are shared."""
    run_sweep(model, root, "first", [0, 2])
    run_sweep(model, root, "second", [1, 3])
    return root


def run_sweep(model: str, root: Path, name: str, seeds: list[int]) -> None:
    """Run a sweep of two colours by a range of seeds."""
    run(sweep(model, name, seeds), results=root, render=fake_render)
