"""Benchmark files: one JSON document per run, checked against its schema on the way in and out.

There are two kinds: what `dwlab bench run` measured, and what `dwlab bench engine` measured (`"kind": "engine"`).
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

from .._util.atomic import write_atomic
from .._util.checks import is_whole_number
from ..errors import InvalidInput

SCHEMA = 1
RUN, ENGINE = "run", "engine"
SIZE_LIMIT = 64 << 20  # bytes


def save(path: Path, document: dict[str, Any]) -> Path:
    """Write a run, whole or not at all."""
    check(document, path.name)
    write_atomic(path, json.dumps(document, indent=1, allow_nan=False).encode())
    return path


def load(path: str | Path) -> dict[str, Any]:
    """The document in a file, of either kind; raises InvalidInput that says where it breaks the schema."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise InvalidInput("file", str(path), "a benchmark's file of at most 64 MiB")
        document = json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            "file",
            str(path),
            f"the JSON that `dwlab bench run` or `dwlab bench engine` writes ({reason})",
        ) from error
    check(document, path.name)
    return document


def kind(document: dict[str, Any]) -> str:
    """Which benchmark wrote a document: RUN or ENGINE."""
    return ENGINE if document.get("kind") == ENGINE else RUN


def check(document: Any, name: str) -> None:
    """Raise InvalidInput naming the place where a document breaks its schema."""
    if not isinstance(document, dict):
        raise InvalidInput(f"{name}: the document", document, "a JSON object")
    version = document.get("schema")
    if isinstance(version, int) and version > SCHEMA:
        raise InvalidInput(
            f"{name}: schema", version, f"at most {SCHEMA}; a newer dwlab wrote this file"
        )
    breaks = sorted(
        _validator(kind(document)).iter_errors(document),
        key=lambda error: list(map(str, error.path)),
    )
    if breaks:
        place = ".".join(map(str, breaks[0].absolute_path)) or "the document"
        allowed = f"what the schema says ({breaks[0].message[:200]})"
        raise InvalidInput(f"{name}: {place}", breaks[0].instance, allowed)
    for number, row in enumerate(document["rows"]):
        (_check_engine_row if kind(document) == ENGINE else _check_run_row)(
            document, row, f"{name}: rows.{number}"
        )


def _check_run_row(_document: dict[str, Any], row: dict[str, Any], place: str) -> None:
    """What a schema cannot say: the `rounds` of a phase count its samples."""
    for phase_name, phase in (row.get("phases") or {}).items():
        if sum(phase["rounds"]) != len(phase["samples_s"]):
            allowed = f"numbers that add up to {len(phase['samples_s'])} samples"
            raise InvalidInput(f"{place}.phases.{phase_name}.rounds", phase["rounds"], allowed)


def _check_engine_row(document: dict[str, Any], row: dict[str, Any], place: str) -> None:
    """What a schema cannot say: lists have an entry per round, and the dtype's matmul rate was measured."""
    lengths = {len(value) for value in row.values() if isinstance(value, list)}
    if len(lengths) > 1:
        raise InvalidInput(place, sorted(lengths), "lists with one entry per round")
    if row["dtype"] not in document["matmul"]:
        raise InvalidInput(
            f"{place}.dtype", row["dtype"], f"a dtype of matmul: {', '.join(document['matmul'])}"
        )


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large")
    return number


@functools.cache
def _validator(kind_name: str) -> Any:
    from jsonschema import Draft202012Validator, validators

    # the standard lets 1e308 pass as an integer
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: is_whole_number(value)
    )
    schema = json.loads((Path(__file__).parent / f"{kind_name}.schema.json").read_text("utf-8"))
    validator: Any = validators  # untyped
    return validator.extend(Draft202012Validator, type_checker=types)(schema)
