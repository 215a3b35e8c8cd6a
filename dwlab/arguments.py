"""Which arguments of diffusers' calls and classes an experiment's file can give: numbers, texts and lists, no objects."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_OBJECTS = ("Tensor", "Image", "ndarray", "Generator", "Callable")
# the renderer's own, and texts by their annotation but tensors in fact
_NEVER = ("callback", "embeds")


def writable(function: Callable[..., Any]) -> list[str]:
    """The names of a call's arguments that plain values can be given for, sorted; `self`, *args and **kwargs are none."""
    parameters = inspect.signature(function).parameters.values()
    return sorted(parameter.name for parameter in parameters if _is_writable(parameter))


def _is_writable(parameter: inspect.Parameter) -> bool:
    if parameter.name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return False
    if any(word in parameter.name for word in _NEVER):
        return False
    kinds = [kind for kind in str(parameter.annotation).split(" | ") if kind != "None"]
    return any(not any(word in kind for word in _OBJECTS) for kind in kinds)
