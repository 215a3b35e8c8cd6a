"""Benchmark files: one JSON document per run, checked against a schema on the way in and out."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..files import write_atomic

SCHEMA = 1
SIZE_LIMIT = 64 << 20  # bytes


def save(path: Path, document: dict[str, Any]) -> Path:
    """Write a run, whole or not at all."""
    check(document, path.name)
    write_atomic(path, json.dumps(document, indent=1, allow_nan=False).encode())
    return path


def load(path: str | Path) -> dict[str, Any]:
    """The run that a file holds; raises InvalidInput saying where it is not one."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise InvalidInput("file", str(path), "a benchmark's file of at most 64 MiB")
        document = json.loads(data, parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            "file", str(path), f"the JSON of a benchmark, as `dwlab bench run` writes it ({error})"
        ) from error
    check(document, path.name)
    return document


def check(document: Any, name: str) -> None:
    """Raise InvalidInput naming the place where a document breaks the schema."""
    version = document.get("schema") if isinstance(document, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise InvalidInput(f"{name}: schema", version, f"at most {SCHEMA}; a newer dwlab wrote it")
    error = next(iter(sorted(_validator().iter_errors(document), key=lambda e: list(map(str, e.path)))), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "the document"
        raise InvalidInput(f"{name}: {place}", error.instance, f"what the schema says ({error.message[:200]})")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


@functools.cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads((Path(__file__).parent / "schema.json").read_text("utf-8")))
