"""Metrics that are ready to be measured: checked, with the network that they look through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..metrics import clip_folder, registry
from ..metrics.metric import Scope
from ..spec.axes import RandomSeeds
from ..spec.drift_requests import BY_NETWORK, BY_PIXELS, drift_requests
from ..spec.metric_requests import FIELD
from .companions import check_against

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..metrics.clip_folder import ClipFolder
    from ..metrics.metric import Metric
    from ..spec.metric_requests import MetricRequest
    from ..spec.sweep import SweepSpec


@dataclass(frozen=True)
class Job:
    """A metric that is ready to be measured. clip: the network that it looks through."""

    request: MetricRequest
    metric: Metric
    clip: ClipFolder | None

    @classmethod
    def of(cls, request: MetricRequest) -> Job:
        """Check a request and find its network; raises InvalidInput and ModelError."""
        metric = registry.check_request(request)
        if metric is None:
            allowed = "a metric of finished pictures; this one is measured as they are saved"
            raise InvalidInput(FIELD, request.name, allowed)
        return cls(request, metric, registry.network(request, metric))

    @property
    def facts(self) -> dict[str, object]:
        """What a table must know of the column of a metric that dwlab does not have itself."""
        if not self.metric.code:
            return {}
        compares = self.metric.scope is Scope.REFERENCE
        return {**self.metric.facts.as_dict(), "code": self.metric.code, "compares": compares}


def jobs_of_sweep(spec: SweepSpec) -> list[Job]:
    """The metrics of a sweep's finished pictures, ready to be measured.

    They are those that it names, and, unless it names no usual ones, the drift of pictures that are
    drawn with accelerators. Raises as `job_of_sweep` does.
    """
    requests = registry.requests(spec.metrics)
    if registry.names_to_save(spec.metrics) is None:
        named = {request.column for request in requests}
        requests += [each for each in _drift(spec, requests) if each.column not in named]
    return [job_of_sweep(request, spec) for request in requests]


def _drift(spec: SweepSpec, requests: Sequence[MetricRequest]) -> list[MetricRequest]:
    """What compares accelerated pictures with plain ones, as far as it can be measured here."""
    networks = [request.model for request in requests if request.model]
    values = _values(spec)
    models = {str(model) for model in values.get("model", [spec.model])}
    measures = []
    if registry.is_installed(BY_PIXELS):
        measures.append(BY_PIXELS)
    if networks or models == {clip_folder.shipped().model}:
        measures.append(BY_NETWORK)
    return drift_requests(values, measures, networks[0] if networks else "")


def job_of_sweep(request: MetricRequest, spec: SweepSpec) -> Job:
    """A metric that a sweep's file names, checked against its axes before anything is drawn.

    Raises InvalidInput and ModelError.
    """
    job = Job.of(request)
    values = _values(spec)
    check_against(request, values)
    check_column(request, values)
    only = job.clip.model if job.clip else None
    models = values.get("model", [spec.model])
    if only is not None and only not in models:
        raise missing_model(request, only)
    return job


def _values(spec: SweepSpec) -> dict[str, list[object]]:
    """The values of each axis, as far as they are known before a sweep runs."""
    return {
        name: list(column)
        for name, column in spec.values.items()
        if not isinstance(column, RandomSeeds)
    }


def check_column(request: MetricRequest, axes: Collection[str]) -> None:
    """Raise InvalidInput for a metric whose column would be hidden by that of an axis."""
    if request.column in axes:
        allowed = "another name, because the sweep has an axis of that name; add a label"
        raise InvalidInput(FIELD, request.column, allowed)


def missing_model(request: MetricRequest, only: str) -> InvalidInput:
    """The error for pictures that the network that dwlab ships does not know."""
    allowed = (
        f"the folder of a network like CLIP: the one that dwlab ships knows pictures of {only} only"
    )
    return InvalidInput(request.field("model"), None, allowed)
