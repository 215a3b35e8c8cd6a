"""What a notebook's function uses of the notebook, transitively, and what stands for it in the hash."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import types
from pathlib import Path
from typing import Any

from ...errors import InvalidInput
from . import files
from .plain import canonical, is_plain
from .sources import source_of
from .trees import text_of
from .used import MISSING, used_by

MARK = "_dwlab_method"


class Definitions:
    """A function and what it uses of the module that defines it, transitively.

    trees: what stands for each name in the hash. texts: the same for people to read.
    """

    def __init__(self, function: types.FunctionType) -> None:
        self._module = function.__module__
        self._method = function.__name__
        self._scope = function.__globals__
        self._waiting: dict[str, Any] = {function.__name__: function}
        self.trees: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.libraries: set[str] = set()

    def collect(self) -> None:
        """Take in the function, and what it uses."""
        while self._waiting:
            name, value = self._waiting.popitem()
            if name not in self.trees:
                self._take(name, value)

    def _take(self, name: str, value: Any) -> None:
        # what functools.wraps and lru_cache were put around
        value = inspect.unwrap(value) if callable(value) else value
        if isinstance(value, types.ModuleType):
            self._take_module(name, value)
        elif isinstance(value, types.FunctionType | type) and value.__module__ == self._module:
            self._take_definition(name, value)
        elif isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
            self._take_foreign(name, value)
        elif is_plain(value):
            self.trees[name] = canonical(value)
            self.texts[name] = f"{name} = {value!r}"
        elif type(value).__module__ in ("typing", "types"):
            self.trees[name] = repr(value)
        else:
            self._refuse(name, value)

    def _take_definition(self, name: str, value: Any) -> None:
        source = source_of(name, value)
        tree = ast.parse(source)
        self.trees[name] = text_of(tree)
        self.texts[name] = source
        for used, inner in used_by(value, tree, self._scope):
            if inner is not MISSING:
                self._waiting.setdefault(used, inner)
            elif not hasattr(builtins, used):
                self._refuse_missing(used)

    def _take_module(self, name: str, module: types.ModuleType) -> None:
        top = module.__name__.partition(".")[0]
        file = getattr(module, "__file__", None) or ""
        if _is_local(top, file):
            code = files.read("method", f"{file}:{MARK}").code
            self.trees[name] = code.digest
            self.texts[name] = f"# ---- module {module.__name__}\n{code.text}"
            self.libraries.update(code.libraries)
        else:
            self.trees[name] = module.__name__
            self._take_library(top)

    def _take_foreign(self, name: str, value: Any) -> None:
        """A function or class of another module: by its name, or with the code of a local module."""
        module = sys.modules.get(value.__module__ or "")
        if module is not None and _is_local(
            module.__name__.partition(".")[0], getattr(module, "__file__", None) or ""
        ):
            self._take_module(name, module)
            self.trees[name] += f" {value.__qualname__}"
            return
        self.trees[name] = f"{value.__module__}.{value.__qualname__}"
        self._take_library((value.__module__ or "builtins").partition(".")[0])

    def _take_library(self, top: str) -> None:
        if top not in sys.stdlib_module_names and top != "dwlab":
            self.libraries.add(top)

    def _refuse(self, name: str, value: Any) -> None:
        allowed = (
            "a plain value (a number, a text, a list, tuple, set or map of those), a function, a "
            "class or a module, so that the hash of the code can tell it; make it inside the "
            "function, or, of a method, a parameter"
        )
        raise InvalidInput(f"{name}, which {self._method} uses,", type(value).__name__, allowed)

    def _refuse_missing(self, name: str) -> None:
        allowed = "defined before the sweep is made"
        raise InvalidInput(f"{name}, which {self._method} uses,", "not defined", allowed)


def _is_local(top: str, file: str) -> bool:
    """Whether a module is a file of the user's, and not of Python's or of an installed package."""
    if not file or top in sys.stdlib_module_names or top == "dwlab":
        return False
    return not files.is_installed(Path(file))
