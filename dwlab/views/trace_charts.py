"""The charts of an experiment's traces, for a report, a panel or a notebook."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ..analysis.results import Results
from ..runs.table import TRACES
from ..spec.probes import FILM
from .answer_charts import AnswerChart
from .trace_plots import film_plot, trace_plot

if TYPE_CHECKING:
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
    names = table.attrs.get(TRACES) or []
    charts: list[AnswerChart] = []
    for name in sorted(names, key=lambda name: name == FILM):
        charts += _charts(results.traces(name, experiment), name)
    return charts[:CHARTS_LIMIT]


def _charts(traces: pd.DataFrame, name: str) -> list[AnswerChart]:
    axes: list[str | None] = [axis for axis in traces.attrs["axes"] if axis != "seed"]
    # without values there is one sentence to say
    axes = [None] if traces.empty else axes[:AXES_LIMIT] or [None]
    if name == FILM:
        title = "what the steps predict" + (f", by {axes[0]}" if axes[0] else "")
        return [AnswerChart(title, functools.partial(film_plot, traces, axes[0]))]
    return [
        AnswerChart(_title(name, axis), functools.partial(trace_plot, traces, axis))
        for axis in axes
    ]


def _title(name: str, axis: str | None) -> str:
    return f"{name} along the steps" + (f", by {axis}" if axis else "")
