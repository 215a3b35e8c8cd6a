"""The effect of each axis on a metric, and the settings ranked by it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .axes import SEED, Axis, swept
from .metric_columns import numbers
from .quality import is_higher_better

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


@dataclass(frozen=True)
class ValueEffect:
    """A metric at one value of an axis.

    mean: over everything else, seeds first. spread: the standard deviation between the settings
    behind the mean, or between its seeds if there is only one setting; NaN for a single picture.
    """

    label: str
    mean: float
    spread: float
    pictures: int


@dataclass(frozen=True)
class AxisEffect:
    """A metric along an axis."""

    axis: Axis
    values: tuple[ValueEffect, ...]

    @property
    def span(self) -> float:
        """How far the means lie apart; NaN without any."""
        means = [value.mean for value in self.values if not math.isnan(value.mean)]
        return max(means) - min(means) if means else math.nan


@dataclass(frozen=True)
class RankedSetting:
    """How pictures are made, such as `steps 8, guidance 4`, with their mean of a metric."""

    setting: str
    mean: float
    pictures: int


def axis_effects(table: pd.DataFrame, metric: str) -> list[AxisEffect]:
    """The metric along every axis; raises InvalidInput for an unknown metric."""
    axes = swept(table)
    measured = numbers(table, metric).dropna()
    effects = []
    for axis in axes:
        others = [other for other in axes if other is not axis and other.names != SEED]
        effects.append(AxisEffect(axis, tuple(_value_effects(axis, measured, others))))
    return effects


def _value_effects(axis: Axis, measured: pd.Series, others: list[Axis]) -> Iterator[ValueEffect]:
    """The effect of each value of an axis. measured: the metric. others: the other axes."""
    codes = [each.codes.loc[measured.index].to_numpy() for each in (axis, *others)]
    pictures = measured.groupby(codes[0])
    counts = pictures.size()
    settings = measured.groupby(codes).mean().groupby(level=0) if others else pictures
    means = settings.mean()
    # of a single setting, the spread between its seeds
    spreads = settings.std().where(settings.size() > 1, pictures.std())
    for code, value in enumerate(axis.values):
        yield ValueEffect(
            label=axis.label(value),
            mean=float(means.get(code, math.nan)),
            spread=float(spreads.get(code, math.nan)),
            pictures=int(counts.get(code, 0)),
        )


def ranked_settings(table: pd.DataFrame, metric: str) -> list[RankedSetting]:
    """The settings by their mean of the metric, the best first.

    A setting is how pictures are made (steps, guidance, scheduler and so on), averaged over prompts
    and seeds; in a sweep over prompts alone it is the prompt.
    """
    axes = _axes_of_settings(swept(table))
    values = numbers(table, metric).dropna()
    if not axes or values.empty:
        return []
    codes = [axis.codes.loc[values.index] for axis in axes]
    groups: dict[tuple[int, ...], list[float]] = {}
    for value, *row_codes in zip(values, *codes, strict=True):
        groups.setdefault(tuple(row_codes), []).append(value)
    settings = []
    for position, group in groups.items():
        mean = sum(group) / len(group)
        settings.append(RankedSetting(_named(axes, position), mean, len(group)))
    higher_first = is_higher_better(table, metric)
    return sorted(settings, key=lambda setting: setting.mean, reverse=higher_first)


def _axes_of_settings(axes: list[Axis]) -> list[Axis]:
    how_axes = [axis for axis in axes if not axis.of_content]
    return how_axes or [axis for axis in axes if axis.names != SEED]


def _named(axes: list[Axis], position: tuple[int, ...]) -> str:
    pairs = zip(axes, position, strict=True)
    return ", ".join(axis.named(axis.values[code]) for axis, code in pairs)
