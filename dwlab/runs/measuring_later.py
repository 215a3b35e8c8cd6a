"""Measures the pictures of an experiment that ran, after the fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..metrics import registry
from ..spec.metric_requests import MetricRequest
from ..store.experiments import never_ran
from ..store.store import Store, open_existing
from .measuring import Job, Report, measure
from .remeasure import Measured, remeasure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .measuring import Listener


def measure_experiment(
    root: Path,
    experiment: str,
    names: Sequence[str] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    label: str = "",
    device: str = "auto",
    on_progress: Listener | None = None,
) -> list[Report | Measured]:
    """Measure the pictures of an experiment that ran, after the fact.

    names: of metrics; None for all that apply as pictures are saved, and those that the experiment's
    file names. options, label: of `MetricRequest`; each metric gets the options that it takes.
    Raises InvalidInput for an unknown experiment, metric or option, and ModelError for a network
    that cannot be used.
    """
    with open_existing(root) as existing:
        known = existing.experiments.specs() if existing else {}
    if experiment not in known:
        raise never_ran(root, experiment, known)
    if names is None:
        if options:
            allowed = "left out without the name of a metric that takes it"
            raise InvalidInput(next(iter(options)), next(iter(options.values())), allowed)
        requests = registry.requests(known[experiment].get("metrics"))
    else:
        requests = _requests(names, options or {}, label)
    jobs = [Job.of(request) for request in requests if request.name in registry.FINISHED]
    saved = None if names is None else registry.names_to_save(names)
    reports: list[Report | Measured] = []
    if saved is None or saved:
        reports.append(remeasure(root, experiment, saved, on_progress=on_progress))
    with Store(root) as store:
        reports += [
            measure(store, experiment, job, device=device, on_progress=on_progress) for job in jobs
        ]
    return reports


def _requests(names: Sequence[str], options: Mapping[str, Any], label: str) -> list[MetricRequest]:
    """The metrics with these names, each with the options that it takes."""
    requests = []
    used: set[str] = set()
    for name in names:
        metric = registry.FINISHED.get(name)
        taken = metric.needs | metric.takes if metric else frozenset()
        own = {option: value for option, value in options.items() if option in taken}
        used |= own.keys()
        request = MetricRequest(name, label=label if metric else "", **own)
        registry.check_request(request)
        requests.append(request)
    for option, value in options.items():
        if option not in used:
            allowed = f"left out: none of {', '.join(names)} takes it"
            raise InvalidInput(option, value, allowed)
    return requests
