"""The plots of a sweep, for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.html import escaped
from ...analysis.axes import swept
from ...analysis.metric_columns import metrics_of, seconds_column
from ...analysis.quality import quality_of
from ...views.answer_charts import answer_charts
from ...views.plots import metric_plot, seconds_plot
from ...views.report.answer import answer
from ...views.trace_charts import trace_charts
from ..small_pictures import ThemedPicture, small_png

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

AXES_LIMIT = 3  # axes with a plot of their own


def figures(table: pd.DataFrame, *, dark: bool = False) -> dict[str, Figure]:
    """The plots by title.

    Those of the answer, a metric along the first axes, time against steps, and what was kept of steps.
    The metric is the one that tells the quality, or the first one.
    """
    plots: dict[str, Figure] = {}
    words = answer(table, quality_of(table))
    if words:
        for chart in answer_charts(table, words.ranking):
            plots[chart.title] = chart.draw(dark=dark)
    metric = quality_of(table) or next(iter(metrics_of(table)), None)
    if metric:
        for axis in _plotted_axes(table):
            plots[f"{metric} along {axis}"] = metric_plot(table, metric, axis, dark=dark)
    if seconds_column(table):
        plots["seconds per picture"] = seconds_plot(table, dark=dark)
    for chart in trace_charts(table):
        plots[chart.title] = chart.draw(dark=dark)
    return plots


def _plotted_axes(table: pd.DataFrame) -> list[str]:
    axes = [axis.name for axis in swept(table) if axis.names != ("seed",)]
    return axes[:AXES_LIMIT]


def themed_plots(table: pd.DataFrame) -> list[ThemedPicture]:
    """The plots for a light and for a dark page."""
    light = figures(table)
    dark = figures(table, dark=True)
    return [
        ThemedPicture(small_png(light[title]), small_png(dark[title]), title) for title in light
    ]


def plots_html(table: pd.DataFrame) -> str:
    """The plots; the panel's style sheet shows those for the page's theme."""
    charts = "".join(_titled(plot) for plot in themed_plots(table))
    return f'<div class="dwlab-charts" role="group" aria-label="Charts" tabindex="0">{charts}</div>'


def _titled(plot: ThemedPicture) -> str:
    return f"<figure><figcaption>{escaped(plot.description)}</figcaption>{plot.images()}</figure>"
