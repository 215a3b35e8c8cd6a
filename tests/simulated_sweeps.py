"""Tables of sweeps whose truth is known: no pictures, only numbers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def table_of(
    values: np.ndarray, axes: Mapping[str, Sequence[object]], metric: str = "adherence"
) -> pd.DataFrame:
    """A table as a sweep leaves it. values: of shape (*axes, prompts, seeds), NaN for failed cells.

    Parameters that are no axis are those of a usual recipe.
    """
    *shape, prompts, seeds = values.shape
    assert tuple(shape) == tuple(len(choices) for choices in axes.values())
    names = [*axes, "prompt", "seed"]
    words = [f"prompt {number}" for number in range(prompts)]
    rows = list(itertools.product(*axes.values(), words, range(seeds)))
    table = pd.DataFrame(rows, columns=names)
    defaults = {"model": "shapes", "steps": 20, "guidance": 3.0, "scheduler": "DDIMScheduler"}
    for name, value in defaults.items():
        if name not in table:
            table[name] = value
    table["scheduler_options"] = "{}"
    table["device_seconds"] = 0.01 * table["steps"] * np.where(table["guidance"] > 1, 2, 1)
    table[metric] = values.reshape(-1)
    table["status"] = np.where(table[metric].isna(), "failed", "ok")
    choices = {**axes, "prompt": words, "seed": list(range(seeds))}
    table.attrs["axes"] = {name: list(each) for name, each in choices.items() if len(each) > 1}
    return table
