"""The chart of `dwlab bench quality`: seconds a picture against drift, and the frontier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from ...analysis.knee import Point, pareto
from ...views.charts import WIDTH, Chart, canvas, safe
from .report import WITHIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ...views.charts import Theme
    from .report import QualityReport, QualityRow

LEGEND_WIDTH = 620  # pixels
LINE = 0.19  # inches per line of the legend
ABOVE = 1.12  # how much room is left above the largest drift


def quality_chart(report: QualityReport, *, dark: bool = False) -> Chart:
    """Each way to draw at its seconds per picture and its drift, with 95% intervals of the drift.

    The line is the frontier, whose ways are numbered and named below; the knee has a ring. Filled
    ways are shown to be within the margin of the plain one, by the score of quality.
    """
    figure, plot, theme = canvas(dark)
    measured = [row for row in report.rows if report.has_drift(row)]
    by_name = {row.name: row for row in measured}
    chosen = [by_name[point.name] for point in pareto([_point(report, row) for row in measured])]
    top = ABOVE * max((report.drift_of(row).mean for row in measured), default=1.0)
    top = top or 1.0
    places = [(row.median, report.drift_of(row).mean) for row in chosen]
    plot.step(
        [seconds for seconds, _ in places],
        [drift for _, drift in places],
        where="post",
        color=theme.colours[0],
        linewidth=1,
        alpha=0.45,
        zorder=2,
    )
    for row in measured:
        number = chosen.index(row) + 1 if row in chosen else None
        _draw(plot, report, row, number, theme)
    knee = report.knee
    if knee is not None:
        plot.plot(
            [knee.median],
            [report.drift_of(knee).mean],
            "o",
            markersize=17,
            markerfacecolor="none",
            markeredgecolor=theme.colours[1],
            markeredgewidth=1.8,
            zorder=3,
        )
    plot.set_xscale("log", base=2)
    plot.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:.3g}")
    plot.set_ylim(-0.05 * top, top)
    plot.set_xlabel("seconds per picture, measured in turns")
    plot.set_ylabel(safe(f"drift: {report.measure}", 230, 1))
    _name_ways(figure, report, chosen, theme)
    return figure


def _point(report: QualityReport, row: QualityRow) -> Point:
    drift = report.drift_of(row)
    return Point(row.name, row.median, drift.mean, drift.high)


def _draw(
    plot: Axes, report: QualityReport, row: QualityRow, number: int | None, theme: Theme
) -> None:
    """A way with its interval; number: on the frontier."""
    drift = report.drift_of(row)
    colour = theme.muted if number is None else theme.colours[0]
    ends = [max(0.0, drift.low), drift.high if math.isfinite(drift.high) else drift.mean]
    plot.plot([row.median] * 2, ends, "_-", color=colour, linewidth=1.2, alpha=0.7, zorder=3)
    is_within = report.verdict(row) == WITHIN
    plot.plot(
        [row.median],
        [drift.mean],
        "o",
        markersize=11 if number else 6,
        markerfacecolor=colour if is_within else theme.paper,
        markeredgecolor=colour,
        zorder=4,
    )
    if number:
        plot.text(
            row.median,
            drift.mean,
            str(number),
            color=theme.paper if is_within else colour,
            fontsize=7,
            fontweight="bold",
            ha="center",
            va="center",
            zorder=5,
        )


def _name_ways(
    figure: Chart, report: QualityReport, chosen: list[QualityRow], theme: Theme
) -> None:
    """The ways of the frontier below the plot, for which the figure grows."""
    texts = [f"{number}. {_facts(report, row)}" for number, row in enumerate(chosen, 1)]
    notes = ["bars: 95% interval, for prompts like these; ring: the knee"]
    if report.score:
        notes.append(f"filled: shown within {report.margin:g} of the plain {report.score}")
    lines = [safe(text, LEGEND_WIDTH, 1) for text in [*texts, *notes]]
    handles = [Line2D([], [], linestyle="none", label=line) for line in lines]
    figure.set_size_inches(WIDTH, figure.get_size_inches()[1] + LINE * len(lines) + 0.1)
    figure.legend(
        handles=handles,
        loc="outside lower left",
        frameon=False,
        fontsize=8,
        labelcolor=theme.ink,
        handlelength=0,
        handletextpad=0,
    )


def _facts(report: QualityReport, row: QualityRow) -> str:
    drift = report.drift_of(row).as_distance()
    text = f"{row.name}: {row.median:.3g} s, drift {drift}"
    if report.score in row.differences:
        text += f", {report.score} {row.differences[report.score].as_difference()}"
    return text
