"""Methods in a sweep: in its base, or as an axis, with their parameters as axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from .classes import PIPELINE, SCHEDULER, OwnClass, checked_class, own_scheduler
from .files import is_reference
from .recipe import FIELD, Method, checked_method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PREFIX = f"{FIELD}."


def _scheduler(field: str, value: object) -> object:
    """A scheduler as it is written, or the class of the user's own that it names."""
    try:
        return own_scheduler(value) or value
    except InvalidInput as error:
        raise error.at(field) from None


_READERS: dict[str, Callable[[str, object], object]] = {
    FIELD: checked_method,
    PIPELINE: checked_class,
    SCHEDULER: _scheduler,
}


def check_once(method: object, base: Mapping[str, object], axes: Mapping[str, object]) -> None:
    """Raise InvalidInput for a sweep whose method is given beside one in base or axes."""
    if method is not None and (FIELD in base or FIELD in axes):
        where = f"base.{FIELD}" if FIELD in base else f"axes.{FIELD}"
        raise InvalidInput(FIELD, str(method), f"one place for it: there is {where} too")


def with_methods(
    base: Mapping[str, object], columns: Mapping[str, Any]
) -> tuple[dict[str, object], dict[str, Any]]:
    """The base and axes of a sweep with the user's own code in them read, but not run.

    Raises InvalidInput for code that cannot be read, and for a parameter that no method has.
    """
    read_base = dict(base)
    read_columns = dict(columns)
    for name, read in _READERS.items():
        if name in base:
            read_base[name] = read(f"base.{name}", base[name])
        if name in columns:
            read_columns[name] = tuple(
                read(f"axes.{name}[{index}]", value) for index, value in enumerate(columns[name])
            )
    methods = [*read_columns.get(FIELD, ()), read_base.get(FIELD)]
    known = [method for method in methods if isinstance(method, Method)]
    for part, values in (("base", base), ("axes", columns)):
        for name in values:
            if name.startswith(PREFIX):
                _check_parameter(f"{part}.{name}", name.removeprefix(PREFIX), known)
    return read_base, read_columns


def _check_parameter(field: str, parameter: str, methods: list[Method]) -> None:
    if any(method.has(parameter) for method in methods):
        return
    names = [name for method in methods for name in _names_of(method)]
    listed = ", ".join(f"{PREFIX}{name}" for name in dict.fromkeys(names))
    allowed = listed or "left out, because the sweep has no method with parameters"
    raise InvalidInput(field, parameter, allowed)


def _names_of(method: Method) -> list[str]:
    return [parameter.name for parameter in method.declared] or list(method.values)


def with_value(method: object, parameter: str, value: object) -> object:
    """A method with another value of a parameter.

    One that has no such parameter stays as it is: other methods of the sweep have it.
    """
    read = checked_method(FIELD, method)
    if read is None or not read.has(parameter):
        return read
    return read.with_value(parameter, value)


def as_plain(value: object) -> object:
    """What JSON cannot hold, as plain values: a method by its file, or as in a recipe."""
    if callable(value):
        value = checked_method(FIELD, value)
    if isinstance(value, Method | OwnClass):
        return f"{value.file}:{value.name}" if value.file else value.as_dict()
    return list(value)  # type: ignore[call-overload]  # a range or a tuple


def beside(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an experiment's file, with the paths of code taken from the folder of the file."""
    moved = dict(values)
    for name in _READERS:
        if name in moved:
            moved[name] = _moved(folder, moved[name])
    return moved


def _moved(folder: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_moved(folder, each) for each in value]
    if is_reference(value) and not value.startswith("~"):
        # a run of later may begin in another folder
        return str((folder / value).absolute())
    return value
