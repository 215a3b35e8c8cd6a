"""The text of functions and classes that a notebook defines."""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import linecache
import textwrap
import types
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from .plain import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator


def source_of(name: str, value: Any) -> str:
    """The text of a function or a class, which can be parsed; raises InvalidInput without one."""
    try:
        source = _class_source(value) if isinstance(value, type) else inspect.getsource(value)
        source = textwrap.dedent(source)
        ast.parse(source)
    except (OSError, TypeError, SyntaxError):
        allowed = (
            "code that can be read: write it in a cell of a notebook, or in a file, and a lambda on a "
            "line of its own"
        )
        raise InvalidInput("method", name, allowed) from None
    return source


def functions_of(cls: type) -> list[types.FunctionType]:
    """The functions that the text of a class defines, those of its properties included."""
    functions = []
    for member in vars(cls).values():
        function = member
        for attribute in ("__func__", "fget", "func"):
            function = getattr(function, attribute, function)
        function = inspect.unwrap(function) if callable(function) else function
        # what dataclasses and the like make has no text
        if isinstance(function, types.FunctionType) and _lines(function):
            functions.append(function)
    return functions


def values_of(cls: type) -> Iterator[tuple[str, Any]]:
    """The values of a class that defines no functions, like a dataclass, by name."""
    if issubclass(cls, enum.Enum):
        yield from ((name, member.value) for name, member in cls.__members__.items())
        return
    for name, value in vars(cls).items():
        # what libraries add are descriptors
        if not name.startswith("__") and not hasattr(type(value), "__get__"):
            yield name, value
    if dataclasses.is_dataclass(cls):
        for field in dataclasses.fields(cls):
            if field.default_factory is not dataclasses.MISSING:
                yield f"{field.name}.default_factory", field.default_factory


def _class_source(cls: type) -> str:
    """The text of a class, which Python itself does not find for a class of a notebook."""
    for function in functions_of(cls):
        lines = _lines(function)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                return "".join(lines[first - 1 : node.end_lineno])
    return _fields_source(cls)


def _lines(function: types.FunctionType) -> list[str]:
    return linecache.getlines(function.__code__.co_filename)


def _fields_source(cls: type) -> str:
    """The text of a class that has no functions of its own, like a dataclass."""
    annotations = inspect.get_annotations(cls)
    lines = [
        f"    {name}: {inspect.formatannotation(each)!r}" for name, each in annotations.items()
    ]
    lines += [f"    {name} = {value!r}" for name, value in values_of(cls) if is_plain(value)]
    if dataclasses.is_dataclass(cls):
        lines.append(f"    __dataclass_params__ = {vars(cls).get('__dataclass_params__')!r}")
    return "\n".join([f"class {cls.__name__}:", *lines, "    pass"])
