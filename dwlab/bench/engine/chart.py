"""The chart of the engine benchmark."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

from ...views.charts import Chart, canvas, legend_beside
from .report import ratios

if TYPE_CHECKING:
    from .report import EngineReport

HATCHES = ("", "///", "...")


def engine_chart(report: EngineReport, *, dark: bool = False) -> Chart:
    """How many times as fast as a loop each engine is on each grid, with the range over rounds.

    Images per second stand beside the bars.
    """
    figure, plot, ink = canvas(dark)
    grids = list(dict.fromkeys(result.grid for result in report.results))
    engines = list(dict.fromkeys(result.engine for result in report.results))
    engines = [engine for engine in engines if engine != "loop"]
    height = 0.8 / max(1, len(engines))
    # a chart has eight colours; hatching tells the ninth engine from the first
    looks = list(itertools.product(HATCHES, ink.colours))
    for result in report.results:
        values = ratios(report.results, result, "loop")
        if not values or result.engine == "loop":
            continue
        number = engines.index(result.engine)
        hatch, colour = looks[number % len(looks)]
        y = grids.index(result.grid) + (number - (len(engines) - 1) / 2) * height
        middle = statistics.median(values)
        plot.barh(
            y,
            middle,
            height=0.9 * height,
            color=colour,
            hatch=hatch,
            edgecolor=ink.paper,
            # each engine once in the legend
            label=result.engine if result.grid == grids[0] else None,
        )
        plot.plot([min(values), max(values)], [y, y], color=ink.ink, linewidth=1)
        text = f"  {middle:.2f}x, {result.images_per_s:.3g}/s"
        plot.text(max(values), y, text, va="center", fontsize=8, color=ink.ink)
    plot.axvline(1, color=ink.muted, linewidth=1, linestyle="--")
    figure.set_size_inches(7.0, max(1.6, 0.9 + 0.3 * len(engines) * len(grids)))
    plot.set_yticks(range(len(grids)), grids)
    plot.set_ylim(len(grids) - 0.5, -0.5)
    plot.grid(visible=False, axis="y")
    # room for the text beside the longest bar
    plot.margins(x=0.28)
    plot.set_xlabel("times as fast as the stock pipeline in a loop (dashed), and images per second")
    legend_beside(plot, "engine", ink)
    return figure
