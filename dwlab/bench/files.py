"""Benchmark files: one JSON document each, checked against its schema when read and written.

There are three kinds: what `dwlab bench run` measured, `dwlab bench engine` (`"kind": "engine"`) and
`dwlab bench quality` (`"kind": "quality"`).
"""

from __future__ import annotations

import functools
import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.checks import is_whole_number
from ..errors import InvalidInput

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

# A JSON object.
Document = dict[str, Any]

SCHEMA = 1
RUN = "run"
ENGINE = "engine"
QUALITY = "quality"
SIZE_LIMIT = 64 << 20  # bytes


def save(path: Path, document: Document) -> Path:
    """Write a document, completely or not at all."""
    check(document, path.name)
    write_atomic(path, json.dumps(document, indent=1, allow_nan=False).encode())
    return path


def new_path(folder: Path, system: Document) -> Path:
    """A path that is not taken, named after the most telling device and the day.

    system: see `dwlab.bench.machine`.
    """
    names = list(system["devices"])
    accelerators = [name for name in names if name != "cpu"]
    device = accelerators[0] if accelerators else "cpu"
    title = str(system["devices"][device]["name"]).lower()
    title = re.sub(r"[^a-z0-9]+", "-", title).strip("-")[:48]
    stem = f"{title or device}-{datetime.now(UTC).date().isoformat()}"
    path = folder / f"{stem}.json"
    number = 1
    while path.exists():
        # a second run on the same day does not replace the first
        number += 1
        path = folder / f"{stem}-{number}.json"
    return path


def load(path: str | Path) -> Document:
    """The document in a file of any kind; raises InvalidInput that says where it is wrong."""
    path = Path(path)
    try:
        document = _read(path)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        reason = getattr(error, "strerror", None) or error
        allowed = f"the JSON that `dwlab bench run`, `engine` or `quality` writes ({reason})"
        raise InvalidInput("file", str(path), allowed) from error
    check(document, path.name)
    return dict(document)


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        data = file.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise InvalidInput("file", str(path), "a benchmark file of at most 64 MiB")
    return json.loads(data, parse_constant=_refuse, parse_float=_finite)


def kind(document: Document) -> str:
    """Which benchmark wrote a document: RUN, ENGINE or QUALITY."""
    named = document.get("kind")
    return str(named) if named in (ENGINE, QUALITY) else RUN


def check(document: object, name: str) -> None:
    """Raise InvalidInput that names the location in which a document breaks its schema."""
    if not isinstance(document, dict):
        raise InvalidInput(f"{name}: the document", document, "a JSON object")
    version = document.get("schema")
    if isinstance(version, int) and version > SCHEMA:
        allowed = f"at most {SCHEMA}; a newer dwlab wrote this file"
        raise InvalidInput(f"{name}: schema", version, allowed)
    _check_schema(document, name)
    check_row = _CHECKS[kind(document)]
    for number, row in enumerate(document["rows"]):
        check_row(document, row, f"{name}: rows.{number}")


def _check_schema(document: Document, name: str) -> None:
    errors = list(_validator(kind(document)).iter_errors(document))
    if not errors:
        return
    first = min(errors, key=lambda error: [str(part) for part in error.path])
    location = ".".join(str(part) for part in first.absolute_path) or "the document"
    allowed = f"what the schema says ({first.message[:200]})"
    raise InvalidInput(f"{name}: {location}", first.instance, allowed)


def _check_run_row(_document: Document, row: Document, location: str) -> None:
    """Check what a schema cannot say: the `rounds` of a phase count its samples."""
    for phase_name, phase in (row.get("phases") or {}).items():
        samples = len(phase["samples_s"])
        if sum(phase["rounds"]) != samples:
            field = f"{location}.phases.{phase_name}.rounds"
            allowed = f"numbers that add up to {samples} samples"
            raise InvalidInput(field, phase["rounds"], allowed)


def _check_engine_row(document: Document, row: Document, location: str) -> None:
    """Check what a schema cannot say: one entry per round in lists, a matmul rate for the dtype.

    Lists that the schema lets be empty are so for engines that compute outside of the model's modules.
    """
    lengths = {len(value) for value in row.values() if isinstance(value, list) and value}
    if len(lengths) > 1:
        raise InvalidInput(location, sorted(lengths), "lists with one entry per round")
    if row["dtype"] not in document["matmul"]:
        allowed = f"a dtype of matmul: {', '.join(document['matmul'])}"
        raise InvalidInput(f"{location}.dtype", row["dtype"], allowed)


def _check_quality_row(document: Document, row: Document, location: str) -> None:
    """Check what a schema cannot say: as many rounds as the plain way has, which comes first."""
    rounds = len(document["rows"][0]["seconds"])
    for field in ("seconds", "denoiser_seconds"):
        if len(row[field]) != rounds:
            raise InvalidInput(
                f"{location}.{field}", len(row[field]), f"{rounds} rounds, as plain has"
            )


_CHECKS = {RUN: _check_run_row, ENGINE: _check_engine_row, QUALITY: _check_quality_row}


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large")
    return number


@functools.cache
def _validator(kind_name: str) -> Validator:
    from jsonschema import Draft202012Validator, validators

    # the standard lets 1e308 pass as an integer
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: is_whole_number(value)
    )
    schema = json.loads((Path(__file__).parent / f"{kind_name}.schema.json").read_text("utf-8"))
    # untyped
    extend: Any = validators.extend
    validator: Validator = extend(Draft202012Validator, type_checker=types)(schema)
    return validator
