"""A search before it begins: all that can be wrong with it was checked, and no model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...paths import results_folder
from ...runs.run import check_metrics
from ...searching.strategy import FILL
from ...spec.own_code.metric_facts import MetricFacts
from ...spec.search_request import SearchRequest
from .methods import margin_of, method_name
from .ranking_metric import ADHERENCE, RankingMetric, ranking_metric
from .resolved import identified

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from ...runs.resolve import Identities, Listener
    from ...spec.cells import Cell
    from ...spec.compute import Compute
    from ...spec.sweep import SweepSpec


@dataclass(frozen=True)
class Prepared:
    """What a search goes by.

    planned: the cells of the sweep, in which random seeds stand in for others; of continuous axes
    they have the ends. compute: with what the experiment says of it. workers: how many processes
    compute. limit: of cells.
    """

    spec: SweepSpec
    root: Path
    request: SearchRequest
    metric: RankingMetric
    method: str
    margin: float
    planned: list[Cell]
    identities: Identities
    compute: Compute
    workers: int
    limit: int

    @property
    def fill(self) -> int:
        """How many pictures a round has at least, so that the packs of all workers are full."""
        packs = [self.compute.pack or each.pack or FILL for each in self.identities.values()]
        return self.workers * max(FILL, *packs)


def prepared(
    spec: SweepSpec,
    compute: Compute,
    *,
    workers: int,
    results: str | Path | None,
    limit: int,
    download: bool,
    on_event: Listener | None,
    cancel: threading.Event | None,
) -> Prepared:
    """Check a search and identify its models.

    Raises Cancelled if `cancel` was set while a model was downloaded, and InvalidInput and
    ModelError for what cannot be searched.
    """
    request = spec.request or SearchRequest()
    planned = spec.cells(limit=limit)
    if request.is_by_metric:
        metric = ranking_metric(spec, planned)
    else:
        metric = RankingMetric(spec.metric or ADHERENCE, MetricFacts(bounds=(0, 1)))
    method = method_name(request, metric)
    margin = margin_of(request, metric)
    check_metrics(spec)
    full = compute.of_experiment(spec.measures, spec.probe_names)
    identities = identified(
        spec, planned, full, download=download, on_event=on_event, cancel=cancel
    )
    return Prepared(
        spec=spec,
        root=results_folder(results),
        request=request,
        metric=metric,
        method=method,
        margin=margin,
        planned=planned,
        identities=identities,
        compute=full,
        workers=workers,
        limit=limit,
    )
