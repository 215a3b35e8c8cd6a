"""How far pictures are from the one of their group that is their reference, pixel by pixel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..runs.table import open_picture
from .setting_grid import group_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .axes import Axis

PIXELS = "RMS difference of pixels"


def pixel_distances(
    table: pd.DataFrame, is_reference: pd.Series, others: Sequence[Axis]
) -> pd.Series:
    """Each picture's root mean square difference from its reference, from 0 to 1; NaN without one.

    is_reference: which rows are references; they have no value, for being no distance away from
    themselves says nothing. others: the axes on which a picture and its reference agree.
    """
    distances = pd.Series(math.nan, index=table.index)
    groups, _ = group_codes(others, table.index)
    flags = is_reference.to_numpy(dtype=bool)
    images = table["image"].to_numpy() if "image" in table else np.full(len(table), None)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        references = members[flags[members]]
        reference = _pixels(table, images[references[0]]) if len(references) else None
        if reference is None:
            continue
        for row in members[~flags[members]]:
            pixels = _pixels(table, images[row])
            if pixels is not None and pixels.shape == reference.shape:
                distances.iloc[row] = math.sqrt(np.mean((pixels - reference) ** 2))
    return distances


def _pixels(table: pd.DataFrame, image: object) -> np.ndarray | None:
    picture = open_picture(table, image)
    return None if picture is None else np.asarray(picture, dtype=float) / 255
