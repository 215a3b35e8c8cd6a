"""The strategies of searches by the names that experiments have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...searching.halving import Halving
from ...searching.ladder import Ladder
from ...searching.racing import Racing
from ...searching.random_search import RandomSearch
from ...spec.search_request import AUTO

if TYPE_CHECKING:
    from ...searching.strategy import Strategy
    from ...spec.search_request import SearchRequest
    from .ranking_metric import RankingMetric

LADDER = "ladder"
HALVING = "halving"
# of the range of a metric with bounds, where nobody says how far behind is good enough
SHARE = 0.03


def method_name(request: SearchRequest, metric: RankingMetric) -> str:
    """The method of a search: `auto` is the ladder where the metric has a bound."""
    has_bound = metric.bound is not None
    if request.method == AUTO:
        return LADDER if has_bound else HALVING
    if request.method == LADDER and not has_bound:
        allowed = f"halving or racing: nothing is known to be the best possible {metric.name}"
        raise InvalidInput("search.method", LADDER, allowed)
    return request.method


def margin_of(request: SearchRequest, metric: RankingMetric) -> float:
    """How far behind the best is good enough, in units of the metric.

    It is what the search says, otherwise the metric's own, otherwise 3% of its range. Raises
    InvalidInput if all of them are unknown.
    """
    if request.margin is not None:
        return request.margin
    if metric.facts.margin is not None:
        return metric.facts.margin
    if metric.facts.span is not None:
        return SHARE * metric.facts.span
    allowed = (
        f"how far behind the best {metric.name} is good enough: a number above 0, in its units"
    )
    raise InvalidInput("search.margin", None, allowed)


def strategy_of(name: str, *, seed: int, fill: int) -> Strategy:
    """The strategy of a method. seed: of its random choices. fill: pictures per round at least."""
    strategies: dict[str, Strategy] = {
        LADDER: Ladder(fill=fill),
        HALVING: Halving(fill=fill),
        "racing": Racing(fill=fill),
        "random": RandomSearch(seed=seed, fill=fill),
    }
    return strategies[name]
