"""Measures the pictures of an experiment that ran, after the fact."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..metrics import registry
from ..spec.metric_requests import parse, shown
from ..store.experiments import never_ran
from ..store.store import Store, open_existing
from . import code_trust
from .measuring import Report, measure
from .metric_jobs import Job
from .remeasure import Measured, remeasure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..spec.metric_requests import MetricRequest
    from .measuring import Listener


def measure_experiment(
    root: Path,
    experiment: str,
    names: Sequence[object] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    label: str = "",
    device: str = "auto",
    on_progress: Listener | None = None,
    trust_code: bool = False,
) -> list[Report | Measured]:
    """Measure the pictures of an experiment that ran, after the fact.

    names: of metrics, or functions with `dwlab.metric`; None for all that apply as pictures are
    saved, and those that the experiment's file names. options, label: of `MetricRequest`; each metric gets the options that it takes.
    Code in a file that `names` names runs; code that the experiment's file names runs with
    trust_code, and if the person here agreed to it before. Raises InvalidInput for an unknown
    experiment, metric or option, and ModelError for a network that cannot be used.
    """
    requests_of_file = requests_of(root, experiment)
    if names is None:
        if options:
            allowed = "left out without the name of a metric that takes it"
            raise InvalidInput(next(iter(options)), next(iter(options.values())), allowed)
        requests = requests_of_file
        if trust_code:
            code_trust.trust(requests)
        code_trust.check(requests)
    else:
        requests = _requests(names, options or {}, label)
        code_trust.agree(requests)
    jobs = [Job.of(request) for request in requests if not registry.is_saved(request)]
    saved = None if names is None else registry.names_to_save(names)
    reports: list[Report | Measured] = []
    if saved is None or saved:
        reports.append(remeasure(root, experiment, saved, on_progress=on_progress))
    with Store(root) as store:
        reports += [
            measure(store, experiment, job, device=device, on_progress=on_progress) for job in jobs
        ]
    return reports


def requests_of(root: Path, experiment: str) -> list[MetricRequest]:
    """The metrics of finished pictures that an experiment's file names, if their code is here.

    Raises InvalidInput for an experiment that never ran here.
    """
    with open_existing(root) as existing:
        known = existing.experiments.specs() if existing else {}
    if experiment not in known:
        raise never_ran(root, experiment, known)
    requests = registry.requests(known[experiment].get("metrics"))
    return [request for request in requests if request.own is None or request.own.is_here]


def _requests(
    names: Sequence[object], options: Mapping[str, Any], label: str
) -> list[MetricRequest]:
    """The metrics with these names, each with the options that it takes."""
    requests = []
    used: set[str] = set()
    for request in parse(names):
        metric = None if registry.is_saved(request) else registry.metric_of(request)
        taken = metric.allowed_options if metric else frozenset()
        own = {option: value for option, value in options.items() if option in taken}
        used |= own.keys()
        changed = replace(request, label=label if metric else "", **own)
        registry.check_request(changed)
        requests.append(changed)
    for option, value in options.items():
        if option not in used:
            listed = ", ".join(request.name for request in requests)
            allowed = f"left out: none of {listed} takes it"
            raise InvalidInput(option, shown(option, value), allowed)
    return requests
