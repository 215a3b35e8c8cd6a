"""Requests make no code run: they name no methods, paths or classes of anybody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...metrics import registry
from ...spec.names import CODE
from ...spec.own_code.files import is_reference

if TYPE_CHECKING:
    from ..jobs.job import JsonObject

_SCHEDULERS = "a scheduler class of diffusers, or a name like DPM++ 2M Karras"


def check_sweep(sweep: JsonObject) -> None:
    """Raise InvalidInput for a sweep that names code, before any file is looked at."""
    for name in CODE:
        if name in sweep:
            raise InvalidInput(name, sweep[name], "left out: this server runs no code of requests")
    _check_metrics(sweep.get("metrics"))
    for part in ("base", "axes"):
        values = sweep.get(part)
        scheduler = values.get("scheduler") if isinstance(values, dict) else None
        if isinstance(scheduler, list):
            for index, value in enumerate(scheduler):
                check_scheduler(f"{part}.scheduler[{index}]", value)
        else:
            check_scheduler(f"{part}.scheduler", scheduler)


def _check_metrics(metrics: object) -> None:
    """Raise InvalidInput for metrics that are not dwlab's: of files, notebooks or packages."""
    for entry in metrics if isinstance(metrics, list) else ():
        for name, options in _named(entry):
            if name not in registry.names():
                raise InvalidInput("metrics", name, ", ".join(registry.names()))
            for option in ("code", "file"):
                if option in options:
                    allowed = "left out: this server runs no code of requests"
                    raise InvalidInput(f"metrics.{name}.{option}", options[option], allowed)


def _named(entry: object) -> list[tuple[str, JsonObject]]:
    """The metrics that an entry names, each with its options; the sweep refuses other forms."""
    if isinstance(entry, str):
        return [(entry, {})]
    pairs = entry.items() if isinstance(entry, dict) else ()
    return [(name, options if isinstance(options, dict) else {}) for name, options in pairs]


def check_scheduler(field: str, scheduler: object) -> None:
    """Raise InvalidInput for a scheduler that is a class in a file."""
    if is_reference(scheduler):
        raise InvalidInput(field, scheduler, _SCHEDULERS)
