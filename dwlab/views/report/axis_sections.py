"""The report's sections about the axes: a table and a plot for each, and what steps cost."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.axis_pictures import picture_paths
from ...analysis.effects import AxisEffect, ValueEffect, axis_effects
from ...analysis.metric_columns import seconds_column
from ...runs.table import open_input
from .embedded import Plot, plot, thumbnail
from .numbers_shown import short

if TYPE_CHECKING:
    import pandas as pd

ROWS = 40  # of an axis' table


@dataclass(frozen=True)
class ValueRow:
    """A value of an axis and what the metric does there.

    picture: the one that it stands for, as a data URI; empty for other values. bar: length in
    percent.
    """

    value: str
    picture: str
    mean: str
    bar: float
    spread: str
    seconds: str
    pictures: str


@dataclass(frozen=True)
class AxisSection:
    """What an axis does to the metric.

    span: how far it moves the metric. left_out: values that are not in `rows`. timed: whether its
    values can decide how long a picture takes; those of a prompt or a seed cannot.
    """

    name: str
    span: str
    rows: list[ValueRow]
    left_out: int
    timed: bool
    plot: Plot


@dataclass(frozen=True)
class _Scale:
    """From the length of no bar to that of the longest."""

    low: float
    high: float

    def percent(self, mean: float) -> float:
        if math.isnan(mean) or self.high <= self.low:
            return 0.0
        return round(100 * (mean - self.low) / (self.high - self.low), 1)


def axis_sections(table: pd.DataFrame, metric: str) -> list[AxisSection]:
    """A section per axis; the one that moves the metric most comes first."""
    # here, because importing matplotlib takes seconds, also of `dwlab serve`
    from ..plots import metric_plot

    effects = axis_effects(table, metric)
    column = seconds_column(table)
    times = axis_effects(table, column) if column else effects
    scale = _scale(effects)
    sections = []
    for effect, cost in zip(effects, times, strict=True):
        timed = not effect.axis.of_content
        rows = []
        pictures = picture_paths(table, effect.axis)
        for value, time, path in zip(effect.values[:ROWS], cost.values, pictures, strict=False):
            seconds = time.mean if column and timed else math.nan
            rows.append(_row(value, scale, seconds, _small(table, path)))
        section = AxisSection(
            name=effect.axis.name,
            span=short(effect.span),
            rows=rows,
            left_out=max(0, len(effect.values) - ROWS),
            timed=timed,
            plot=plot(functools.partial(metric_plot, table, metric, effect.axis.names[0])),
        )
        sections.append((effect, section))
    sections.sort(key=lambda pair: _moved(pair[0]), reverse=True)
    return [section for _, section in sections]


def time_plot(table: pd.DataFrame) -> Plot | None:
    """Seconds per picture against steps; None if steps do not vary or no time was measured."""
    from ..plots import seconds_plot

    if "steps" not in table or table["steps"].nunique() < 2 or not seconds_column(table):
        return None
    return plot(functools.partial(seconds_plot, table))


def _small(table: pd.DataFrame, path: str | None) -> str:
    """A picture as a data URI; empty if there is none."""
    picture = open_input(table, path)
    return thumbnail(picture) if picture else ""


def _row(effect: ValueEffect, scale: _Scale, seconds: float, picture: str) -> ValueRow:
    return ValueRow(
        value=effect.label,
        picture=picture,
        mean=short(effect.mean),
        bar=scale.percent(effect.mean),
        spread=short(effect.spread),
        seconds=short(seconds),
        pictures=f"{effect.pictures:,}",
    )


def _scale(effects: list[AxisEffect]) -> _Scale:
    """From 0, or from the lowest mean if that is negative, to the highest mean."""
    means = [value.mean for effect in effects for value in effect.values]
    known = [mean for mean in means if not math.isnan(mean)]
    return _Scale(low=min([0.0, *known]), high=max(known, default=0.0))


def _moved(effect: AxisEffect) -> float:
    return 0.0 if math.isnan(effect.span) else effect.span
