"""All metrics by name: those measured as a picture is saved, and those of finished sweeps."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InvalidInput, MissingExtra
from ..spec.metric_requests import FIELD, MetricRequest, parse, shown
from ..spec.own_code.metric_facts import MetricFacts
from ..spec.table_columns import COLUMNS
from . import clip_folder, measures, own
from .built_in_functions import built_in_functions
from .metric import Metric, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .built_in_functions import BuiltIn
    from .clip_folder import ClipFolder


def _finished() -> dict[str, Metric]:
    metrics = {}
    for each in built_in_functions():
        if not each.options.usual:
            metrics[each.name] = finished_metric(each)
    return metrics


def finished_metric(built_in: BuiltIn) -> Metric:
    """The metric of finished pictures that a function of `built_in` is."""
    if built_in.takes_setup:
        return Metric(built_in.name, built_in.facts, built_in.options, built_in.function)
    return own.metric_of_function(built_in.function, built_in.facts)


# those of dwlab, measured of finished pictures
FINISHED = _finished()
# in a list of metrics: those that are measured if there is no list
USUAL = "usual"
EXTRA = "metrics"  # of the package, with libraries that some need
# of columns that are measured as pictures are saved, or given by people
_FACTS = {measures.STARS: MetricFacts(bounds=(1, 5)), **measures.FACTS}


def requests(metrics: Sequence[object] | None) -> list[MetricRequest]:
    """The metrics of finished pictures in the list of an experiment's file."""
    return [request for request in parse(metrics or ()) if not is_saved(request)]


def names() -> tuple[str, ...]:
    """The names of dwlab's own metrics, and the one that stands for the usual ones."""
    return (*measures.NAMES, *FINISHED, USUAL)


def is_saved(request: MetricRequest) -> bool:
    """Whether a request means what is measured as pictures are saved."""
    return request.own is None and request.name in (*measures.NAMES, USUAL)


def metric_of(request: MetricRequest) -> Metric:
    """The metric of finished pictures that a request means: of dwlab, one's own, or installed.

    The package of an installed one is imported; no other code is run. Raises InvalidInput if there
    is none.
    """
    if request.own is not None:
        known = request.own
        if known.facts is None:
            # what is left of it says no more
            known = replace(known, compares=bool(request.against))
        return own.metric_of(known)
    metric = FINISHED.get(request.name) or own.installed(request.name)
    if metric is None:
        listed = ", ".join((*names(), *own.installed_names()))
        allowed = (
            f"{listed}, or one of your own like metrics/mine.py:sharpness; leave metrics "
            "out to compute all that apply"
        )
        raise InvalidInput(FIELD, request.name, allowed)
    return metric


def names_to_save(metrics: Sequence[object] | None) -> list[str] | None:
    """The metrics in a list that are measured as pictures are saved; None for all that apply."""
    if metrics is None:
        return None
    names = [request.name for request in parse(metrics) if is_saved(request)]
    return None if USUAL in names else names


def check(metrics: Sequence[object] | None) -> None:
    """Raise InvalidInput for an unknown metric, and for options that it does not take or lacks."""
    for request in parse(metrics or ()):
        check_request(request)


def check_request(request: MetricRequest) -> Metric | None:
    """The metric of a request; None for one that is measured as pictures are saved.

    Raises InvalidInput unless there is such a metric with these options, and MissingExtra.
    """
    metric = None if is_saved(request) else metric_of(request)
    taken = metric.allowed_options if metric else frozenset()
    for option in request.options:
        if option not in taken:
            listed = ", ".join(sorted(taken)) or "none"
            allowed = f"the options of {request.name}: {listed}"
            raise InvalidInput(
                request.field(option), shown(option, getattr(request, option)), allowed
            )
    if metric is None:
        if request.label:
            allowed = f"left out: {request.name} is measured in one way only"
            raise InvalidInput(request.field("label"), request.label, allowed)
        return None
    for option in sorted(metric.options.needs):
        if option not in request.options:
            example = "{steps: 50}" if option == "against" else "a folder"
            raise InvalidInput(request.field(option), None, f"set, for example to {example}")
    if metric.code:
        _check_own_name(request)
    if request.by:
        _check_by(metric, request)
    _check_library(metric)
    return metric


def _check_own_name(request: MetricRequest) -> None:
    """Raise InvalidInput for a metric that would fill a column that dwlab has."""
    columns = [column.name for column in COLUMNS]
    if request.column in (*columns, *names()):
        allowed = (
            "another name, because dwlab has a column of that name; rename the function, or add a "
            f"label: {{label: own}} fills the column {request.name}.own"
        )
        raise InvalidInput(FIELD, request.name, allowed)


def _check_by(metric: Metric, request: MetricRequest) -> None:
    """Raise InvalidInput unless a metric can be measured by this distance, MissingExtra likewise."""
    if request.by not in metric.options.by:
        raise InvalidInput(request.field("by"), request.by, " or ".join(metric.options.by))
    if request.model and request.by in metric.options.by_without_network:
        allowed = f"left out: {request.by} looks through no network"
        raise InvalidInput(request.field("model"), request.model, allowed)
    if request.by in FINISHED:
        _check_library(FINISHED[request.by])


def is_installed(name: str) -> bool:
    """Whether the library of one of dwlab's metrics of finished pictures is there."""
    library = FINISHED[name].options.library
    return not library or importlib.util.find_spec(library) is not None


def _check_library(metric: Metric) -> None:
    library = metric.options.library
    if library and importlib.util.find_spec(library) is None:
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


def network(request: MetricRequest, metric: Metric) -> ClipFolder | None:
    """The network that a metric looks through, None for one that needs none.

    Raises InvalidInput and ModelError like `clip_folder.find`; loads nothing.
    """
    if request.by in metric.options.by_without_network:
        return None
    if "model" in metric.allowed_options:
        if request.model:
            return clip_folder.find(request.field("model"), request.model)
        return clip_folder.shipped()
    return None


def is_known(column: str) -> bool:
    """Whether a column of a table holds one of dwlab's metrics."""
    return _metric_of(column) is not None or column in (*measures.NAMES, measures.STARS)


def facts_of(column: str) -> MetricFacts | None:
    """What one of dwlab's metrics says of itself, by its column of a table; None for another."""
    metric = _metric_of(column)
    return metric.facts if metric else _FACTS.get(column)


def scope_of(column: str) -> Scope | None:
    """What a column of finished pictures is measured with; None for another column."""
    metric = _metric_of(column)
    return metric.scope if metric else None


def _metric_of(column: str) -> Metric | None:
    return FINISHED.get(column.partition(".")[0])
