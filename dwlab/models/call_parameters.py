"""What a pipeline's call takes."""

from __future__ import annotations

import inspect
from typing import Any


def call_parameters(pipeline: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a pipeline's call, by name.

    Where a class takes any others and hands them on, those of the class it derives from too.
    """
    known: dict[str, inspect.Parameter] = {}
    for cls in type(pipeline).__mro__:
        if "__call__" not in vars(cls):
            continue
        own = inspect.signature(vars(cls)["__call__"]).parameters
        known = {**own, **known}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values()):
            break
    return known
