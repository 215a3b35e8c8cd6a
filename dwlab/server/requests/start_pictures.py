"""The pictures that a request names: only those that this server stores, never a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...spec.inputs import PICTURES, digest_of, stored_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..jobs.job import JsonObject

_ALLOWED = "the name of a picture that was sent to /api/inputs, like sha256:0123..."


def check(field: str, value: object, root: Path) -> None:
    """Raise InvalidInput unless a value is None or the name of a stored picture."""
    if value is None:
        return
    if digest_of(value) is None:
        raise InvalidInput(field, value, _ALLOWED)
    if not (root / str(stored_path(value))).is_file():
        raise InvalidInput(field, value, f"{_ALLOWED}; this one is not here, send it again")


def check_sweep(sweep: JsonObject, root: Path) -> None:
    """Check all pictures that a sweep names, before any of its values is looked at."""
    for field, value in _pictures(sweep):
        check(field, value, root)


def _pictures(sweep: JsonObject) -> Iterator[tuple[str, object]]:
    """The pictures in a sweep's base and axes, each with where it stands."""
    base = sweep.get("base")
    swept = sweep.get("axes")
    for name in PICTURES:
        if isinstance(base, dict):
            yield f"base.{name}", base.get(name)
        column = swept.get(name) if isinstance(swept, dict) else None
        if isinstance(column, list):
            yield from ((f"axes.{name}[{index}]", value) for index, value in enumerate(column))
        elif column is not None:
            raise InvalidInput(f"axes.{name}", column, f"a list; each value is {_ALLOWED}")
