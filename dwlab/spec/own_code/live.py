"""Functions that a person's own process defines, in a notebook or a module: their code and parameters."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import linecache
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import InvalidInput
from . import files
from .code import MAIN, Code, agree, digest_of, remember
from .declared import SHAPE
from .parameters import Parameter
from .trees import text_of

MARK = "_dwlab_method"
_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis))


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function a method: it makes the pictures of a sweep in the place of the stock call.

    function: takes the pipeline and a cell (see `dwlab.render.method_cell.MethodCell`), and
    keyword-only parameters with annotations, which are axes like `method.strength`. It returns a
    picture of Pillow, an array [height, width, 3] (0 to 1, or bytes), or latents as a tensor. See
    docs/methods.md. Raises InvalidInput for a function of another form.
    """
    _check_shape(function)
    setattr(function, MARK, True)
    return function


def read(function: Callable[..., Any]) -> tuple[Code, tuple[Parameter, ...]]:
    """The code of a method and its parameters; raises InvalidInput for what cannot be hashed.

    The person at this process wrote the function down, so its code may run here.
    """
    if not getattr(function, MARK, False) or not isinstance(function, types.FunctionType):
        raise InvalidInput("method", getattr(function, "__name__", function), SHAPE)
    file = _file_of(function)
    code = files.read("method", f"{file}:{function.__name__}").code if file else _hashed(function)
    known = remember(
        Code(code.name, code.digest, code.modules, code.paths, code.libraries, function)
    )
    agree(known.digest)
    return known, _parameters(function)


def _check_shape(function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters.values()
    kinds = [parameter.kind for parameter in parameters]
    positional = [kind for kind in kinds if kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    others = [kind for kind in kinds if kind > inspect.Parameter.POSITIONAL_OR_KEYWORD]
    if len(positional) != 2 or any(kind != inspect.Parameter.KEYWORD_ONLY for kind in others):
        raise InvalidInput("method", getattr(function, "__name__", function), SHAPE)


def _parameters(function: types.FunctionType) -> tuple[Parameter, ...]:
    annotations = typing.get_type_hints(function, include_extras=True)
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            default = None if parameter.default is parameter.empty else parameter.default
            annotation = annotations.get(parameter.name)
            parameters.append(Parameter.of(parameter.name, annotation, default))
    return tuple(parameters)


def _file_of(function: types.FunctionType) -> str:
    """The file of a function that a module defines at its top; empty for one of a notebook."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    is_top = function.__qualname__ == function.__name__
    if function.__module__ == "__main__" or not file or not is_top:
        return ""
    return str(Path(file).resolve())


def _hashed(function: types.FunctionType) -> Code:
    """The code of a notebook's function, with what it uses of the notebook."""
    definitions = _Definitions(function)
    definitions.collect()
    return Code(
        name=function.__name__,
        digest=digest_of(function.__name__, definitions.trees),
        modules={MAIN: "\n\n".join(definitions.texts.values())},
        libraries=tuple(sorted(definitions.libraries)),
    )


class _Definitions:
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
        elif _is_plain(value):
            self.trees[name] = _canonical(value)
            self.texts[name] = f"{name} = {value!r}"
        elif type(value).__module__ in ("typing", "types"):
            self.trees[name] = repr(value)
        else:
            self._refuse(name, value)

    def _take_definition(self, name: str, value: Any) -> None:
        source = _source(name, value)
        tree = ast.parse(source)
        self.trees[name] = text_of(tree)
        self.texts[name] = source
        for used, inner in (*_used(value), *_decorators(tree, self._scope)):
            if inner is not _MISSING:
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
            "class or a module, so that the key of a picture can say what made it; make it a "
            "parameter of the method, or make it inside the function"
        )
        raise InvalidInput(f"{name}, which {self._method} uses,", type(value).__name__, allowed)

    def _refuse_missing(self, name: str) -> None:
        allowed = "defined before the sweep is made"
        raise InvalidInput(f"{name}, which {self._method} uses,", "not defined", allowed)


_MISSING = object()


def _used(value: Any) -> Iterator[tuple[str, Any]]:
    """The global names and closure variables that a function or a class uses, with their values."""
    if isinstance(value, type):
        for base in value.__bases__:
            if base is not object:
                yield base.__name__, base
        for member in vars(value).values():
            inner = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(inner, types.FunctionType):
                yield from _used(inner)
        return
    scope = inspect.getclosurevars(value).nonlocals
    for name in _names(value.__code__):
        yield name, scope.get(name, value.__globals__.get(name, _MISSING))
    for name, inner in scope.items():
        yield name, inner


def _decorators(tree: ast.Module, scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The names in the decorators of a definition, with their values."""
    (definition,) = tree.body
    for decorator in getattr(definition, "decorator_list", ()):
        for node in ast.walk(decorator):
            if isinstance(node, ast.Name):
                yield node.id, scope.get(node.id, _MISSING)


def _names(code: types.CodeType) -> Iterator[str]:
    """The global names that code reads, and the functions in it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _source(name: str, value: Any) -> str:
    try:
        if isinstance(value, type):
            return _class_source(value)
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError, SyntaxError):
        allowed = "code that can be read: write it in a cell of a notebook, or in a file"
        raise InvalidInput("method", name, allowed) from None


def _class_source(cls: type) -> str:
    """The text of a class, which Python itself does not find for a class of a notebook."""
    for member in vars(cls).values():
        function = getattr(member, "__func__", getattr(member, "fget", member))
        code = getattr(function, "__code__", None)
        lines = linecache.getlines(code.co_filename) if code else []
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                return textwrap.dedent("".join(lines[first - 1 : node.end_lineno]))
    return _fields_source(cls)


def _fields_source(cls: type) -> str:
    """The text of a class that has no functions of its own, like a dataclass."""
    fields = {name: repr(each) for name, each in vars(cls).get("__annotations__", {}).items()}
    values = {name: each for name, each in vars(cls).items() if not name.startswith("__")}
    lines = [f"    {name}: {annotation}" for name, annotation in fields.items()]
    lines += [f"    {name} = {value!r}" for name, value in values.items() if _is_plain(value)]
    return "\n".join([f"class {cls.__name__}:", *lines, "    pass"])


def _is_local(top: str, file: str) -> bool:
    """Whether a module is a file of the user's, and not of Python's or of an installed package."""
    if not file or top in sys.stdlib_module_names or top == "dwlab":
        return False
    return not {"site-packages", "dist-packages"}.intersection(Path(file).parts)


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return type(value) in _PLAIN


def _canonical(value: Any) -> str:
    """A plain value as a text that is the same in every process."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__} {sorted(map(_canonical, value))}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} {list(map(_canonical, value))}"
    if isinstance(value, Mapping):
        return str([(_canonical(key), _canonical(inner)) for key, inner in value.items()])
    return repr(value)
