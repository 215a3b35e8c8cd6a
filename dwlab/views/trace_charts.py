"""The charts of an experiment's traces, for a report, a panel or a notebook."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ..analysis.axes import paths_of_checkpoints
from ..analysis.results import Results
from ..runs.table import TRACES
from ..spec.probes import FILM
from .answer_charts import AnswerChart
from .trace_plots import film_plot, trace_plot

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

AXES_LIMIT = 3  # axes with a chart of their own, per trace
CHARTS_LIMIT = 12


def trace_charts(table: pd.DataFrame) -> list[AnswerChart]:
    """A chart per trace and axis of the experiment that a table is of; none without traces."""
    root = table.attrs.get("results")
    experiment = None if table.empty or "experiment" not in table else table["experiment"].iloc[0]
    if root is None or not experiment:
        return []
    results = Results(root)
    left_out = {"seed", *paths_of_checkpoints(table)}
    names = table.attrs.get(TRACES) or []
    charts: list[AnswerChart] = []
    for name in sorted(set(names) - {FILM}):
        charts += _charts(results.traces(name, experiment), name, left_out)
    # many traces leave room for the film
    films = [_film_chart(results.traces(FILM, experiment), left_out)] if FILM in names else []
    return charts[: CHARTS_LIMIT - len(films)] + films


def _charts(traces: pd.DataFrame, name: str, left_out: Collection[str]) -> list[AnswerChart]:
    return [
        AnswerChart(_title(name, axis), functools.partial(trace_plot, traces, axis))
        for axis in _hues(traces, left_out)[:AXES_LIMIT]
    ]


def _film_chart(traces: pd.DataFrame, left_out: Collection[str]) -> AnswerChart:
    axis = _hues(traces, left_out)[0]
    title = "what the steps predict" + (f", by {axis}" if axis else "")
    return AnswerChart(title, functools.partial(film_plot, traces, axis))


def _hues(traces: pd.DataFrame, left_out: Collection[str]) -> list[str | None]:
    """The axes that traces are drawn by; without values there is one sentence to say."""
    hues: list[str | None] = []
    if not traces.empty:
        hues += [axis for axis in traces.attrs["axes"] if axis not in left_out]
    return hues or [None]


def _title(name: str, axis: str | None) -> str:
    return f"{name} along the steps" + (f", by {axis}" if axis else "")
