"""Functions that a person's own process defines, in a notebook or a module: their code and parameters."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from . import files
from .code import MAIN, Code, agree, digest_of, remember
from .declared import ASYNC, CLASS, GENERATOR, SHAPE
from .definitions import MARK, Definitions
from .parameters import ANNOTATIONS, NAME, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable


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
        raise _unlike_a_method(function)
    return code_of("method", function), _parameters(function)


def code_of(field: str, function: types.FunctionType) -> Code:
    """The code of a function of this process, which may run here; raises InvalidInput."""
    file = _file_of(function)
    code = files.read(field, f"{file}:{function.__name__}").code if file else _hashed(function)
    known = remember(
        Code(code.name, code.digest, code.modules, code.paths, code.libraries, function)
    )
    agree(known.digest)
    return known


def _check_shape(function: Callable[..., Any]) -> None:
    if not isinstance(function, types.FunctionType) or _returns_later(function):
        raise _unlike_a_method(function)
    if not NAME.fullmatch(function.__name__):
        raise _unlike_a_method(function)
    parameters = inspect.signature(function).parameters.values()
    kinds = [parameter.kind for parameter in parameters]
    positional = [kind for kind in kinds if kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    others = [kind for kind in kinds if kind > inspect.Parameter.POSITIONAL_OR_KEYWORD]
    if len(positional) != 2 or any(kind != inspect.Parameter.KEYWORD_ONLY for kind in others):
        raise _unlike_a_method(function)


def _returns_later(function: object) -> str:
    """What a function is that does not return a picture at once; empty for others."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return ASYNC
    return GENERATOR if inspect.isgeneratorfunction(function) else ""


def _unlike_a_method(function: Any) -> InvalidInput:
    """The error that says what something is instead of a method."""
    kind = _returns_later(function)
    if isinstance(function, type):
        kind = CLASS
    elif inspect.ismethod(function):
        kind = "a method of an object; call it in a function of that form"
    allowed = f"{SHAPE}, not {kind}" if kind else SHAPE
    return InvalidInput("method", getattr(function, "__name__", function), allowed)


def _parameters(function: types.FunctionType) -> tuple[Parameter, ...]:
    try:
        annotations = typing.get_type_hints(function, include_extras=True)
    # annotations as texts may hold anything
    except Exception as error:  # noqa: BLE001
        raise InvalidInput(
            "the annotations of method", f"{function.__name__} ({error})", ANNOTATIONS
        ) from None
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
    definitions = Definitions(function)
    definitions.collect()
    return Code(
        name=function.__name__,
        digest=digest_of(function.__name__, definitions.trees),
        modules={MAIN: "\n\n".join(definitions.texts.values())},
        libraries=tuple(sorted(definitions.libraries)),
    )
