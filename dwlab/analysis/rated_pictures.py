"""The pictures of a sweep by setting, prompt and seed: those that can be put before a rater."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from .axes import SEED, Axis, swept
from .setting_grid import group_codes, setting_label

if TYPE_CHECKING:
    import pandas as pd

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RatedPictures:
    """Pictures of a sweep; all arrays have one entry per picture.

    keys, images: as the table has them. settings, prompts, seeds: which of each the picture has,
    from 0. pixels: equal numbers for pictures whose pixels are equal. axes: those that make a
    setting. codes: of each setting, the positions of its values on these axes.
    """

    keys: tuple[str, ...]
    images: tuple[str, ...]
    settings: Codes
    prompts: Codes
    seeds: Codes
    pixels: Codes
    axes: tuple[Axis, ...]
    codes: tuple[tuple[int, ...], ...]

    @property
    def labels(self) -> list[str]:
        """The settings as text, like `steps 8, guidance 4`."""
        return [setting_label(self.axes, [codes]) for codes in self.codes]


def rated_pictures(table: pd.DataFrame) -> RatedPictures:
    """The finished pictures of a table as `Results.table` gives it.

    What says how pictures are made is a setting; the rest, except for the seed, is a prompt.
    Raises InvalidInput if there are fewer than two settings.
    """
    is_finished = (table["status"] == "ok") & table["image"].notna()
    rows = table.index[is_finished]
    axes = swept(table)
    setting_axes = [axis for axis in axes if not axis.of_content]
    seed_axes = [axis for axis in axes if axis.names == SEED]
    prompt_axes = [axis for axis in axes if axis.of_content and axis.names != SEED]
    settings, codes = group_codes(setting_axes, rows)
    if len(codes) < 2:
        raise InvalidInput(
            "experiment", f"{len(rows)} pictures", "a sweep with pictures of two settings or more"
        )
    finished = table.loc[rows]
    _, pixels = np.unique(finished["pixels"].astype(str), return_inverse=True)
    return RatedPictures(
        keys=tuple(finished["key"]),
        images=tuple(finished["image"]),
        settings=settings,
        prompts=group_codes(prompt_axes, rows)[0],
        seeds=group_codes(seed_axes, rows)[0],
        pixels=pixels,
        axes=tuple(setting_axes),
        codes=tuple(codes),
    )
