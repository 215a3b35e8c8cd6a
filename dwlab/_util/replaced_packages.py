"""Lets several threads import packages that put another module in their own place while they load.

transformers, diffusers and the packages inside them (`diffusers.loaders`) do so with their last line. An
`import` statement that another thread begins before waits until they are loaded, and then goes on with the
module that was replaced: "cannot import name 'AutoTokenizer' from 'transformers'". From now on that module
passes on what it is asked for. What remains is rare: Python lets two threads that import parts of accelerate
in opposite orders go on with parts that are half loaded.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_PACKAGES = frozenset({"diffusers", "transformers"})


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        name = module.__name__

        def from_its_successor(attribute: str) -> Any:
            successor = sys.modules.get(name)
            if successor is None or successor is module:
                raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
            return getattr(successor, attribute)

        # other threads wait for the end of this call
        vars(module).setdefault("__getattr__", from_its_successor)


class _Finder:
    """Finds these packages and what is inside them, where Python does."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] not in _PACKAGES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.submodule_search_locations is None:
            return spec
        if type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def make_importable_in_threads() -> None:
    """Change how these packages are imported, if they are not yet; call it before anything imports them."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
