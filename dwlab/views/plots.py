"""Plots of a sweep's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..analysis.axes import SEED, Axis, constants, named_axis, swept
from ..analysis.axis_columns import taken
from ..analysis.metric_columns import numbers, seconds_column
from ..analysis.optional_columns import distinct
from ..analysis.quality import name_with_unit
from ..spec.checkpoint_axes import CHECKPOINT
from .charts import MARKERS, canvas, footnote, legend_beside, nothing, number_scale, safe, safe_all
from .metric_series import CATEGORIES, Series, draw_dots, draw_lines, series_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 2_000  # pictures of a line that are drawn as points, taken at random
# what decides how long a picture takes, besides its steps
DECIDES_TIME = frozenset(
    {"scheduler", "width", "height", "model", "dtype", "quantisation", "accelerate"}
)
DEVICES = 3  # names in a footnote


def metric_plot(
    table: pd.DataFrame,
    metric: str = "adherence",
    x: str | None = None,
    hue: str | None = None,
    *,
    dark: bool = False,
) -> Figure:
    """A metric's mean along an axis, over everything else.

    x: name of an axis (by default steps, guidance, or the first that is not the seed). hue: another
    axis, one colour for each of its first seven values. Numeric axes are drawn as lines, others as
    dots; up to 200 pictures per mean are shown as points too. No interval is drawn: pictures of one
    prompt and seed belong together, and an interval that ignores this misleads. Raises InvalidInput
    for an axis or a metric that the table does not have.
    """
    values = numbers(table, metric)
    axes = swept(table)
    figure, plot, theme = canvas(dark)
    along = named_axis("x", x, axes) if x else _usual_axis(axes)
    if along is None:
        return nothing(figure, plot, theme, "No axis varies in this table")
    if values.notna().sum() == 0:
        return nothing(figure, plot, theme, f"No values of {metric} yet")
    colours = named_axis("hue", hue, axes) if hue else None
    series = series_of(values, colours, theme)
    name = name_with_unit(table, metric)
    if along.numeric:
        draw_lines(plot, along, series, name, theme)
    else:
        draw_dots(figure, plot, along, series, name)
    notes = []
    if colours and len(series) < len(colours.values):
        notes.append(f"{len(series)} of {len(colours.values)} values of {hue} shown")
    if not along.numeric and len(along.values) > CATEGORIES:
        notes.append(f"{CATEGORIES} of {len(along.values)} values of {along.name} shown")
    notes.append("mean; each faint point is a picture")
    footnote(figure, theme, "; ".join(notes))
    if colours:
        legend_beside(plot, colours.name, theme)
    return figure


def seconds_plot(table: pd.DataFrame, *, dark: bool = False) -> Figure:
    """Seconds per picture against steps, a line for each scheduler, size, model and dtype.

    A picture that was computed together with others counts its share of the device's time.
    """
    figure, plot, theme = canvas(dark)
    column = seconds_column(table)
    if column is None or "steps" not in table:
        return nothing(figure, plot, theme, "No times yet")
    axes = [axis for axis in swept(table) if _decides_time(axis)]
    kinds = _kinds(table, axes)
    seconds = numbers(table, column)
    steps = numbers(table, "steps")
    known = seconds.notna() & steps.notna()
    shown = list(dict.fromkeys(kinds))[: len(theme.colours)]
    for number, (kind, label) in enumerate(zip(shown, safe_all(shown), strict=True)):
        chosen = known & (kinds == kind)
        if chosen.any():
            line = Series(label, seconds[chosen], theme.colours[number], MARKERS[number])
            _draw_times(plot, steps[chosen], line)
    number_scale(plot, sorted(set(steps.dropna())), theme)
    plot.set_ylim(bottom=0)
    plot.set_xlabel("steps")
    plot.set_ylabel("seconds per picture")
    footnote(figure, theme, _about_times(table))
    if axes:
        legend_beside(plot, ", ".join(axis.name for axis in axes), theme)
    return figure


def _usual_axis(axes: list[Axis]) -> Axis | None:
    """Checkpoints, steps, guidance, or the first axis; seeds only if nothing else varies."""
    by_name = {name: axis for axis in axes for name in axis.names}
    for name in (CHECKPOINT, "steps", "guidance"):
        if name in by_name:
            return by_name[name]
    return min(axes, key=lambda axis: axis.names == SEED, default=None)


def _decides_time(axis: Axis) -> bool:
    return bool(DECIDES_TIME.intersection(axis.names)) and "steps" not in axis.names


def _kinds(table: pd.DataFrame, axes: list[Axis]) -> pd.Series:
    """What each row is on these axes, as the text of the legend; empty without axes."""
    kinds = pd.Series("", index=table.index, dtype=object)
    for axis in axes:
        labels = taken([axis.label(value) for value in axis.values], axis.codes)
        kinds = labels if axis is axes[0] else kinds + ", " + labels
    return kinds


def _draw_times(plot: Axes, steps: pd.Series, line: Series) -> None:
    """A point for each of up to `POINTS` pictures, and a line through the medians of all."""
    points = line.values.sample(min(len(line.values), POINTS), random_state=0)
    plot.scatter(
        steps[points.index],
        points,
        s=14,
        color=line.colour,
        alpha=0.35,
        linewidths=0,
        marker=line.marker,
    )
    medians = line.values.groupby(steps).median()
    plot.plot(
        medians.index,
        medians,
        color=line.colour,
        marker=line.marker,
        markersize=5,
        linewidth=1.8,
        label=line.label,
    )


def _about_times(table: pd.DataFrame) -> str:
    """What the times belong to: devices, and the size if it does not vary."""
    names = ", ".join(distinct(table, "device")[:DEVICES])
    fixed = constants(table)
    size = f"{fixed['width']} × {fixed['height']}" if {"width", "height"} <= fixed.keys() else ""
    parts = (safe(names, 300, 1), size, "line: median")
    return ", ".join(part for part in parts if part)
