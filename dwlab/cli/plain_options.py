"""Words for options that typer would describe by their Python types."""

from __future__ import annotations

import copy
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args, get_origin

from typer.models import ArgumentInfo, OptionInfo, ParameterInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

# what stands for a value of each type
WORDS = {Path: "FILE", int: "NUMBER", float: "NUMBER", str: "TEXT"}


def in_plain_words(signature: inspect.Signature) -> inspect.Signature:
    """A command's signature whose options say in words what they take, and their defaults."""
    parameters = [_in_words(parameter) for parameter in signature.parameters.values()]
    return signature.replace(parameters=parameters)


def _in_words(parameter: inspect.Parameter) -> inspect.Parameter:
    if get_origin(parameter.annotation) is not Annotated:
        return parameter
    kind, info = get_args(parameter.annotation)
    # shared by several commands
    info = copy.copy(info)
    types = set(_plain_types(kind))
    info.metavar = info.metavar or _metavar(parameter.name, types, info)
    details = list(_details(parameter, kind, info))
    if details:
        info.help = f"{info.help} [{'; '.join(details)}]"
    return parameter.replace(annotation=Annotated[kind, info])


def _plain_types(annotation: object) -> Iterator[object]:
    """The types within an annotation like `list[str] | None`."""
    parts = get_args(annotation)
    for part in parts:
        yield from _plain_types(part)
    if not parts and annotation is not type(None):
        yield annotation


def _metavar(name: str, types: set[object], info: ParameterInfo) -> str | None:
    if isinstance(info, ArgumentInfo):
        return name.upper()
    return next((word for kind, word in WORDS.items() if kind in types), None)


def _details(parameter: inspect.Parameter, kind: object, info: ParameterInfo) -> Iterator[str]:
    """The default, limits, and whether an option is required or may be repeated."""
    default = parameter.default
    if isinstance(info, OptionInfo) and default is inspect.Parameter.empty:
        yield "required"
    is_empty = default is None or default is False or default == ""
    has_default = not is_empty and default is not inspect.Parameter.empty
    if has_default and "default" not in (info.help or ""):
        yield f"default: {_default(default, info)}"
    if info.min is not None and info.max is not None:
        yield f"{info.min} to {info.max}"
    elif info.min is not None:
        yield f"at least {info.min}"
    is_list = any(get_origin(part) is list for part in (kind, *get_args(kind)))
    if is_list and isinstance(info, OptionInfo):
        yield "may be repeated"


def _default(default: object, info: ParameterInfo) -> str:
    """A default value as people write it; a switch that is on is called by its name."""
    if default is True:
        return str((info.param_decls or ["on"])[0]).partition("/")[0]
    return f"{default:g}" if isinstance(default, float) else str(default)
