"""Finds the metrics that dwlab has: the functions with `@metric` in the files of `built_in`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, NamedTuple

from ..spec.own_code.metric_facts import MARK, MetricFacts
from . import built_in
from .decorator import OPTIONS_MARK
from .metric import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class BuiltIn(NamedTuple):
    """A metric of dwlab's, with its function. takes_setup: whether that builds what measures."""

    name: str
    facts: MetricFacts
    options: Options
    function: Callable[..., Any]
    takes_setup: bool


def built_in_functions() -> Iterator[BuiltIn]:
    """The metrics in the files of `built_in`, in the order of the files and in that of each file."""
    names = [module.name for module in pkgutil.iter_modules(built_in.__path__)]
    for name in sorted(names):
        module = importlib.import_module(f"{built_in.__name__}.{name}")
        for value in vars(module).values():
            is_here = getattr(value, "__module__", "") == module.__name__
            if is_here and hasattr(value, MARK):
                stated: Options | None = getattr(value, OPTIONS_MARK)
                options = stated or Options()
                takes_setup = stated is not None and not stated.usual
                yield BuiltIn(value.__name__, getattr(value, MARK), options, value, takes_setup)
