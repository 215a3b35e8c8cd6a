"""Plots of a sweep's table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.axes import Axis, constants, swept
from ..analysis.metric_columns import numbers, seconds_column
from ..errors import InvalidInput
from .charts import (
    MARKERS,
    PALETTE,
    Theme,
    canvas,
    legend_beside,
    nothing,
    number_scale,
    safe,
    safe_all,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 200  # pictures behind a mean up to which each one is drawn as a point
CATEGORIES = 24  # rows of a categorical plot
RESAMPLES = 1000


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
    axis, one colour for each of its first seven values. Numeric axes are drawn as lines, others as dots;
    up to 200 pictures per mean are shown as points too. No interval is drawn: pictures of one prompt and seed
    belong together, and an interval that ignores this misleads.
    Raises InvalidInput for an axis or a metric that the table does not have.
    """
    values, axes = numbers(table, metric), swept(table)
    figure, plot, ink = canvas(dark)
    along = _axis("x", x, axes) if x else _default(axes)
    if along is None or values.notna().sum() == 0:
        return nothing(
            figure,
            plot,
            ink,
            f"No values of {metric} yet" if along else "No axis varies in this table",
        )
    split = _axis("hue", hue, axes) if hue else None
    # a series of rows for each colour; one nameless series without a hue
    codes = split.codes if split else None
    groups = [("", values)]
    if split and codes is not None:
        labels = safe_all([split.label(value) for value in split.values])
        groups = [(label, values[codes == k]) for k, label in enumerate(labels)]
    shown = groups[: len(PALETTE)]
    if along.numeric:
        _lines(plot, along, shown, metric, ink)
    else:
        _dots(figure, plot, along, shown, metric, ink)
    notes = (
        [f"{len(shown)} of {len(groups)} values of {hue} shown"] if len(shown) < len(groups) else []
    )
    if not along.numeric and len(along.values) > CATEGORIES:
        notes.append(f"{CATEGORIES} of {len(along.values)} values of {along.name} shown")
    notes.append("mean; each faint point is a picture")
    figure.supxlabel("; ".join(notes), fontsize=8, color=ink.muted, x=0.99, ha="right")
    if split:
        legend_beside(plot, split.name, ink)
    return figure


def seconds_plot(table: pd.DataFrame, *, dark: bool = False) -> Figure:
    """Seconds per picture (its share of the device's time) against steps, a line for each scheduler and size."""
    figure, plot, ink = canvas(dark)
    cost = seconds_column(table)
    if cost is None or "steps" not in table:
        return nothing(figure, plot, ink, "No times yet")
    axes = swept(table)
    split = [
        a
        for a in axes
        if {"scheduler", "width", "height", "model", "dtype"} & set(a.names)
        and "steps" not in a.names
    ]
    kinds = [
        ", ".join(a.label(a.values[k]) for a, k in zip(split, place, strict=True))
        for place in zip(*(a.codes for a in split), strict=True)
    ]
    seconds, steps = numbers(table, cost), numbers(table, "steps")
    shown = list(dict.fromkeys(kinds))[: len(PALETTE)] or [""]
    for k, (kind, label) in enumerate(zip(shown, safe_all(shown), strict=True)):
        chosen = (
            np.array([name == kind for name in kinds], dtype=bool)
            if kinds
            else np.ones(len(table), dtype=bool)
        )
        chosen &= (seconds.notna() & steps.notna()).to_numpy()
        at, took = steps[chosen].to_numpy(), seconds[chosen].to_numpy()
        if not len(at):
            continue
        colour, marker = ink.colours[k], MARKERS[k]
        plot.scatter(at, took, s=14, color=colour, alpha=0.35, linewidths=0, marker=marker)
        places = np.unique(at)
        medians = [float(np.median(took[at == p])) for p in places]
        plot.plot(
            places, medians, color=colour, marker=marker, markersize=5, linewidth=1.8, label=label
        )
    number_scale(plot, sorted(set(steps.dropna())), ink)
    plot.set_ylim(bottom=0)
    plot.set_xlabel("steps")
    plot.set_ylabel("seconds per picture")
    fixed = constants(table)
    place = (
        ", ".join(str(d) for d in table["device"].dropna().unique()[:3])
        if "device" in table
        else ""
    )
    size = f"{fixed['width']} × {fixed['height']}" if {"width", "height"} <= set(fixed) else ""
    about = ", ".join(p for p in (safe(place, 300, 1), size, "line: median") if p)
    figure.supxlabel(about, fontsize=8, color=ink.muted, x=0.99, ha="right")
    if kinds:
        legend_beside(plot, ", ".join(a.name for a in split), ink)
    return figure


def interval(sample: np.ndarray) -> tuple[float, float]:
    """The 95% interval of the mean of at least two independent numbers: percentile bootstrap, or normal above 500.

    Differences between the pictures of two settings, one for each prompt and seed, are independent; the pictures
    themselves are not.

    The resampling is seeded, so the same table gives the same plot.
    """
    mean = float(sample.mean())
    if len(sample) > 500:
        error = 1.96 * float(sample.std(ddof=1)) / math.sqrt(len(sample))
        return mean - error, mean + error
    picks = np.random.default_rng(0).integers(0, len(sample), (RESAMPLES, len(sample)))
    low, high = np.percentile(sample[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _lines(
    plot: Axes, along: Axis, groups: list[tuple[str, pd.Series]], metric: str, ink: Theme
) -> None:
    places = sorted(along.values, key=float)  # type: ignore[arg-type]  # numeric by its definition
    codes = along.codes
    for k, (name, series) in enumerate(groups):
        colour, marker = ink.colours[k], MARKERS[k]
        samples = [
            series[codes.loc[series.index] == along.values.index(p)].dropna().to_numpy()
            for p in places
        ]
        kept = [(float(p), s) for p, s in zip(places, samples, strict=True) if len(s)]  # type: ignore[arg-type]  # as above
        if not kept:
            continue
        at = [p for p, _ in kept]
        if max(len(s) for _, s in kept) <= POINTS:
            for p, s in kept:
                plot.scatter(
                    [p] * len(s), s, s=13, color=colour, alpha=0.22, linewidths=0, zorder=2
                )
        means = [float(s.mean()) for _, s in kept]
        plot.plot(
            at,
            means,
            color=colour,
            marker=marker,
            markersize=5,
            linewidth=1.8,
            label=name,
            zorder=3,
        )
    number_scale(plot, [float(p) for p in places], ink)  # type: ignore[arg-type]  # as above
    plot.set_xlabel(safe(along.name, 400, 1))
    plot.set_ylabel(safe(metric, 200, 1))
    _share(plot, metric, "y")


def _dots(
    figure: Figure,
    plot: Axes,
    along: Axis,
    groups: list[tuple[str, pd.Series]],
    metric: str,
    ink: Theme,
) -> None:
    values, codes = along.values[:CATEGORIES], along.codes
    names = safe_all([along.label(v) for v in values], 200)
    each = max(0.3, 0.16 * len(groups) + 0.1, 0.19 * max(n.count("\n") + 1 for n in names))
    figure.set_size_inches(7.0, max(2.0, min(14.0, 1.3 + each * len(values))))
    for k, (name, series) in enumerate(groups):
        offset = (k - (len(groups) - 1) / 2) * 0.6 / len(groups)
        labelled = False
        for place in range(len(values)):
            sample = series[codes.loc[series.index] == place].dropna().to_numpy()
            if not len(sample):
                continue
            colour, y, mean = ink.colours[k], place + offset, float(sample.mean())
            if len(sample) <= POINTS:
                plot.scatter(
                    sample,
                    [y] * len(sample),
                    s=13,
                    color=colour,
                    alpha=0.22,
                    linewidths=0,
                    zorder=2,
                )
            plot.plot(
                [mean],
                [y],
                MARKERS[k],
                color=colour,
                markersize=6,
                zorder=4,
                label=None if labelled else name,
            )
            labelled = True
    plot.set_yticks(range(len(values)), names)
    plot.set_ylim(len(values) - 0.4, -0.6)
    plot.set_ylabel(safe(along.name, 200, 1))
    plot.set_xlabel(safe(metric, 200, 1))
    _share(plot, metric, "x")


def _share(plot: Axes, metric: str, direction: str) -> None:
    if metric == "adherence":
        getattr(plot, f"set_{direction}lim")(-0.03, 1.03)


def _default(axes: list[Axis]) -> Axis | None:
    by_name = {name: a for a in axes for name in a.names}
    chosen = [by_name[n] for n in ("steps", "guidance") if n in by_name]
    chosen += sorted(axes, key=lambda a: a.names == ("seed",))
    return chosen[0] if chosen else None


def _axis(argument: str, name: str, axes: list[Axis]) -> Axis:
    for axis in axes:
        if name == axis.name or name in axis.names:
            return axis
    raise InvalidInput(
        argument, name, f"an axis that varies: {', '.join(a.name for a in axes) or '(none does)'}"
    )
