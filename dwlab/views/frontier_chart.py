"""Quality against cost: every setting, and the frontier of those that no cheaper one equals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from ..analysis.frontier import frontier
from ..analysis.statistics_text import interval_text, number_text
from .charts import WIDTH, amount_scale, canvas, nothing, number_scale, safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..analysis.ranking import Ranking, Standing
    from .charts import Chart, Theme

PRICES = {"rows": "rows of the denoiser per picture", "seconds": "seconds per picture"}
LABELLED = 9  # settings of the frontier that are named: their numbers are the markers of the legend
LEGEND_WIDTH = 620  # pixels
ABOVE = 0.08  # of the height, left free above the best
LINE = 0.19  # inches per line of the legend


def frontier_plot(ranking: Ranking, *, dark: bool = False) -> Chart:
    """How far each setting is behind the best, against its price: rows of the denoiser, or seconds.

    The line is the frontier; its settings are numbered and named below, with the 95% interval that
    `best` gives: crossed over prompts and seeds, and for the upper end against every rival. A
    setting is shown to be good enough if its whole interval is above the margin's dashed line.
    """
    figure, plot, theme = canvas(dark)
    chosen = frontier(ranking)
    if not chosen:
        return nothing(figure, plot, theme, "The price of no setting is known")
    bottom = _bottom(ranking)
    others = [each for each in ranking.standings if math.isfinite(each.price + each.behind)]
    plot.scatter(
        [each.price for each in others],
        [each.behind for each in others],
        s=16,
        color=theme.muted,
        alpha=0.55,
        linewidths=0,
        zorder=2,
    )
    _draw_frontier(plot, chosen, bottom, theme)
    plot.axhline(ranking.margin, color=theme.ink, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    plot.text(
        1.005,
        ranking.margin,
        f"margin {number_text(ranking.margin)}",
        transform=plot.get_yaxis_transform(),
        color=theme.ink,
        fontsize=8,
        va="center",
    )
    # seconds are no round numbers, and may be next to one another
    scale = number_scale if ranking.unit == "rows" else amount_scale
    scale(plot, sorted({each.price for each in others}), theme)
    plot.set_ylim(bottom, -ABOVE * bottom)
    plot.set_xlabel(PRICES[ranking.unit])
    plot.set_ylabel(safe(f"{ranking.metric} behind the best", 230, 1))
    _name_settings(figure, chosen, f"bars: 95% interval for {ranking.target}", theme)
    return figure


def _bottom(ranking: Ranking) -> float:
    """The largest distance that is drawn: longer intervals are cut."""
    behind = [each.behind for each in ranking.standings if math.isfinite(each.behind)]
    return 1.12 * max([ranking.margin, *behind])


def _draw_frontier(plot: Axes, chosen: tuple[Standing, ...], bottom: float, theme: Theme) -> None:
    colour = theme.colours[0]
    prices = [each.price for each in chosen]
    behind = [each.behind for each in chosen]
    plot.step(prices, behind, where="post", color=colour, linewidth=1, alpha=0.45, zorder=3)
    for number, each in enumerate(chosen, 1):
        # an end that is not known reaches out of the plot
        high = each.high if math.isfinite(each.high) else 2 * bottom
        ends = [each.low, high]
        plot.plot([each.price] * 2, ends, "_-", color=colour, linewidth=1.6, markersize=8, zorder=4)
        plot.plot([each.price], [each.behind], "o", color=colour, markersize=9, zorder=5)
        if number <= LABELLED:
            plot.text(
                each.price,
                each.behind,
                str(number),
                color=theme.paper,
                fontsize=7,
                fontweight="bold",
                ha="center",
                va="center",
                zorder=6,
            )


def _name_settings(figure: Chart, chosen: tuple[Standing, ...], note: str, theme: Theme) -> None:
    """The frontier's settings and a note below the plot, for which the figure grows."""
    handles = []
    lines = 0
    for number, each in enumerate(chosen[:LABELLED], 1):
        facts = f"{number_text(each.behind)} {interval_text(each.low, each.high)}, {each.verdict}"
        text = safe(f"{number}. {each.ties}: {facts}", LEGEND_WIDTH, 2)
        handles.append(Line2D([], [], linestyle="none", label=text))
        lines += text.count("\n") + 1
    if len(chosen) > LABELLED:
        text = f"and {len(chosen) - LABELLED} dearer ones on the line"
        handles.append(Line2D([], [], linestyle="none", label=text))
        lines += 1
    handles.append(Line2D([], [], linestyle="none", label=note))
    lines += 1
    figure.set_size_inches(WIDTH, figure.get_size_inches()[1] + LINE * lines + 0.1)
    figure.legend(
        handles=handles,
        loc="outside lower left",
        frameon=False,
        fontsize=8,
        labelcolor=theme.ink,
        handlelength=0,
        handletextpad=0,
    )
