"""Reads the file of a function or class, with the local modules that it imports; nothing is run."""

from __future__ import annotations

import ast
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ..._util.regular_file import open_regular
from ...errors import InvalidInput
from .code import MAIN, Code, digest_of, remember
from .declared import Declarations
from .trees import text_of

FILE_LIMIT = 1 << 20  # bytes
MODULES_LIMIT = 200  # local modules of one file
REFERENCE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w{0,100})", re.ASCII)


@dataclass(frozen=True)
class ReadFile:
    """A function's or class's code, and what its file declares."""

    code: Code
    declarations: Declarations


def is_reference(value: object) -> bool:
    """Whether a value names code in a file."""
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


def split(field: str, reference: str) -> tuple[Path, str]:
    """The file and the name of `FILE.py:NAME`; raises InvalidInput for another text."""
    match = REFERENCE.fullmatch(reference)
    if match is None or "\0" in reference:
        raise InvalidInput(field, reference, "FILE.py:NAME, like methods/interval.py:interval")
    return Path(match["file"]).expanduser(), match["name"]


def read(field: str, reference: str) -> ReadFile:
    """The code that `FILE.py:NAME` means, as its files are now.

    Raises InvalidInput, which names `field`, for a file that cannot be read or is no Python.
    """
    path, name = split(field, reference)
    modules = _Modules(field, _resolved(field, path))
    modules.read_all()
    try:
        trees = {module: text_of(tree) for module, tree in modules.trees.items()}
    except RecursionError:
        raise InvalidInput(field, path.name, "code that is nested less deeply") from None
    code = Code(
        name=name,
        digest=digest_of(name, trees),
        modules=modules.sources,
        paths=modules.paths,
        libraries=tuple(sorted(modules.libraries)),
    )
    return ReadFile(remember(code), Declarations(modules.trees[MAIN], path.name))


class _Modules:
    """A file and the modules in its folder that it imports, and these import, by name.

    Those beside a file of an installed package count as libraries.
    """

    def __init__(self, field: str, path: Path) -> None:
        self._field = field
        self._folder = path.parent
        self._is_installed = is_installed(path)
        self.sources: dict[str, str] = {}
        self.trees: dict[str, ast.Module] = {}
        self.paths: dict[str, str] = {}
        self.libraries: set[str] = set()
        self._waiting = {MAIN: path}

    def read_all(self) -> None:
        """Read the file, and what it imports."""
        while self._waiting:
            module, path = self._waiting.popitem()
            self._read(module, path)
            if len(self.trees) > MODULES_LIMIT:
                raise InvalidInput(self._field, str(path), f"at most {MODULES_LIMIT} local modules")

    def _read(self, module: str, path: Path) -> None:
        source = _text(self._field, path)
        self.sources[module] = source
        self.paths[module] = str(path)
        self.trees[module] = _parsed(self._field, source, path)
        package = package_of(module, path)
        for name in _imported(self.trees[module], package):
            self._take(name)

    def _take(self, name: str) -> None:
        """Note an imported name: a local module with the packages it is in, or a library."""
        parts = name.split(".")
        is_local = False
        for length in range(1, len(parts) + 1):
            inner = ".".join(parts[:length])
            path = None if self._is_installed else local_file(self._folder, inner)
            if path is not None:
                is_local = True
                if inner not in self.trees:
                    self._waiting[inner] = path
        if not is_local and parts[0] not in sys.stdlib_module_names and parts[0] != "dwlab":
            self.libraries.add(parts[0])


def is_installed(path: Path) -> bool:
    """Whether a file is one of an installed package, whose neighbours are other packages."""
    return not {"site-packages", "dist-packages"}.isdisjoint(path.parts)


def local_file(folder: Path, module: str) -> Path | None:
    """The file of a module or package within a folder; None if there is none."""
    inside = folder.joinpath(*module.split("."))
    for path in (inside.with_suffix(".py"), inside / "__init__.py"):
        if path.is_file() and path.resolve().is_relative_to(folder):
            return path.resolve()
    return None


def package_of(module: str, path: Path | str) -> str:
    """The package that a module's relative imports begin at; empty at the top of the folder."""
    is_package = Path(path).name == "__init__.py"
    return module if is_package else module.rpartition(".")[0]


def absolute_name(package: str, name: str, level: int) -> str:
    """The full name of what is imported relative to a package. level: the dots before the name."""
    if not level:
        return name
    parts = package.split(".") if package else []
    kept = parts[: max(0, len(parts) - level + 1)]
    return ".".join([*kept, name]).strip(".")


def _imported(tree: ast.Module, package: str) -> list[str]:
    """Every name that a module may import: of `from a import b` both `a` and `a.b`."""
    names: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute_name(package, node.module or "", node.level)
            inner = [f"{module}.{alias.name}".strip(".") for alias in node.names]
            names |= dict.fromkeys([module, *inner])
    return [name for name in names if name and "*" not in name]


def _resolved(field: str, path: Path) -> Path:
    """A path without links; raises InvalidInput."""
    try:
        return path.resolve()
    # Python before 3.13 says so of links that go round in a circle
    except (OSError, RuntimeError) as error:
        raise InvalidInput(field, str(path), f"a file that can be read ({error})") from None


def _text(field: str, path: Path) -> str:
    try:
        with open_regular(path) as file:
            content = file.read(FILE_LIMIT + 1)
        # some editors of Windows begin a file with a mark that Python skips
        text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig").read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidInput(field, str(path), f"a file that can be read ({reason})") from None
    if len(content) > FILE_LIMIT:
        raise InvalidInput(field, str(path), f"a file of at most {FILE_LIMIT >> 20} MiB")
    return text


def _parsed(field: str, source: str, path: Path) -> ast.Module:
    try:
        return ast.parse(source)
    # Python runs out of memory for its parser, not of memory, where a line is nested too deeply
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        number = getattr(error, "lineno", None)
        line = f", line {number}" if number else ""
        reason = getattr(error, "msg", None) or str(error) or "it is nested too deeply"
        raise InvalidInput(
            field, f"{path.name}{line}", f"Python that can be read ({reason})"
        ) from None
