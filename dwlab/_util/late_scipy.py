"""SciPy's large parts load when a name of theirs is used.

transformers and diffusers import them for the losses of detectors, for beta sigmas and for LMS,
which few pictures need.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class _OnUse(ModuleType):
    """Stands for a module until a name of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        # inspect asks every module for its file; the import of a module within this one asks for
        # the path
        if name.startswith("__") and name != "__path__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(_loaded(self.__name__), name)


def put_off() -> None:
    """Let the parts of SciPy load when one of them is used; what is loaded stays as it is."""
    for name in ("scipy.integrate", "scipy.stats"):
        sys.modules.setdefault(name, _OnUse(name))
    if "scipy.optimize" not in sys.modules:
        sys.modules["scipy.optimize"] = _optimize()


def _optimize() -> _OnUse:
    """Stands for scipy.optimize, of which transformers imports one function by its name."""
    module = _OnUse("scipy.optimize")
    spec = find_spec(module.__name__)
    # which is asked for by `from module import name`, and would load the module
    module.__path__ = list(spec.submodule_search_locations or []) if spec else []
    module.linear_sum_assignment = _linear_sum_assignment  # type: ignore[attr-defined]
    return module


def _linear_sum_assignment(*arguments: Any, **options: Any) -> Any:
    return _loaded("scipy.optimize").linear_sum_assignment(*arguments, **options)


def _loaded(name: str) -> ModuleType:
    """The module itself, once none is put off any longer: they import one another."""
    for each, module in list(sys.modules.items()):
        if isinstance(module, _OnUse):
            sys.modules.pop(each, None)
    return import_module(name)
