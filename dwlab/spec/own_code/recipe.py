"""A method as a recipe names it: the hash of its code, and the values of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from . import files, live
from .code import MAIN
from .parameters import NAME, Parameter, is_value
from .row_parts import name_code_and_file

if TYPE_CHECKING:
    from .parameters import Value

FIELD = "method"
# what a table calls cells without a method
STOCK = "stock"
_PARTS = ("name", "code", "parameters", "file")
_ALLOWED = "FILE.py:NAME, like methods/interval.py:interval, or a function with @dwlab.method"


@dataclass(frozen=True)
class Method:
    """A function of the user's own that makes the picture.

    code: its hash. parameters: the value of each, by name. file: where its code was read, for the
    person whose machine it is; empty for a function of a notebook. declared: what its parameters
    may be; empty for a method that was read from a row.
    """

    name: str
    code: str
    parameters: tuple[tuple[str, Value], ...] = ()
    file: str = field(default="", compare=False)
    declared: tuple[Parameter, ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def values(self) -> dict[str, Value]:
        """The value of each parameter, by name."""
        return dict(self.parameters)

    def has(self, parameter: str) -> bool:
        """Whether it has a parameter of that name."""
        declared = [each.name for each in self.declared]
        return parameter in (declared or self.values)

    def with_value(self, parameter: str, value: object) -> Method:
        """The same with another value of a parameter; raises InvalidInput if it is not allowed."""
        checked = self._checked(parameter, value)
        return replace(self, parameters=_sorted({**self.values, parameter: checked}))

    def _checked(self, name: str, value: object) -> Value:
        for parameter in self.declared:
            if parameter.name == name:
                return parameter.checked(f"{FIELD}.{name}", value)
        return _checked_value(f"{FIELD}.{name}", value)

    def check_complete(self) -> None:
        """Raise InvalidInput for a parameter without a value."""
        for parameter in self.declared:
            if parameter.name not in self.values:
                allowed = f"{parameter.allowed}: {self.name} has no default for it"
                raise InvalidInput(f"{FIELD}.{parameter.name}", None, allowed)

    def for_key(self) -> dict[str, object]:
        """What stands for it in a key."""
        return {"code": self.code, "parameters": self.values}

    def as_dict(self) -> dict[str, object]:
        """Its values for JSON; empty ones are left out."""
        values = {
            "name": self.name,
            "code": self.code,
            "parameters": self.values,
            "file": self.file,
        }
        return {name: value for name, value in values.items() if value}

    def without_path(self) -> Method:
        """The same without the path of its file, which is private."""
        return replace(self, file="")


def checked_method(field: str, value: object) -> Method | None:
    """The method that a recipe names; None without one.

    value: `FILE.py:NAME`, a function, or a map as `Method.as_dict` makes it. Raises InvalidInput.
    """
    if value is None or isinstance(value, Method):
        return value
    if isinstance(value, str):
        return _of_file(field, value)
    if isinstance(value, Mapping):
        return _of_map(field, value)
    if callable(value):
        return _of_function(value)
    raise InvalidInput(field, value, _ALLOWED)


def label(value: object) -> str:
    """What a table calls a method, whose form is that of a sweep or a recipe."""
    if value is None:
        return STOCK
    if isinstance(value, Mapping):
        return str(value.get("name", STOCK))
    name = value.rpartition(":")[2] if isinstance(value, str) else getattr(value, "__name__", value)
    return str(name)


def _of_file(field: str, reference: str) -> Method:
    file = files.read(field, reference)
    parameters = file.declarations.parameters(file.code.name)
    path = file.code.paths[MAIN]
    return _with_defaults(Method(file.code.name, file.code.digest, file=path, declared=parameters))


def _of_function(function: Callable[..., object]) -> Method:
    code, parameters = live.read(function)
    path = code.paths.get(MAIN, "")
    return _with_defaults(Method(code.name, code.digest, file=path, declared=parameters))


def _with_defaults(method: Method) -> Method:
    defaults = {each.name: each.default for each in method.declared if each.default is not None}
    return replace(method, parameters=_sorted(defaults))


def _sorted(values: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted(values.items()))


def _of_map(field: str, values: Mapping[str, object]) -> Method:
    """A method as a row says it; its code is not looked at."""
    name, code, file = name_code_and_file(field, values, _PARTS, "function")
    parameters = values.get("parameters", {})
    if not isinstance(parameters, Mapping) or not all(map(_is_name, parameters)):
        raise InvalidInput(f"{field}.parameters", parameters, "a map from names to values")
    checked = {
        str(parameter): _checked_value(f"{field}.{parameter}", value)
        for parameter, value in parameters.items()
    }
    return Method(name, code, _sorted(checked), file=str(PurePath(file)) if file else "")


def _is_name(name: object) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def _checked_value(field: str, value: object) -> Value:
    if is_value(value):
        return value
    raise InvalidInput(field, value, "a number, a text, true or false")
