"""Which column of a table says how good a picture is: without one nothing is best or worst."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..metrics import registry
from ..metrics.measures import STARS
from ..runs.results import MEASURED
from ..spec.own_code.metric_facts import LOWER, MetricFacts

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("adherence", STARS)
# what went wrong with a picture
_LOWER_IS_BETTER = frozenset({"blank", "nan"})
REMEDY = (
    "Nothing here says how good a picture is, so no setting is called best. To rank settings, name "
    "a metric in the experiment's file (metric: sharpness), or give pictures stars in the prompt "
    "bench or in the viewer of a notebook."
)


def quality_of(table: pd.DataFrame) -> str | None:
    """The column to rank settings by; `is_higher_better` says which way.

    It is the one that the sweep names as `metric`, otherwise adherence, otherwise stars. None if
    the table has no value of it: brightness, contrast and the like describe pictures and do not
    rank them.
    """
    chosen = table.attrs.get("metric")
    for name in (chosen,) if chosen else MEASURES:
        if name in table and table[name].notna().any():
            return name
    return None


def facts_of(table: pd.DataFrame, metric: str) -> MetricFacts:
    """What a metric says of itself; of one that dwlab does not have, as the store keeps it."""
    stored = (table.attrs.get(MEASURED) or {}).get(metric)
    if stored:
        return MetricFacts.of_store(stored)
    if metric in _LOWER_IS_BETTER:
        return MetricFacts(better=LOWER)
    return registry.facts_of(metric) or MetricFacts()


def is_higher_better(table: pd.DataFrame, metric: str) -> bool:
    """Whether larger values of a metric are better; if not, smaller ones are."""
    return facts_of(table, metric).is_higher_better


def name_with_unit(table: pd.DataFrame, metric: str) -> str:
    """A metric's name for an axis of a plot: `speed [px]`, or `speed` without a unit."""
    unit = facts_of(table, metric).unit
    return f"{metric} [{unit}]" if unit else metric


def possible_difference(table: pd.DataFrame, metric: str, difference: float) -> float:
    """The end of an interval, moved to the largest difference that a metric can have.

    Intervals of few pairs reach farther. An infinite end, of which nothing is known, is kept.
    """
    span = facts_of(table, metric).span
    if span is None or math.isinf(difference):
        return difference
    return max(-span, min(difference, span))
