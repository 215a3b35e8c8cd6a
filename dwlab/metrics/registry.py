"""All metrics by name: those measured as a picture is saved, and those of finished sweeps.

A new metric of finished sweeps is a file beside this one and a name in _FINISHED.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from ..errors import InvalidInput, MissingExtra
from ..spec.metric_requests import FIELD, MetricRequest, parse
from . import clip_folder, measures
from .clip_distances import IMAGE_SIMILARITY, PERCEPTUAL_DISTANCE
from .clip_score import CLIP_SCORE
from .diversity import DIVERSITY
from .duplicates import DUPLICATES
from .metric import Metric, Scope
from .pixel_distances import PHASH_DISTANCE, PSNR, SSIM
from .preference import PREFERENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .clip_folder import ClipFolder

_FINISHED = (
    CLIP_SCORE,
    PREFERENCE,
    IMAGE_SIMILARITY,
    SSIM,
    PSNR,
    PERCEPTUAL_DISTANCE,
    PHASH_DISTANCE,
    DIVERSITY,
    DUPLICATES,
)
FINISHED = {metric.name: metric for metric in _FINISHED}
# in a list of metrics: those that are measured if there is no list
USUAL = "usual"
EXTRA = "metrics"  # of the package, with libraries that some need
_SPANS = {"adherence": 1.0, measures.STARS: 4.0}


def requests(metrics: Sequence[object] | None) -> list[MetricRequest]:
    """The metrics of finished pictures in the list of an experiment's file."""
    return [request for request in parse(metrics or ()) if request.name in FINISHED]


def names_to_save(metrics: Sequence[object] | None) -> list[str] | None:
    """The metrics in a list that are measured as pictures are saved; None for all that apply."""
    if metrics is None:
        return None
    names = [request.name for request in parse(metrics)]
    if USUAL in names:
        return None
    return [name for name in names if name in measures.NAMES]


def check(metrics: Sequence[object] | None) -> None:
    """Raise InvalidInput for an unknown metric, and for options that it does not take or lacks."""
    for request in parse(metrics or ()):
        check_request(request)


def check_request(request: MetricRequest) -> None:
    """Raise InvalidInput unless there is such a metric with these options, and MissingExtra."""
    metric = FINISHED.get(request.name)
    if metric is None and request.name not in (*measures.NAMES, USUAL):
        allowed = f"{', '.join((*measures.NAMES, *FINISHED, USUAL))}"
        allowed += "; leave metrics out to compute all that apply"
        raise InvalidInput(FIELD, request.name, allowed)
    taken = metric.needs | metric.takes if metric else frozenset()
    for option in request.options:
        if option not in taken:
            listed = ", ".join(sorted(taken)) or "none"
            allowed = f"the options of {request.name}: {listed}"
            raise InvalidInput(request.field(option), getattr(request, option), allowed)
    if metric is None and request.label:
        allowed = f"left out: {request.name} is measured in one way only"
        raise InvalidInput(request.field("label"), request.label, allowed)
    for option in sorted(metric.needs if metric else ()):
        if option not in request.options:
            example = "{steps: 50}" if option == "against" else "a folder"
            raise InvalidInput(request.field(option), None, f"set, for example to {example}")
    if metric and request.by:
        _check_by(metric, request)
    if metric:
        _check_library(metric)


def _check_by(metric: Metric, request: MetricRequest) -> None:
    """Raise InvalidInput unless a metric can be measured by this distance, MissingExtra likewise."""
    if request.by not in metric.by:
        raise InvalidInput(request.field("by"), request.by, " or ".join(metric.by))
    if request.model and request.by in metric.by_without_network:
        allowed = f"left out: {request.by} looks through no network"
        raise InvalidInput(request.field("model"), request.model, allowed)
    if request.by in FINISHED:
        _check_library(FINISHED[request.by])


def _check_library(metric: Metric) -> None:
    if metric.library and importlib.util.find_spec(metric.library) is None:
        raise MissingExtra(metric.name, EXTRA)


def check_ranking(name: str | None, metrics: Sequence[object] | None) -> None:
    """Raise InvalidInput if settings cannot be ranked by a metric.

    It may be unknown, not a number, or not among the metrics to measure.
    """
    if name is None:
        return
    columns = [request.column for request in requests(metrics)]
    if name not in (*measures.RANKING, *columns):
        known = ", ".join((*measures.RANKING, *FINISHED))
        allowed = f"{known}; leave it out for {measures.RANKING[0]}, else {measures.STARS}"
        if name.partition(".")[0] in FINISHED:
            allowed = f"one of this sweep's metrics; add {name} to metrics"
        raise InvalidInput("metric", name, allowed)
    saved = names_to_save(metrics)
    if saved is not None and name not in (*saved, *columns, measures.STARS):
        listed = ", ".join((*saved, *columns))
        allowed = f"one of this sweep's metrics ({listed}), or {measures.STARS}"
        raise InvalidInput("metric", name, allowed)


def network(request: MetricRequest) -> ClipFolder | None:
    """The network that a metric looks through, None for one that needs none.

    Raises InvalidInput and ModelError like `clip_folder.find`; loads nothing.
    """
    metric = FINISHED[request.name]
    if request.by in metric.by_without_network:
        return None
    if "model" in metric.needs | metric.takes:
        if request.model:
            return clip_folder.find(request.field("model"), request.model)
        return clip_folder.shipped()
    return None


def is_known(column: str) -> bool:
    """Whether a column of a table holds one of these metrics."""
    return _metric_of(column) is not None or column in (*measures.NAMES, measures.STARS)


def is_higher_better(column: str) -> bool:
    """Which way is better in a column of a table; higher for one that is not known."""
    metric = _metric_of(column)
    return metric is None or metric.is_higher_better


def span(column: str) -> float | None:
    """The largest difference that two values of a column can have; None if there is no limit."""
    metric = _metric_of(column)
    return _SPANS.get(column) if metric is None else metric.span


def _metric_of(column: str) -> Metric | None:
    return FINISHED.get(column.partition(".")[0])


def scope_of(column: str) -> Scope | None:
    """What a column of finished pictures is measured with; None for another column."""
    metric = _metric_of(column)
    return metric.scope if metric else None


def is_compared(request: MetricRequest) -> bool:
    """Whether a metric compares a picture with others of its sweep."""
    return FINISHED[request.name].scope is not Scope.ALONE
