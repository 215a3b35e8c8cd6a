"""Plots of traces: a number along the steps, and films side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..analysis.labels import label
from ..analysis.trace_lines import SIGMA, STEP, trace_lines
from ..errors import InvalidInput
from ..pictures import films
from .charts import MARKERS, WIDTH, canvas, footnote, legend_beside, nothing, page, safe, safe_all

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from PIL import Image

    from ..analysis.trace_lines import TraceLine
    from .charts import Chart, Theme

PICTURES = 60  # of a line up to which each one is drawn
MARKED = 25  # points of a line up to which each one has a marker
STRIPS = 8
FRAMES = 8  # of a strip


def trace_plot(
    traces: pd.DataFrame, hue: str | None = None, *, x: str = STEP, dark: bool = False
) -> Chart:
    """A trace's mean along the steps, a line for each of the first seven values of an axis.

    traces: as `Results.traces` returns them. hue: the name of an axis, or None for one line over all
    pictures. x: step, or sigma, from much noise to little. Pictures with different numbers of steps are
    compared at the same share of these. Up to 60 pictures per line are shown as faint lines. Raises
    InvalidInput for an axis that the traces do not have.
    """
    figure, plot, theme = canvas(dark)
    name = traces.attrs.get("trace", "value")
    if traces.empty:
        return nothing(figure, plot, theme, _why_empty(traces))
    drawn = trace_lines(traces, hue, x)
    shown = drawn.lines[: len(theme.colours)]
    labels = safe_all([line.label for line in shown])
    for number, (line, text) in enumerate(zip(shown, labels, strict=True)):
        _draw_line(plot, line, text, theme.colours[number], MARKERS[number])
    if drawn.along == STEP:
        plot.xaxis.set_major_locator(MaxNLocator(integer=True))
    if drawn.along == SIGMA:
        plot.set_xscale("log")
        plot.invert_xaxis()
    plot.set_xlabel(drawn.along)
    plot.set_ylabel(safe(f"mean of {name}" if drawn.arrays else name, 200, 1))
    notes = []
    if len(shown) < len(drawn.lines):
        notes.append(f"{len(shown)} of {len(drawn.lines)} values of {hue} shown")
    notes.append("mean; each faint line is a picture")
    footnote(figure, theme, "; ".join(notes))
    if hue:
        legend_beside(plot, hue, theme)
    return figure


def _why_empty(traces: pd.DataFrame) -> str:
    reasons = traces.attrs.get("reasons") or {}
    return "; ".join(reasons) or "No values yet"


def _draw_line(plot: Axes, line: TraceLine, text: str, colour: str, marker: str) -> None:
    if len(line.pictures) <= PICTURES:
        for curve in line.pictures:
            plot.plot(curve.x, curve.y, color=colour, linewidth=0.7, alpha=0.25, zorder=2)
    if line.mean is None:
        return
    plot.plot(
        line.mean.x,
        line.mean.y,
        color=colour,
        marker=marker if len(line.mean.x) <= MARKED else "",
        markersize=4,
        linewidth=1.8,
        label=text,
        zorder=3,
    )


def film_plot(traces: pd.DataFrame, hue: str | None = None, *, dark: bool = False) -> Chart:
    """What the steps predicted: a strip for the first picture of each of an axis' first values.

    traces: those of x0, as `Results.traces` returns them. hue: the name of an axis, or None for the
    first pictures. At most eight strips of eight frames, evenly spaced. Raises InvalidInput for
    traces without films.
    """
    if "film" not in traces:
        raise InvalidInput("traces", traces.attrs.get("trace"), "those of x0")
    strips = _strips(traces, hue)
    if not strips:
        figure, plot, theme = canvas(dark)
        return nothing(figure, plot, theme, _why_empty(traces))
    columns = max(len(frames) for _, frames in strips)
    side = (WIDTH - 0.5) / FRAMES
    figure, theme = page(dark, WIDTH, (side + 0.3) * len(strips) + 0.5)
    places = figure.subplots(len(strips), columns, squeeze=False)
    for row, (text, frames) in zip(places, strips, strict=True):
        _draw_strip(list(row), text, frames, theme)
    pictures = f"the first picture of each {safe(hue)}" if hue else "the first pictures"
    footnote(figure, theme, f"{pictures}; the number is that of the step")
    return figure


def _strips(
    traces: pd.DataFrame, hue: str | None
) -> list[tuple[str, list[tuple[int, Image.Image]]]]:
    """The label of each strip, and its frames with the numbers of their steps."""
    root = Path(traces.attrs.get("results") or ".")
    firsts = traces.drop_duplicates(["experiment", "key"])
    if hue is not None:
        if hue not in traces.attrs.get("axes", ()):
            axes = ", ".join(traces.attrs.get("axes", ())) or "(none does)"
            raise InvalidInput("hue", hue, f"an axis that varies: {axes}")
        firsts = firsts.drop_duplicates(hue)
    strips = []
    for _, first in firsts.head(STRIPS).iterrows():
        rows = traces[traces["key"] == first["key"]].drop_duplicates("step")
        frames = _frames(root / str(first["film"]), rows)
        if frames:
            strips.append(("" if hue is None else label(first[hue]), frames))
    return strips


def _frames(path: Path, rows: pd.DataFrame) -> list[tuple[int, Image.Image]]:
    """Some of a film's frames, evenly spaced; none if the file is missing or damaged."""
    try:
        pictures = films.frames(path.read_bytes())
    except (OSError, InvalidInput):
        return []
    chosen = np.unique(np.linspace(0, len(rows) - 1, FRAMES).round().astype(int))
    steps = rows["step"].to_numpy()
    numbers = rows["value"].to_numpy()
    last = len(pictures) - 1
    return [(int(steps[index]), pictures[min(int(numbers[index]), last)]) for index in chosen]


def _draw_strip(
    places: list[Axes], text: str, frames: list[tuple[int, Image.Image]], theme: Theme
) -> None:
    for plot in places:
        plot.set_xticks([])
        plot.set_yticks([])
        plot.set_frame_on(False)
    for plot, (step, picture) in zip(places, frames, strict=False):
        plot.imshow(np.asarray(picture), interpolation="nearest")
        plot.set_xlabel(str(step), fontsize=8, color=theme.muted, labelpad=2)
    # above its strip: beside it, a name would be broken or turned
    places[0].set_title(safe(text, 600, 1), loc="left", fontsize=9, color=theme.ink)
