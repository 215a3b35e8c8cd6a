"""Metrics that are ready to be measured: checked, with the network that they look through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..metrics import registry
from ..metrics.metric import Scope
from ..spec.axes import RandomSeeds
from ..spec.metric_requests import FIELD
from .companions import check_against

if TYPE_CHECKING:
    from collections.abc import Collection

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


def job_of_sweep(request: MetricRequest, spec: SweepSpec) -> Job:
    """A metric that a sweep's file names, checked against its axes before anything is drawn.

    Raises InvalidInput and ModelError.
    """
    job = Job.of(request)
    values = {
        name: list(column)
        for name, column in spec.values.items()
        if not isinstance(column, RandomSeeds)
    }
    check_against(request, values)
    check_column(request, values)
    only = job.clip.model if job.clip else None
    models = values.get("model", [spec.model])
    if only is not None and only not in models:
        raise missing_model(request, only)
    return job


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
