"""A metric along an axis: a line over numbers, dots over words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .charts import MARKERS, WIDTH, Theme, number_scale, safe, safe_all

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..analysis.axes import Axis

POINTS = 200  # pictures behind a mean up to which each one is drawn as a point
CATEGORIES = 24  # rows of a plot over words
DOTS_SPAN = 0.6  # of a row's height, over which the dots of its series are spread


@dataclass(frozen=True)
class Series:
    """Rows of the table in one colour. label: for the legend. values: the metric of these rows."""

    label: str
    values: pd.Series
    colour: str
    marker: str

    def at(self, axis: Axis, position: int) -> np.ndarray:
        """The metric at one value of an axis, by its position."""
        codes = axis.codes
        # looking rows up takes long in a large table, and is needed only for some of them
        if len(codes) != len(self.values):
            codes = codes.loc[self.values.index]
        return self.values[codes == position].dropna().to_numpy()


def series_of(values: pd.Series, hue: Axis | None, theme: Theme) -> list[Series]:
    """A series for each value of the axis `hue`, as many as there are colours; without it, one."""
    if hue is None:
        return [Series("", values, theme.colours[0], MARKERS[0])]
    labels = safe_all([hue.label(value) for value in hue.values])
    looks = zip(labels, theme.colours, MARKERS, strict=False)
    return [
        Series(label, values[hue.codes == code], colour, marker)
        for code, (label, colour, marker) in enumerate(looks)
    ]


def draw_lines(plot: Axes, axis: Axis, series: list[Series], metric: str, theme: Theme) -> None:
    """The metric's mean along an axis of numbers, a line for each series."""
    numbers = axis.numbers
    ascending = sorted(range(len(numbers)), key=numbers.__getitem__)
    for line in series:
        samples = {position: line.at(axis, position) for position in ascending}
        measured = {position: sample for position, sample in samples.items() if len(sample)}
        if not measured:
            continue
        if max(len(sample) for sample in measured.values()) <= POINTS:
            for position, sample in measured.items():
                _faint_points(plot, [numbers[position]] * len(sample), sample, line)
        plot.plot(
            [numbers[position] for position in measured],
            [float(sample.mean()) for sample in measured.values()],
            color=line.colour,
            marker=line.marker,
            markersize=5,
            linewidth=1.8,
            label=line.label,
            zorder=3,
        )
    number_scale(plot, sorted(numbers), theme)
    plot.set_xlabel(safe(axis.name, 400, 1))
    plot.set_ylabel(safe(metric, 200, 1))
    if metric == "adherence":
        plot.set_ylim(-0.03, 1.03)


def draw_dots(figure: Figure, plot: Axes, axis: Axis, series: list[Series], metric: str) -> None:
    """The metric's mean at each of an axis' first values, a dot for each series."""
    values = axis.values[:CATEGORIES]
    names = safe_all([axis.label(value) for value in values], 200)
    figure.set_size_inches(WIDTH, _height(names, len(series)))
    for number, dots in enumerate(series):
        offset = (number - (len(series) - 1) / 2) * DOTS_SPAN / len(series)
        # the legend takes each series once
        label: str | None = dots.label
        for position in range(len(values)):
            sample = dots.at(axis, position)
            if not len(sample):
                continue
            y = position + offset
            if len(sample) <= POINTS:
                _faint_points(plot, sample, [y] * len(sample), dots)
            plot.plot(
                [float(sample.mean())],
                [y],
                dots.marker,
                color=dots.colour,
                markersize=6,
                zorder=4,
                label=label,
            )
            label = None
    plot.set_yticks(range(len(values)), names)
    plot.set_ylim(len(values) - 0.4, -0.6)
    plot.set_ylabel(safe(axis.name, 200, 1))
    plot.set_xlabel(safe(metric, 200, 1))
    if metric == "adherence":
        plot.set_xlim(-0.03, 1.03)


def _height(names: list[str], series: int) -> float:
    """Inches of a plot over words: each has room for its dots and for the lines of its name."""
    lines = max(name.count("\n") + 1 for name in names)
    row = max(0.3, 0.16 * series + 0.1, 0.19 * lines)
    return max(2.0, min(14.0, 1.3 + row * len(names)))


def _faint_points(
    plot: Axes, x: list[float] | np.ndarray, y: list[float] | np.ndarray, series: Series
) -> None:
    plot.scatter(x, y, s=13, color=series.colour, alpha=0.22, linewidths=0, zorder=2)
