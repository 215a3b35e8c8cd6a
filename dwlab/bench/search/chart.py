"""The chart of how often searches choose right, against what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...views.charts import MARKERS, page, style
from .tally import RESAMPLED, THE_TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ...views.charts import Chart, Theme
    from .tally import Choices

HEIGHT = 3.4  # inches
# the same strategy with more effort is joined by a line; this is the same with the same effort
NOT_DRAWN = "halving, not balanced"


def choices_chart(choices: Sequence[Choices], metric: str, *, dark: bool = False) -> Chart:
    """The share of searches that found the cheapest good setting, against the share of rows.

    One plot for the table and one for resampled ones. Points of a strategy with more and less
    effort are joined.
    """
    figure, theme = page(dark, height=HEIGHT)
    plots = figure.subplots(1, 2, sharey=True)
    drawn = [each for each in choices if each.metric == metric and each.method != NOT_DRAWN]
    families = list(dict.fromkeys(_family(each) for each in drawn))
    for plot, tables in zip(plots, (THE_TABLE, RESAMPLED), strict=True):
        style(plot, theme)
        for number, family in enumerate(families):
            points = [each for each in drawn if each.tables == tables and _family(each) == family]
            _draw(plot, points, family, number, theme)
        plot.set_title(tables, fontsize=10, color=theme.ink)
        plot.set_xlabel("rows of the whole grid [%]")
        plot.set_xlim(0)
        plot.set_ylim(0, 104)
    plots[0].set_ylabel("cheapest good setting found [%]")
    handles, labels = plots[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=theme.ink,
    )
    return figure


def _family(choices: Choices) -> str:
    """The strategy's name without its effort."""
    return choices.method.partition(",")[0]


def _draw(plot: Axes, points: list[Choices], family: str, number: int, theme: Theme) -> None:
    points = sorted(points, key=lambda each: each.rows)
    plot.plot(
        [100 * each.rows for each in points],
        [100 * each.right for each in points],
        color=theme.colours[number % len(theme.colours)],
        marker=MARKERS[number % len(MARKERS)],
        markersize=6,
        linewidth=1.2,
        label=family,
    )
