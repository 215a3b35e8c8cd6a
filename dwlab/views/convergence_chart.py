"""Convergence as a paper prints it: one column wide, to be read in grey and by everybody."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from ..analysis.statistics_text import number_text
from .charts import MARKERS, nothing, page, safe, safe_all, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..analysis.reference_distance import Convergence, Point
    from .charts import Chart, Theme

COLUMN = 85 / 25.4  # inches: a column of most journals
PANEL = 1.75  # inches of height
TEXT = 7  # points
PANELS = 4
LABEL = 150  # pixels of a line's name
BESIDE = 2
ASIDE = 1.06  # from one line to the next
# with the markers and colours: three ways to tell lines apart, of which grey leaves two
DASHES: tuple[tuple[float, tuple[float, ...] | None], ...] = (
    (0, None),
    (0, (4, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1, 1, 1)),
    (0, (7, 2)),
    (0, (2, 2)),
    (0, None),
)


def convergence_plot(result: Convergence, *, dark: bool = False) -> Chart:
    """The distance to the reference against rows of the denoiser, with 95% intervals.

    A line for each scheduler (or for each value of the first axis that varies), a panel for each
    combination of the others. A filled marker is within the tolerance, and so are all after it. Of
    many lines and panels the first are drawn, and the legend says so.
    """
    groups = _panels(result)
    shown = list(groups.items())[:PANELS]
    beside = min(BESIDE, len(shown))
    lines = math.ceil(len(shown) / beside) if shown else 1
    figure, theme = page(dark, COLUMN, PANEL * lines + 0.55)
    if not shown:
        return nothing(figure, figure.add_subplot(), theme, "No picture has its reference yet")
    if all(math.isnan(point.rows) for point in result.points):
        words = "The table does not tell steps, guidance and scheduler"
        return nothing(figure, figure.add_subplot(), theme, words)
    plots = figure.subplots(lines, beside, squeeze=False, sharex=True, sharey=True)
    looks = _looks(result, theme)
    floor = _floor(result)
    for plot, (title, points) in zip(plots.flat, shown, strict=False):
        style(plot, theme, size=TEXT)
        for number, (name, look) in enumerate(looks.items()):
            curve = [point for point in points if _line_name(result, point) == name]
            # beside each other, so that no interval hides another
            aside = ASIDE ** (number - (len(looks) - 1) / 2)
            _draw(plot, curve, look, result, floor, aside)
        plot.axhline(result.tolerance, color=theme.ink, linewidth=0.8, linestyle=(0, (4, 3)))
        plot.set_title(safe(title, 260 // beside, 2), fontsize=TEXT, color=theme.ink)
    _scale(plots.flat[0], result, floor)
    for plot in list(plots.flat)[len(shown) :]:
        plot.set_axis_off()
    figure.supxlabel("rows of the denoiser per picture (NFE)", fontsize=TEXT, color=theme.ink)
    figure.supylabel(safe(result.measure, 190, 1), fontsize=TEXT, color=theme.ink)
    _legend(figure, looks, result, _left_out(result, looks, len(groups)), theme)
    return figure


@dataclass(frozen=True)
class _Look:
    """How a line looks."""

    label: str
    colour: str
    marker: str
    dashes: Any


def _line_axis(result: Convergence) -> int | None:
    """The position of the axis whose values are lines: schedulers if they vary."""
    if not result.axes:
        return None
    return result.axes.index("scheduler") if "scheduler" in result.axes else 0


def _line_name(result: Convergence, point: Point) -> str:
    at = _line_axis(result)
    return "" if at is None else point.values[at]


def _panels(result: Convergence) -> dict[str, list[Point]]:
    """The points of each panel, by its title."""
    line = _line_axis(result)
    panels: dict[str, list[Point]] = {}
    for point in result.points:
        pairs = zip(result.axes, point.values, strict=True)
        named = [f"{name} {value}" for at, (name, value) in enumerate(pairs) if at != line]
        panels.setdefault(", ".join(named), []).append(point)
    return panels


def _looks(result: Convergence, theme: Theme) -> dict[str, _Look]:
    """The look of each line, as many as there are colours."""
    names = list(dict.fromkeys(_line_name(result, point) for point in result.points))
    names = names[: len(theme.colours)]
    at = _line_axis(result)
    is_known = at is None or result.axes[at] == "scheduler"
    prefix = "" if is_known else f"{result.axes[at or 0]} "
    labels = safe_all([f"{prefix}{name}" for name in names], LABEL, 1)
    parts = zip(names, labels, theme.colours, MARKERS, DASHES, strict=False)
    return {
        name: _Look(label, colour, marker, dashes) for name, label, colour, marker, dashes in parts
    }


def _floor(result: Convergence) -> float:
    """The lowest distance that is drawn: a logarithmic scale has no 0."""
    positive = [point.distance for point in result.points if point.distance > 0]
    return 0.6 * min([result.tolerance, *positive])


def _draw(
    plot: Axes,
    curve: list[Point],
    look: _Look,
    result: Convergence,
    floor: float,
    aside: float,
) -> None:
    """One line. aside: by what factor its places are moved."""
    points = sorted(curve, key=lambda point: point.steps)
    rows = [point.rows * aside for point in points]
    heights = [max(point.distance, floor) for point in points]
    plot.plot(rows, heights, color=look.colour, linestyle=look.dashes, linewidth=1.1, zorder=3)
    for at, (point, height) in enumerate(zip(points, heights, strict=True)):
        high = point.high if math.isfinite(point.high) else 10.0
        ends = [max(point.low, floor), max(high, floor)]
        plot.plot([rows[at]] * 2, ends, color=look.colour, linewidth=0.7, zorder=2)
        is_enough = all(later.high <= result.tolerance for later in points[at:])
        plot.plot(
            [rows[at]],
            [height],
            look.marker,
            color=look.colour,
            markerfacecolor=look.colour if is_enough else plot.get_facecolor(),
            markersize=4,
            markeredgewidth=0.9,
            zorder=4,
        )


def _scale(plot: Axes, result: Convergence, floor: float) -> None:
    """Both scales, which all panels share."""
    highest = max(point.distance for point in result.points)
    plot.set_yscale("log")
    plot.set_ylim(floor, 1.6 * max(highest, result.tolerance))
    plot.set_xscale("log", base=2)
    plot.xaxis.set_major_locator(LogLocator(base=2, numticks=6))
    plot.xaxis.set_major_formatter("{x:.6g}")
    plot.yaxis.set_major_formatter("{x:.6g}")
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_minor_locator(NullLocator())


def _left_out(result: Convergence, looks: dict[str, _Look], panels: int) -> list[str]:
    """What is not drawn, in words."""
    lines = len({_line_name(result, point) for point in result.points}) - len(looks)
    texts = []
    if lines:
        texts.append(f"and {lines} more")
    if panels > PANELS:
        texts.append(f"{PANELS} of {panels} panels")
    return texts


def _legend(
    figure: Chart,
    looks: dict[str, _Look],
    result: Convergence,
    left_out: list[str],
    theme: Theme,
) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            linestyle=look.dashes,
            marker=look.marker,
            markersize=4,
            linewidth=1.1,
            label=look.label,
        )
        for name, look in looks.items()
        if name
    ]
    tolerance = f"tolerance {number_text(result.tolerance)}"
    handles.append(
        Line2D([], [], color=theme.ink, linestyle=(0, (4, 3)), linewidth=0.8, label=tolerance)
    )
    handles += [Line2D([], [], linestyle="none", label=text) for text in left_out]
    columns = 3 if max(len(str(handle.get_label())) for handle in handles) < 16 else 2
    rows = math.ceil(len(handles) / columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.16 * rows)
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        fontsize=TEXT,
        labelcolor=theme.ink,
        handlelength=2.4,
        columnspacing=1.2,
    )
