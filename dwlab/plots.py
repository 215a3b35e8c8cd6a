"""Plots of a sweep's table, for a notebook or a page of about 700 pixels; no pyplot state, so threads are safe."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .errors import InvalidInput
from .findings import Axis, constants, numbers, seconds_column, swept
from .typeset import fit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Okabe and Ito, "Color Universal Design" (2008), without the yellow that vanishes on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
ON_DARK = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#A6A6A6")
MARKERS = "osD^vPX"


@dataclass(frozen=True)
class _Theme:
    ink: str
    muted: str
    rule: str
    paper: str
    colours: tuple[str, ...]
    band: float  # opacity of an interval


LIGHT = _Theme("#1c1d21", "#6a6e76", "#e3e4e7", "#ffffff", PALETTE, 0.15)
DARK = _Theme("#ebecef", "#a2a6b0", "#34373f", "#1b1d23", ON_DARK, 0.24)
SMALL_SAMPLE = 30  # pictures behind a mean up to which each one is drawn as a point
CATEGORIES = 24  # rows of a categorical plot
RESAMPLES = 1000


class Chart(Figure):
    """A figure that a notebook shows, with or without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def metric_plot(
    table: pd.DataFrame, metric: str = "adherence", x: str | None = None, hue: str | None = None, *, dark: bool = False
) -> Figure:
    """A metric's mean along an axis, over everything else, with a 95% interval.

    x: name of an axis (by default steps, guidance, or the first that is not the seed). hue: another
    axis, one colour for each of its first seven values. Numeric axes are drawn as lines with a band,
    others as dots with bars; up to 30 pictures a mean are shown as points too.
    Raises InvalidInput for an axis or a metric that the table does not have.
    """
    values, axes = numbers(table, metric), swept(table)
    figure, plot, ink = _canvas(dark)
    along = _axis("x", x, axes) if x else _default(axes)
    if along is None or values.notna().sum() == 0:
        return _nothing(figure, plot, ink, f"No values of {metric} yet" if along else "No axis varies in this table")
    split = _axis("hue", hue, axes) if hue else None
    # a series of rows for each colour; one nameless series without a hue
    codes = split.codes if split else None
    groups = (
        [(split.label(v), values[codes == k]) for k, v in enumerate(split.values)]
        if split and codes is not None
        else [("", values)]
    )
    shown = groups[: len(PALETTE)]
    if along.numeric:
        _lines(plot, along, shown, metric, ink)
    else:
        _dots(figure, plot, along, shown, metric, ink)
    notes = [f"{len(shown)} of {len(groups)} values of {hue} shown"] if len(shown) < len(groups) else []
    if not along.numeric and len(along.values) > CATEGORIES:
        notes.append(f"{CATEGORIES} of {len(along.values)} values of {along.name} shown")
    notes.append("mean and its 95% bootstrap interval")
    figure.supxlabel("; ".join(notes), fontsize=8, color=ink.muted, x=0.99, ha="right")
    if split:
        _legend(plot, split.name, ink)
    return figure


def seconds_plot(table: pd.DataFrame, *, dark: bool = False) -> Figure:
    """Seconds per picture (its share of the device's time) against steps, a line for each scheduler and size."""
    figure, plot, ink = _canvas(dark)
    cost = seconds_column(table)
    if cost is None or "steps" not in table:
        return _nothing(figure, plot, ink, "No times yet")
    axes = swept(table)
    split = [
        a for a in axes if {"scheduler", "width", "height", "model", "dtype"} & set(a.names) and "steps" not in a.names
    ]
    kinds = [
        ", ".join(a.label(a.values[k]) for a, k in zip(split, place, strict=True))
        for place in zip(*(a.codes for a in split), strict=True)
    ]
    seconds, steps = numbers(table, cost), numbers(table, "steps")
    for k, kind in enumerate(list(dict.fromkeys(kinds))[: len(PALETTE)] or [""]):
        chosen = np.array([name == kind for name in kinds], dtype=bool) if kinds else np.ones(len(table), dtype=bool)
        chosen &= (seconds.notna() & steps.notna()).to_numpy()
        at, took = steps[chosen].to_numpy(), seconds[chosen].to_numpy()
        if not len(at):
            continue
        colour, marker = ink.colours[k], MARKERS[k]
        plot.scatter(at, took, s=14, color=colour, alpha=0.35, linewidths=0, marker=marker)
        places = np.unique(at)
        medians = [float(np.median(took[at == p])) for p in places]
        plot.plot(places, medians, color=colour, marker=marker, markersize=5, linewidth=1.8, label=_safe(kind))
    _number_scale(plot, sorted(set(steps.dropna())), ink)
    plot.set_ylim(bottom=0)
    plot.set_xlabel("steps")
    plot.set_ylabel("seconds per picture")
    fixed = constants(table)
    place = ", ".join(str(d) for d in table["device"].dropna().unique()[:3]) if "device" in table else ""
    size = f"{fixed['width']} × {fixed['height']}" if {"width", "height"} <= set(fixed) else ""
    about = ", ".join(p for p in (_safe(place, 300, 1), size, "line: median") if p)
    figure.supxlabel(about, fontsize=8, color=ink.muted, x=0.99, ha="right")
    if kinds:
        _legend(plot, ", ".join(a.name for a in split), ink)
    return figure


def interval(sample: np.ndarray) -> tuple[float, float]:
    """The 95% interval of the mean of at least two numbers: percentile bootstrap, or normal above 500.

    The resampling is seeded, so the same table gives the same plot.
    """
    mean = float(sample.mean())
    if len(sample) > 500:
        error = 1.96 * float(sample.std(ddof=1)) / math.sqrt(len(sample))
        return mean - error, mean + error
    picks = np.random.default_rng(0).integers(0, len(sample), (RESAMPLES, len(sample)))
    low, high = np.percentile(sample[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _lines(plot: Axes, along: Axis, groups: list[tuple[str, pd.Series]], metric: str, ink: _Theme) -> None:
    places = sorted(along.values, key=float)  # type: ignore[arg-type]  # numeric by its definition
    codes = along.codes
    for k, (name, series) in enumerate(groups):
        colour, marker = ink.colours[k], MARKERS[k]
        samples = [series[codes.loc[series.index] == along.values.index(p)].dropna().to_numpy() for p in places]
        kept = [(float(p), s) for p, s in zip(places, samples, strict=True) if len(s)]  # type: ignore[arg-type]
        if not kept:
            continue
        at = [p for p, _ in kept]
        if max(len(s) for _, s in kept) <= SMALL_SAMPLE:
            for p, s in kept:
                plot.scatter([p] * len(s), s, s=13, color=colour, alpha=0.22, linewidths=0, zorder=2)
        if max(len(s) for _, s in kept) >= 3:
            bounds = [interval(s) if len(s) >= 2 else (s[0], s[0]) for _, s in kept]
            plot.fill_between(
                at,
                [b[0] for b in bounds],
                [b[1] for b in bounds],
                color=colour,
                alpha=ink.band / (1 if len(groups) < 3 else 2),
                linewidth=0,
            )
        means = [float(s.mean()) for _, s in kept]
        plot.plot(at, means, color=colour, marker=marker, markersize=5, linewidth=1.8, label=_safe(name), zorder=3)
    _number_scale(plot, [float(p) for p in places], ink)  # type: ignore[arg-type]
    plot.set_xlabel(_safe(along.name, 400, 1))
    plot.set_ylabel(_safe(metric, 200, 1))
    _share(plot, metric, "y")


def _dots(
    figure: Figure, plot: Axes, along: Axis, groups: list[tuple[str, pd.Series]], metric: str, ink: _Theme
) -> None:
    values, codes = along.values[:CATEGORIES], along.codes
    names = [_safe(along.label(v), 200) for v in values]
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
            if len(sample) <= SMALL_SAMPLE:
                plot.scatter(sample, [y] * len(sample), s=13, color=colour, alpha=0.22, linewidths=0, zorder=2)
            if len(sample) >= 3:
                plot.plot(interval(sample), [y, y], color=colour, linewidth=1.8, zorder=3)
            plot.plot(
                [mean],
                [y],
                MARKERS[k],
                color=colour,
                markersize=6,
                zorder=4,
                label=None if labelled else _safe(name),
            )
            labelled = True
    plot.set_yticks(range(len(values)), names)
    plot.set_ylim(len(values) - 0.4, -0.6)
    plot.set_ylabel(_safe(along.name, 200, 1))
    plot.set_xlabel(_safe(metric, 200, 1))
    _share(plot, metric, "x")


def _canvas(dark: bool) -> tuple[Figure, Axes, _Theme]:
    ink = DARK if dark else LIGHT
    figure = Chart(figsize=(7.0, 3.6), dpi=100, layout="constrained", facecolor=ink.paper)
    plot = figure.add_subplot(facecolor=ink.paper)
    plot.grid(color=ink.rule, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.tick_params(color=ink.rule, labelcolor=ink.ink, labelsize=9, length=0)
    for part in (plot.xaxis.label, plot.yaxis.label):
        part.set(color=ink.ink, fontsize=10)
    for side, spine in plot.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(ink.muted)
    return figure, plot, ink


def _nothing(figure: Figure, plot: Axes, ink: _Theme, text: str) -> Figure:
    plot.set_axis_off()
    figure.set_size_inches(7.0, 1.2)
    plot.text(0.5, 0.5, _safe(text, 600), color=ink.muted, ha="center", va="center", transform=plot.transAxes)
    return figure


def _number_scale(plot: Axes, places: list[float], ink: _Theme) -> None:
    if not places:
        return
    if places[0] > 0 and places[-1] / places[0] >= 12:  # steps 2 to 64 would crowd at the left
        plot.set_xscale("log", base=2)
    if len(places) <= 10:
        plot.set_xticks(places, [f"{p:.6g}" for p in places])
        plot.set_xticks([], minor=True)
    plot.tick_params(axis="x", which="both", labelcolor=ink.ink)


def _share(plot: Axes, metric: str, direction: str) -> None:
    if metric == "adherence":
        getattr(plot, f"set_{direction}lim")(-0.03, 1.03)


def _legend(plot: Axes, title: str, ink: _Theme) -> None:
    legend = plot.legend(
        title=_safe(title),
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=9,
        labelcolor=ink.ink,
    )
    legend.get_title().set(color=ink.muted, fontsize=9)


def _safe(text: str, width: int = 170, lines: int = 2) -> str:
    """Text for matplotlib: no formulas, known glyphs, at most `lines` lines of `width` pixels."""
    shown = "\n".join(fit(text, width, lines, 12))
    # an underscore at the start hides a legend entry, and dollars start a formula
    return ("\u00a0" + shown if shown.startswith("_") else shown).replace("$", r"\$")


def _default(axes: list[Axis]) -> Axis | None:
    by_name = {name: a for a in axes for name in a.names}
    chosen = [by_name[n] for n in ("steps", "guidance") if n in by_name]
    chosen += sorted(axes, key=lambda a: a.names == ("seed",))
    return chosen[0] if chosen else None


def _axis(argument: str, name: str, axes: list[Axis]) -> Axis:
    for axis in axes:
        if name == axis.name or name in axis.names:
            return axis
    raise InvalidInput(argument, name, f"an axis that varies: {', '.join(a.name for a in axes) or '(none does)'}")
