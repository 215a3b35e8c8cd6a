"""Runs the file of a user's code, which nothing else does, to get the function or class in it."""

from __future__ import annotations

import builtins
import linecache
import sys
import types
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput, RenderError
from . import code as codes
from . import files
from .code import MAIN, Code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_loaded: dict[str, Any] = {}


def object_of(name: str, digest: str, file: str) -> Any:
    """The function or class of a hash, ready to be called.

    file: where its code was read. Raises RenderError if it is not there any more as it was, and if
    the person at this process did not agree to run it.
    """
    code = agreed_code(name, digest, file)
    if code.object is not None:
        return code.object
    if digest not in _loaded:
        _loaded[digest] = getattr(_Modules(code).module(MAIN), name)
    return _loaded[digest]


def agreed_code(name: str, digest: str, file: str) -> Code:
    """The code of a hash, which may run here. For the arguments and errors see `object_of`."""
    code = codes.known(digest) or _read_again(name, digest, file)
    if not codes.is_agreed(digest):
        raise RenderError(
            f"{name} was not run, because nobody here agreed to run its code (see docs/methods.md)"
        )
    return code


def _read_again(name: str, digest: str, file: str) -> Code:
    """The code in a file, if it is still the one of a hash; raises RenderError."""
    gone = f"the code of {name} ({digest[:10]}) is not here"
    remedy = "`dwlab show KEY --code` prints the code that a picture was made with"
    if not file:
        raise RenderError(f"{gone}: a notebook defined it; {remedy}")
    try:
        code = files.read("method", f"{file}:{name}").code
    except InvalidInput as error:
        raise RenderError(f"{gone}: {error}; {remedy}") from None
    if code.digest != digest:
        raise RenderError(f"{gone}: {file} was changed since; {remedy}")
    return code


class _Modules:
    """The modules of code, which see each other, and which no other code sees."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._local_names = {name.partition(".")[0] for name in code.modules if name != MAIN}
        self._modules: dict[str, types.ModuleType] = {}

    def module(self, name: str) -> types.ModuleType:
        """A module, run when it is first asked for."""
        if name not in self._modules:
            self._run(name)
        return self._modules[name]

    def _run(self, name: str) -> None:
        path = self._code.paths[name]
        source = self._code.modules[name]
        # a name of its own, so that two versions of a file can be loaded at once
        full_name = f"dwlab_own_{self._code.digest[:12]}_{name.replace('.', '_') or 'main'}"
        module = types.ModuleType(full_name)
        module.__file__ = path
        package = files.package_of(name, path)
        own = {**vars(builtins), "__import__": self._importer(package)}
        vars(module)["__builtins__"] = own
        self._modules[name] = module
        # dataclasses and pickle look modules up there
        sys.modules[full_name] = module
        # tracebacks show the lines that ran, whatever the file says by then
        linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
        # The very text that was hashed and agreed to is run, not what the file says by now.
        exec(compile(source, path, "exec"), vars(module))  # noqa: S102

    def _importer(self, package: str) -> Any:
        """What `import` does in a module of a package."""

        def importer(
            name: str,
            scope: Mapping[str, object] | None = None,
            local_scope: Mapping[str, object] | None = None,
            names: Sequence[str] | None = (),
            level: int = 0,
        ) -> types.ModuleType:
            full_name = files.absolute_name(package, name, level)
            if level or full_name.partition(".")[0] in self._local_names:
                return self._local(full_name, names or ())
            return builtins.__import__(name, scope, local_scope, names or (), level)

        return importer

    def _local(self, name: str, names: Sequence[str]) -> types.ModuleType:
        """A local module for `import a.b` (then the outermost) or `from a.b import names`."""
        parts = name.split(".") if name else []
        module = types.ModuleType("folder")
        outermost = module
        for length in range(1, len(parts) + 1):
            inner_name = ".".join(parts[:length])
            inner = self._module_or_folder(inner_name)
            setattr(module, parts[length - 1], inner)
            if length == 1:
                outermost = inner
            module = inner
        if not names:
            return outermost
        for each in names:
            inner_name = f"{name}.{each}".strip(".")
            if inner_name in self._code.modules:
                setattr(module, each, self.module(inner_name))
        return module

    def _module_or_folder(self, name: str) -> types.ModuleType:
        if name in self._code.modules:
            return self.module(name)
        if any(module.startswith(f"{name}.") for module in self._code.modules):
            return types.ModuleType(name)
        raise ImportError(f"no module {name} beside the method")
