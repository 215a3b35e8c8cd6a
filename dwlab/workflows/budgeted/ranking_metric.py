"""The metric that a search goes by, which has to be known before anything is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...metrics import measures, registry
from ...metrics.metric import Scope
from ...spec.own_code.metric_facts import MetricFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...spec.cells import Cell
    from ...spec.sweep import SweepSpec

FIELD = "metric"
ADHERENCE = "adherence"


@dataclass(frozen=True)
class RankingMetric:
    """A metric by its column, and what it says of itself."""

    name: str
    facts: MetricFacts

    @property
    def bound(self) -> float | None:
        """The best possible value; None if there is none."""
        if self.facts.bounds is None:
            return None
        low, high = self.facts.bounds
        return high if self.facts.is_higher_better else low


def ranking_metric(spec: SweepSpec, cells: Sequence[Cell]) -> RankingMetric:
    """The metric that ranks the settings of a sweep.

    It is the one that the sweep names, otherwise adherence if it is measured of all cells. Raises
    InvalidInput if there is none, if people give it, or if it compares pictures with others of the
    sweep, which a search may never make.
    """
    registry.check(spec.metrics)
    registry.check_ranking(spec.metric, spec.metrics)
    name = spec.metric
    if name is None:
        if not _has_adherence(spec, cells):
            allowed = (
                "the name of a metric that says how good a picture is, like clip_score (add it to "
                "metrics too): a search has to know which settings are better"
            )
            raise InvalidInput(FIELD, None, allowed)
        name = ADHERENCE
    if name == measures.STARS:
        allowed = "a metric that is measured: people give stars after pictures are made"
        raise InvalidInput(FIELD, name, allowed)
    for request in registry.requests(spec.metrics):
        if request.column == name:
            metric = registry.metric_of(request)
            if metric.scope is not Scope.ALONE:
                allowed = (
                    f"a metric of each picture alone: {name} compares it with {metric.scope.value}, "
                    "which a search may not make"
                )
                raise InvalidInput(FIELD, name, allowed)
            return RankingMetric(name, metric.facts)
    return RankingMetric(name, registry.facts_of(name) or MetricFacts())


def _has_adherence(spec: SweepSpec, cells: Sequence[Cell]) -> bool:
    saved = registry.names_to_save(spec.metrics)
    if saved is not None:
        return ADHERENCE in saved
    models = {cell.params.model for cell in cells}
    return all(ADHERENCE in measures.applying(model) for model in models)
