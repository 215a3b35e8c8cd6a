"""The pictures that a request names: only those that this server stores, never a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...spec.inputs import PICTURES, digest_of, stored_path
from ...spec.names import own_name

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
    """The pictures in a sweep's base and axes, in any spelling, each with where it stands."""
    for name, value in _entries(sweep.get("base")):
        yield f"base.{name}", value
    for name, column in _entries(sweep.get("axes")):
        if not isinstance(column, list):
            raise InvalidInput(f"axes.{name}", column, f"a list; each value is {_ALLOWED}")
        for index, value in enumerate(column):
            yield f"axes.{name}[{index}]", value


def _entries(values: object) -> Iterator[tuple[str, object]]:
    """The entries of a map that are pictures, under their own spelling."""
    if isinstance(values, dict):
        for name, value in values.items():
            if own_name(str(name)) in PICTURES:
                yield str(name), value
