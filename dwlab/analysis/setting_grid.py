"""A metric by setting, prompt and seed: the form in which settings are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from ..spec.search_request import TARGETS
from .axes import SEED, Axis, swept
from .metric_columns import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from .margins import Floats

# what a mean of differences is meant to hold for
SAMPLED, FIXED = TARGETS


@dataclass(frozen=True, eq=False)
class SettingGrid:
    """A metric by setting, prompt and seed.

    values: (settings, prompts, seeds), NaN where no picture was measured. axes: those that make a
    setting. codes: of each setting, the positions of its values on these axes. rows: those of the
    table that were measured. setting_of_row: the setting of each of them.
    """

    values: Floats
    axes: tuple[Axis, ...]
    codes: tuple[tuple[int, ...], ...]
    rows: pd.Index
    setting_of_row: np.ndarray

    @property
    def prompts(self) -> int:
        """How many prompts (or combinations of what else says what is drawn) there are."""
        return int(self.values.shape[1])

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return int(self.values.shape[2])

    def label(self, setting: int) -> str:
        """A setting as text, like `steps 8, guidance 4`."""
        return setting_label(self.axes, [self.codes[setting]])

    def mean_by_setting(self, column: pd.Series) -> Floats:
        """The mean of a column of the table over the pictures of each setting."""
        values = column.loc[self.rows].to_numpy(dtype=float)
        sums = np.bincount(self.setting_of_row, weights=values, minlength=len(self.codes))
        return sums / np.bincount(self.setting_of_row, minlength=len(self.codes))


def setting_label(axes: Sequence[Axis], settings: Sequence[tuple[int, ...]]) -> str:
    """Settings as text: `steps 8, scheduler DDIM or Euler` if they differ in one axis only.

    If they differ in more, those that differ in the last axis alone stand together:
    `steps 8, scheduler DDIM or Euler; or steps 9, scheduler DDIM`.
    """
    different = [at for at in range(len(axes)) if len({each[at] for each in settings}) > 1]
    if len(different) <= 1:
        return _alike_but_one(axes, settings)
    last = different[-1]
    groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for setting in settings:
        groups.setdefault(setting[:last] + setting[last + 1 :], []).append(setting)
    return "; or ".join(_alike_but_one(axes, group) for group in groups.values())


def _alike_but_one(axes: Sequence[Axis], settings: Sequence[tuple[int, ...]]) -> str:
    """Settings that differ in one axis at most."""
    parts = []
    for axis, first, *others in zip(axes, *settings, strict=True):
        labels = [axis.in_words(axis.values[code]) for code in others if code != first]
        parts.append(" or ".join([axis.named(axis.values[first]), *labels]))
    return ", ".join(parts)


def setting_grid(
    table: pd.DataFrame, metric: str, setting_axes: Sequence[Axis] | None = None
) -> SettingGrid:
    """The metric of a table by setting, prompt and seed; pictures without it are left out.

    setting_axes: the axes that make a setting; by default those that say how pictures are made
    rather than what they show. What is left of the axes makes the prompts, except for the seed.
    Raises InvalidInput for an unknown metric.
    """
    axes = swept(table)
    measured = numbers(table, metric).dropna()
    if setting_axes is None:
        setting_axes = [axis for axis in axes if not axis.of_content]
    chosen = {axis.names for axis in setting_axes}
    seed_axes = [axis for axis in axes if axis.names == SEED and axis.names not in chosen]
    others = {*chosen, *(axis.names for axis in seed_axes)}
    prompt_axes = [axis for axis in axes if axis.names not in others]
    settings, codes = group_codes(setting_axes, measured.index)
    prompts, prompt_codes = group_codes(prompt_axes, measured.index)
    seeds, seed_codes = group_codes(seed_axes, measured.index)
    shape = (len(codes), len(prompt_codes), len(seed_codes))
    place = np.ravel_multi_index((settings, prompts, seeds), shape)
    size = int(np.prod(shape))
    counts = np.bincount(place, minlength=size)
    sums = np.bincount(place, weights=measured.to_numpy(), minlength=size)
    # the same place twice (a table of several experiments) counts with its mean
    values = np.full(size, np.nan)
    filled = counts > 0
    values[filled] = sums[filled] / counts[filled]
    return SettingGrid(
        values=values.reshape(shape),
        axes=tuple(setting_axes),
        codes=tuple(codes),
        rows=measured.index,
        setting_of_row=settings,
    )


def has_settings(table: pd.DataFrame, metric: str, most: int) -> bool:
    """Whether the metric was measured at two settings at least, and at `most` at most."""
    axes = [axis for axis in swept(table) if not axis.of_content]
    _, codes = group_codes(axes, numbers(table, metric).dropna().index)
    return 2 <= len(codes) <= most


def group_codes(axes: Sequence[Axis], rows: pd.Index) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """The combination of values that each row has on these axes, and the combinations.

    They are in the order of the axes' values. Without axes all rows are alike.
    """
    if not axes or not len(rows):
        return np.zeros(len(rows), dtype=int), [()]
    columns = [axis.codes.loc[rows].to_numpy() for axis in axes]
    positions = np.zeros(len(rows), dtype=int)
    # axis by axis: the number of all combinations may be too large for an integer
    for axis, column in zip(axes, columns, strict=True):
        pairs = positions * len(axis.values) + column
        _, examples, positions = np.unique(pairs, return_index=True, return_inverse=True)
    distinct = np.stack([column[examples] for column in columns], axis=1)
    return positions, [tuple(row) for row in distinct.tolist()]


def typical_jump(values: Floats) -> float:
    """How far settings are apart where they differ, of values (settings, prompts, seeds).

    It is the root mean square distance from the median setting of a prompt and seed, without those
    that are at the median; of two settings, the distance between them. If all settings agree everywhere it is the smallest step between two
    values of the metric, and the value itself if there is only one.
    """
    is_measured = ~np.isnan(values).all(axis=0)
    measured = values[:, is_measured]
    if not measured.size:
        return 0.0
    middle = np.nanmedian(measured, axis=0)
    # halfway between two settings both would seem half as far apart as they are
    is_of_two = (~np.isnan(measured)).sum(axis=0) == 2
    middle[is_of_two] = np.nanmin(measured[:, is_of_two], axis=0)
    distances = measured - middle
    apart = distances[~np.isnan(distances) & (distances != 0)]
    if apart.size:
        return float(np.sqrt(np.mean(apart**2)))
    distinct = np.unique(measured[~np.isnan(measured)])
    return float(np.diff(distinct).min() if len(distinct) > 1 else abs(distinct[0]))


def check_target(target: str) -> None:
    """Raise InvalidInput unless the interval of a mean can be about this."""
    if target not in TARGETS:
        raise InvalidInput("target", target, " or ".join(repr(name) for name in TARGETS))
