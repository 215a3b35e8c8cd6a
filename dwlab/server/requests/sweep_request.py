"""What a request for a sweep may contain; its size is checked before anything is made of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..._util import yamlfile
from ...errors import InvalidInput
from ...metrics import registry
from ...paths import check_name
from ...runs.sweep import Sweep
from ...spec import axes, experiment_file, inputs, zipped
from ...spec.names import own_name, under_own_names
from ...spec.params import FIELDS
from ...spec.prompt_text import UNWRITABLE
from . import (
    allowed_arguments,
    json_text,
    offered_models,
    own_code,
    searches,
    seed_text,
    start_pictures,
)
from .work_limits import check_work

if TYPE_CHECKING:
    from pathlib import Path

    from ..jobs.job import JsonObject
    from ..settings import ServerSettings

KEYS = "a map with name, model, base, axes, zip, skip, metrics, metric, probes, budget, search"
# parameters that a sweep from the network may have: none that names a file
ACCEPTED = frozenset(
    {
        "prompt",
        "negative_prompt",
        "seed",
        "steps",
        "guidance",
        "width",
        "height",
        "scheduler",
        "model",
        "dtype",
        "noise",
        "long_prompt",
        "prompt_weighting",
        *inputs.FIELDS,
        "call",
        "scheduler_options",
        "accelerate",
    }
)
NODES = 3  # of a YAML text per value: the value, its name, and what they stand in
BEFORE_SKIPS = 10  # times max_cells: what the axes may make before skip rules apply


def read_sweep(body: bytes, *, is_yaml: bool, settings: ServerSettings, root: Path) -> Sweep:
    """The sweep in a request's body, with its cells made and checked.

    root: the results folder, which holds the pictures that cells start from. Raises InvalidInput, also for what this server does not do.
    """
    values = _parsed(body, is_yaml, _value_limit(settings))
    if "memory" in values:
        raise InvalidInput("memory", values["memory"], "left out: the server's own settings hold")
    _check_values(values, _value_limit(settings))
    own_code.check_sweep(values)
    values = seed_text.as_numbers(values)
    _check_names(values)
    start_pictures.check_sweep(values, root)
    _check_models(values, settings)
    _check_axes(values, settings)
    sweep: Sweep = Sweep.from_dict({"model": settings.model, **values})
    _check_metrics(sweep)
    allowed_arguments.check(sweep)
    cells = sweep.cells(limit=settings.max_cells)
    searches.check(sweep, cells)
    for cell in cells:
        check_work(cell.params, settings)
    for model in {cell.params.model for cell in cells}:
        offered_models.check(model, settings)
    return sweep


def _check_metrics(sweep: Sweep) -> None:
    registry.check(sweep.metrics)
    registry.check_ranking(sweep.metric, sweep.metrics)
    for request in registry.requests(sweep.metrics):
        if request.model:
            allowed = "left out: this server looks through no networks that requests name"
            raise InvalidInput(request.field("model"), request.model, allowed)


def _parsed(body: bytes, is_yaml: bool, value_limit: int) -> JsonObject:
    text = json_text.decode(body)
    if is_yaml:
        values = experiment_file.parse(text, "the sweep", most=NODES * value_limit)
    else:
        values = json_text.parse(text)
    if not isinstance(values, dict):
        raise InvalidInput("the sweep", values, KEYS)
    if values.get("name") is None:
        raise InvalidInput("name", None, "a name for the experiment")
    check_name(values["name"])
    return values


def _value_limit(settings: ServerSettings) -> int:
    """How many values a sweep may have, all its axes and rules together.

    Each cell may have a value of its own on each axis, and each rule may name one.
    """
    return 4 * settings.max_cells + 1000


def _check_values(sweep: object, limit: int) -> None:
    """Refuse too many values or levels, text that cannot be stored, and numbers not finite."""
    pending = [(sweep, 0)]
    count = 0
    while pending:
        value, depth = pending.pop()
        inner = _inner_values(value)
        pending += [(item, depth + 1) for item in inner]
        if not inner:
            count += 1
        if depth > yamlfile.DEPTH_LIMIT:
            allowed = f"at most {yamlfile.DEPTH_LIMIT} levels"
            raise InvalidInput("the sweep", "deeply nested text", allowed)
        _check_value(value)
    if count > limit:
        allowed = f"at most {limit:,} on this server"
        raise InvalidInput("the sweep", f"{count:,} names and values", allowed)


def _inner_values(value: object) -> list[object]:
    """What a list holds, or a map's names and values; nothing for a plain value."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _check_value(value: object) -> None:
    if isinstance(value, str) and UNWRITABLE.search(value):
        allowed = "text without NUL characters and lone surrogates"
        raise InvalidInput("the sweep", value, allowed)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput("the sweep", value, "finite numbers")


def _check_names(sweep: JsonObject) -> None:
    """Refuse parameters that name files or other models, before any of their values is looked at."""
    for part in ("base", "axes"):
        values = sweep.get(part)
        if not isinstance(values, dict):
            continue  # the sweep itself refuses this
        for name in values:
            parameter = own_name(str(name)).partition(".")[0]
            if parameter in FIELDS and parameter not in ACCEPTED:
                allowed = (
                    f"{', '.join(sorted(ACCEPTED))}; this server takes no files or other models"
                )
                raise InvalidInput(f"{part}.{name}", values[name], allowed)


def _check_models(sweep: JsonObject, settings: ServerSettings) -> None:
    """Refuse models that are not offered before any is looked for on this machine's disk."""
    base = sweep.get("base")
    swept = sweep.get("axes")
    models = {"model": sweep.get("model")}
    if isinstance(base, dict):
        models["base.model"] = base.get("model")
    column = swept.get("model") if isinstance(swept, dict) else None
    if isinstance(column, list):
        for index, model in enumerate(column):
            models[f"axes.model[{index}]"] = model
    else:
        # a pattern of paths would be looked for on this machine's disk
        models["axes.model"] = column
    for field, model in models.items():
        if model is not None:
            offered_models.check(model, settings, field)


def _check_axes(sweep: JsonObject, settings: ServerSettings) -> None:
    """Refuse axes that make too many cells before their values are made."""
    descriptions = sweep.get("axes") or {}
    if not isinstance(descriptions, dict):
        return  # the sweep itself refuses this
    columns = {}
    for name, description in under_own_names(descriptions, "axes").items():
        if isinstance(description, dict) and axes.VARIANTS in description:
            raise InvalidInput(f"axes.{name}", description, "a list of texts, on this server")
        columns[name] = range(axes.length(name, description))
    _check_lengths(columns, settings)
    limit = settings.max_cells
    if sweep.get("skip"):
        limit *= BEFORE_SKIPS
    groups = zipped.all_groups(zipped.zip_groups(sweep.get("zip") or ()), columns)
    cells = math.prod(len(columns[group[0]]) for group in groups)
    if cells > limit:
        allowed = f"at most {limit:,} on this server"
        raise InvalidInput("axes", "too many combinations", allowed)


def _check_lengths(columns: dict[str, range], settings: ServerSettings) -> None:
    limit = settings.max_cells
    for name, column in columns.items():
        if len(column) > limit:
            allowed = f"at most {limit:,} on this server"
            raise InvalidInput(f"axes.{name}", f"{len(column):,} values", allowed)
    total = sum(len(column) for column in columns.values())
    if total > _value_limit(settings):
        allowed = f"at most {_value_limit(settings):,} on this server"
        raise InvalidInput("axes", f"{total:,} values", allowed)
