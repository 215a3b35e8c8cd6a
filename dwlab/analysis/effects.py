"""The effect of each axis on a metric, and the settings ranked by it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .axes import SEED, Axis, swept
from .metric_columns import numbers
from .quality import is_higher_better

if TYPE_CHECKING:
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
    values = numbers(table, metric)
    effects = []
    for axis in axes:
        others = [other for other in axes if other is not axis and other.names != SEED]
        by_value = []
        for code, value in enumerate(axis.values):
            at_value = values[axis.codes == code]
            by_value.append(_value_effect(axis.label(value), at_value, others))
        effects.append(AxisEffect(axis, tuple(by_value)))
    return effects


def _value_effect(label: str, values: pd.Series, others: list[Axis]) -> ValueEffect:
    """The effect of one value of an axis. values: the metric there. others: the other axes."""
    measured = values.dropna()
    settings = measured
    if others:
        codes = [axis.codes.loc[measured.index] for axis in others]
        settings = measured.groupby(codes).mean()
    spread = settings.std() if len(settings) > 1 else measured.std()
    return ValueEffect(
        label=label,
        mean=float(settings.mean()),
        spread=float(spread),
        pictures=len(measured),
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
    higher_first = is_higher_better(metric)
    return sorted(settings, key=lambda setting: setting.mean, reverse=higher_first)


def _axes_of_settings(axes: list[Axis]) -> list[Axis]:
    how_axes = [axis for axis in axes if not axis.of_content]
    return how_axes or [axis for axis in axes if axis.names != SEED]


def _named(axes: list[Axis], position: tuple[int, ...]) -> str:
    pairs = zip(axes, position, strict=True)
    return ", ".join(axis.named(axis.values[code]) for axis, code in pairs)
