"""A class of the user's own as a recipe names it: a scheduler, or a pipeline derived from a stock one."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...errors import InvalidInput
from . import files
from .code import MAIN
from .row_parts import name_code_and_file

SCHEDULER = "scheduler"
SCHEDULER_CODE = "scheduler_code"
PIPELINE = "pipeline"
_PARTS = ("name", "code", "file")


@dataclass(frozen=True)
class OwnClass:
    """A class in a file of the user's own.

    code: its hash. file: where its code was read, for the person whose machine it is.
    arguments: the names of what its `__call__` takes by keyword, as far as the class says so.
    """

    name: str
    code: str
    file: str = field(default="", compare=False)
    arguments: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    def for_key(self) -> str:
        """What stands for it in a key."""
        return self.code

    def as_dict(self) -> dict[str, object]:
        """Its values for JSON; empty ones are left out."""
        values = {part: getattr(self, part) for part in _PARTS}
        return {name: value for name, value in values.items() if value}

    def without_path(self) -> OwnClass:
        """The same without the path of its file, which is private."""
        return replace(self, file="")


def checked_class(field: str, value: object) -> OwnClass | None:
    """The class that a recipe names; None without one.

    value: `FILE.py:NAME`, or a map as `OwnClass.as_dict` makes it. Raises InvalidInput.
    """
    if value is None or isinstance(value, OwnClass):
        return value
    if isinstance(value, str):
        file = files.read(field, value)
        definition = file.declarations.class_named(field, file.code.name)
        path = file.code.paths[MAIN]
        return OwnClass(file.code.name, file.code.digest, path, _call_arguments(definition))
    if isinstance(value, Mapping):
        return _of_map(field, value)
    raise InvalidInput(field, value, "FILE.py:NAME, like methods/own.py:MyClass")


def own_scheduler(value: object) -> OwnClass | None:
    """The class that the value of `scheduler` names by its file; None for a scheduler of diffusers."""
    if isinstance(value, OwnClass):
        return value
    if files.is_reference(value) or isinstance(value, Mapping):
        return checked_class(SCHEDULER, value)
    return None


def _call_arguments(definition: ast.ClassDef) -> tuple[str, ...]:
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__call__":
            arguments = [*statement.args.args[1:], *statement.args.kwonlyargs]
            return tuple(argument.arg for argument in arguments)
    return ()


def _of_map(field: str, values: Mapping[str, object]) -> OwnClass:
    """A class as a row says it; its code is not looked at."""
    name, code, file = name_code_and_file(field, values, _PARTS, "class")
    return OwnClass(name, code, file)
