"""Figures of a sweep by their names, and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._util.atomic import replacing
from ..errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

FIGURES = ("heat-maps", "frontier", "convergence", "metric", "seconds")
FORMATS = (".png", ".pdf", ".svg")
DPI = 300
TRUETYPE = 42  # journals refuse the fonts of type 3 that matplotlib writes otherwise


def draw(
    table: pd.DataFrame, figure: str, *, metric: str | None = None, dark: bool = False
) -> Figure:
    """A figure of a sweep's table.

    figure: heat-maps and frontier (of settings ranked by a metric, see `dwlab.analysis.ranking`),
    convergence (a column of a paper wide, see `dwlab.analysis.reference_distance`), metric (along
    the first axis) or seconds. metric: a column of the table, by default the one that tells the
    quality; for convergence one that holds distances, by default pixels are compared. Raises
    InvalidInput for another name, or if the table cannot answer.
    """
    # here, because importing matplotlib takes seconds
    from ..analysis.heat_maps import heat_maps
    from ..analysis.quality import quality_of
    from ..analysis.reference_distance import convergence
    from .convergence_chart import convergence_plot
    from .frontier_chart import frontier_plot
    from .heat_chart import heat_map_plot
    from .plots import metric_plot, seconds_plot
    from .report.answer import ask

    if figure == "heat-maps":
        ranking = ask(table, metric).ranking
        return heat_map_plot(heat_maps(table, ranking.metric, ranking), dark=dark)
    if figure == "frontier":
        return frontier_plot(ask(table, metric).ranking, dark=dark)
    if figure == "convergence":
        return convergence_plot(convergence(table, distance=metric), dark=dark)
    if figure == "metric":
        return metric_plot(table, metric or quality_of(table) or "adherence", dark=dark)
    if figure == "seconds":
        return seconds_plot(table, dark=dark)
    raise InvalidInput("figure", figure, ", ".join(FIGURES))


def format_of(path: Path) -> str:
    """The suffix of a figure's file; raises InvalidInput for an unknown one."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InvalidInput("output", path.name, f"a name that ends in {', '.join(FORMATS)}")
    return suffix


def save(chart: Figure, path: Path) -> None:
    """Write a figure to a file, whole or not at all; raises InvalidInput for an unknown suffix."""
    import matplotlib as mpl

    suffix = format_of(path)
    # the same figure is the same file
    metadata = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(suffix)
    settings: dict[Any, Any] = {"pdf.fonttype": TRUETYPE, "svg.hashsalt": "dwlab"}
    with replacing(path) as temporary, mpl.rc_context(settings):
        chart.savefig(temporary, format=suffix[1:], dpi=DPI, metadata=metadata)
