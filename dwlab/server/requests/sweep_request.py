"""A sweep that is asked for over HTTP: how large it may be is seen before anything is made of it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..._util import yamlfile
from ...errors import InvalidInput
from ...metrics import measures
from ...paths import check_name
from ...runs.sweep import Sweep
from ...spec import axes, experiment_file, zipped
from ...spec.names import under_own_names
from ...spec.prompt_text import UNWRITABLE
from ..requests import allowed_arguments as allowed
from ..requests import json_text as documents
from ..requests import offered_models as offers
from ..requests import seed_text as seeds
from ..schemas import check_work

if TYPE_CHECKING:
    from ..settings import Settings

KEYS = "a map with name, model, base, axes, zip, skip, metrics, metric"
NODES = 3  # of a YAML text for each value: a value, its name, what they stand in
BEFORE_SKIPS = 10  # times max_cells, that the axes may make before skip rules
_TEXT = {"type": "string"}


def _axis(number: dict[str, Any]) -> dict[str, Any]:
    """The schema of an axis whose ranges are made of such numbers."""
    few = {"type": "array", "items": number, "maxItems": 3}
    return {
        "anyOf": [
            {"type": "array", "minItems": 1},
            {"type": "object", "properties": {"range": few}},
            {"type": "object", "properties": {"linspace": few}},
            {"type": "object", "properties": {"random": {"type": "integer", "minimum": 1}}},
        ]
    }


_AXES = dict.fromkeys(("steps", "guidance", "scheduler"), _axis({"type": "number"})) | {
    "seed": _axis(seeds.SCHEMA)
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "base"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"},
        "model": _TEXT,
        "base": {
            "type": "object", "required": ["prompt"],
            "properties": {
                "prompt": _TEXT, "negative_prompt": _TEXT, "call": {"type": "object"},
                "seed": {"anyOf": [*seeds.SCHEMA["anyOf"], {"const": "random"}]},
            },
        },
        "axes": {"type": "object", "properties": _AXES},
        "zip": {"type": "array", "items": {"type": "array", "items": _TEXT}},
        "skip": {"type": "array", "items": {"type": "object"}},
        "metrics": {"type": "array", "items": _TEXT},
        "metric": _TEXT,
    },
    "example": {"name": "trial", "base": {"prompt": "a red star"}, "axes": {"steps": [2, 8]}},
}  # fmt: skip


def read(body: bytes, yaml: bool, settings: Settings) -> tuple[dict[str, Any], str]:
    """The sweep in a request's body as plain values, and as a text that is the same for the same sweep.

    Raises InvalidInput, also for what this server does not do.
    """
    made = spec_of(body, yaml, settings).as_dict()
    return made, json.dumps({"sweep": made}, sort_keys=True)


def spec_of(body: bytes, yaml: bool, settings: Settings) -> Sweep:
    """The sweep in a request's body, its cells made and checked; raises as `read` does."""
    given = _parsed(body, yaml, _allowed(settings))
    _check_values(given, _allowed(settings))
    given = seeds.as_numbers(given)
    _check_axes(given, settings)
    _check_models(given, settings)
    spec: Sweep = Sweep.from_dict({"model": settings.model, **given})
    measures.check_names(spec.metrics)
    measures.check_ranking(spec.metric, spec.metrics)
    allowed.check(spec)
    cells = spec.cells(limit=settings.max_cells)
    for cell in cells:
        check_work(cell.params, settings)
    for model in {cell.params.model for cell in cells}:
        offers.check(model, settings)
    return spec


def _parsed(body: bytes, yaml: bool, most: int) -> dict[str, Any]:
    text = documents.text_of(body)
    given = (
        experiment_file.parse(text, "the sweep", most=NODES * most)
        if yaml
        else documents.read(text)
    )
    if not isinstance(given, dict):
        raise InvalidInput("the sweep", given, KEYS)
    if given.get("name") is None:
        raise InvalidInput("name", None, "a name for the experiment")
    check_name(given["name"])
    return given


def _allowed(settings: Settings) -> int:
    """The values that a sweep may have, all its axes and rules together: each cell may hold, and each rule ask for, all."""
    return 4 * settings.max_cells + 1000


def _check_values(given: Any, most: int) -> None:
    """Refuse too many values or levels, text that cannot be stored, and numbers without end."""
    waiting, seen = [(given, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        inside = (
            [*value, *value.values()]
            if isinstance(value, dict)
            else value
            if isinstance(value, list)
            else ()
        )
        waiting += [(one, depth + 1) for one in inside]
        seen += not inside
        if depth > yamlfile.DEPTH_LIMIT:
            raise InvalidInput(
                "the sweep", "deeply nested text", f"at most {yamlfile.DEPTH_LIMIT} levels"
            )
        if isinstance(value, str) and UNWRITABLE.search(value):
            raise InvalidInput(
                "the sweep", value, "text without NUL characters and lone surrogates"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidInput("the sweep", value, "finite numbers")
    if seen > most:
        raise InvalidInput(
            "the sweep", f"{seen:,} names and values", f"at most {most:,} on this server"
        )


def _check_models(given: dict[str, Any], settings: Settings) -> None:
    """Refuse models that are not offered before one is looked for on this machine's disk."""
    base, swept = given.get("base"), given.get("axes")
    asked = {"model": given.get("model")}
    if isinstance(base, dict):
        asked["base.model"] = base.get("model")
    if isinstance(swept, dict) and isinstance(swept.get("model"), list):
        asked |= {f"axes.model[{k}]": model for k, model in enumerate(swept["model"])}
    for field, model in asked.items():
        if model is not None:
            offers.check(model, settings, field)


def _check_axes(given: dict[str, Any], settings: Settings) -> None:
    """Refuse axes that make too much before their values are made."""
    asked, most = given.get("axes") or {}, settings.max_cells
    if not isinstance(asked, dict):
        return  # which the sweep itself refuses
    columns = {
        name: range(axes.length(name, spec))
        for name, spec in under_own_names(asked, "axes").items()
    }
    for name, column in columns.items():
        if len(column) > most:
            raise InvalidInput(
                f"axes.{name}", f"{len(column):,} values", f"at most {most:,} on this server"
            )
    if (total := sum(map(len, columns.values()))) > _allowed(settings):
        raise InvalidInput(
            "axes", f"{total:,} values", f"at most {_allowed(settings):,} on this server"
        )
    groups = zipped.all_groups(zipped.zip_groups(given.get("zip") or ()), columns)
    made = math.prod(len(columns[group[0]]) for group in groups)
    most *= BEFORE_SKIPS if given.get("skip") else 1
    if made > most:
        raise InvalidInput("axes", "too many combinations", f"at most {most:,} on this server")
