"""What a picture costs, by the parameters in its row of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from .._util.checks import is_number
from .._util.jsonfile import object_in
from ..spec.rows import denoiser_rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import TypeGuard

NEEDED = ("steps", "guidance", "scheduler")


def rows_per_picture(table: pd.DataFrame) -> pd.Series:
    """Rows of the denoiser that each picture took; NaN if its parameters are not in the table.

    Guidance doubles them, and schedulers of second order like Heun call the denoiser twice per
    step, but once in the last one. It is the number of function evaluations (NFE) of papers, in
    which guidance counts too. Accelerators make it less (see `dwlab.spec.rows`).
    """
    if not set(NEEDED) <= set(table.columns):
        return pd.Series(math.nan, index=table.index)
    columns = [name for name in (*NEEDED, "strength", "accelerate") if name in table.columns]
    recipes = table[columns]
    # settings are few and pictures are many
    distinct = recipes.drop_duplicates()
    prices = pd.Series([_rows(recipe) for recipe in distinct.to_dict("records")])
    keys = pd.MultiIndex.from_frame(recipes)
    position = pd.MultiIndex.from_frame(distinct).get_indexer(keys)
    return pd.Series(prices.to_numpy()[position], index=table.index)


def _rows(recipe: Mapping[Hashable, object]) -> float:
    steps, guidance = recipe["steps"], recipe["guidance"]
    strength = recipe.get("strength")
    if not _is_known(steps) or not _is_known(guidance):
        return math.nan
    rows = denoiser_rows(
        steps=int(steps),
        strength=float(strength) if _is_known(strength) else None,
        scheduler=str(recipe["scheduler"]),
        guidance=float(guidance),
        accelerators=object_in(recipe.get("accelerate")),
    )
    return float(rows)


def _is_known(value: object) -> TypeGuard[int | float]:
    return is_number(value) and not math.isnan(value)
