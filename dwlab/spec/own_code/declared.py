"""What a file declares: functions with their parameters, and classes, read without running it."""

from __future__ import annotations

import ast
from typing import Annotated, Any, Literal

from ...errors import InvalidInput
from .parameters import ANNOTATIONS, Parameter, Range

SHAPE = (
    "a function like `def name(pipe, cell, *, strength: float = 0.5)`, decorated with @dwlab.method"
)
# what people write instead
CLASS = "a class; make the object in a function of that form, and call it there"
ASYNC = "an async function"
GENERATOR = "a generator, which yields"
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_PLAIN = {"int": int, "float": float, "str": str, "bool": bool}


class Declarations:
    """The top level of a module. source: what its errors call it."""

    def __init__(self, tree: ast.Module, source: str) -> None:
        self._source = source
        self._definitions: dict[str, ast.stmt] = {}
        self._values: dict[str, ast.expr] = {}
        for statement in tree.body:
            self._take(statement)

    def _take(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._definitions[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            self._values |= dict.fromkeys(names, statement.value)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            self._values |= {statement.target.id: statement.value} if statement.value else {}

    def parameters(self, name: str) -> tuple[Parameter, ...]:
        """The parameters of a method; raises InvalidInput if there is none of that name."""
        function = self.decorated("method", name, "method", SHAPE)
        check_shape(name, function.args)
        given = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        return tuple(self._parameter(argument, default) for argument, default in given)

    def decorated(self, field: str, name: str, decorator: str, shape: str) -> ast.FunctionDef:
        """The function of that name with a decorator of dwlab's.

        shape: what such a function looks like. Raises InvalidInput if there is none.
        """
        function = self._definitions.get(name)
        if isinstance(function, ast.FunctionDef) and _decorator(function, decorator):
            if _yields(function):
                raise InvalidInput(field, name, f"{shape}, not {GENERATOR}")
            return function
        names = [
            known
            for known, definition in self._definitions.items()
            if isinstance(definition, ast.FunctionDef) and _decorator(definition, decorator)
        ]
        allowed = f"a {decorator} in {self._source}: {', '.join(names) or shape}"
        raise InvalidInput(field, name, allowed + _instead(function))

    def decorator_options(
        self, field: str, function: ast.FunctionDef, decorator: str
    ) -> dict[str, object]:
        """What a decorator is called with, by name; raises InvalidInput for no plain values."""
        call = _decorator(function, decorator)
        if not isinstance(call, ast.Call):
            return {}
        place = f"{decorator} of {function.name}"
        if call.args:
            raise InvalidInput(field, place, "options by name, like version=1")
        return {
            str(word.arg): self._value(f"{place}: {word.arg}", word.value) for word in call.keywords
        }

    def class_named(self, field: str, name: str) -> ast.ClassDef:
        """The class of that name; raises InvalidInput if there is none."""
        definition = self._definitions.get(name)
        if isinstance(definition, ast.ClassDef):
            return definition
        names = [name for name, each in self._definitions.items() if isinstance(each, ast.ClassDef)]
        raise InvalidInput(
            field, name, f"a class in {self._source}: {', '.join(names) or 'it has none'}"
        )

    def _parameter(self, argument: ast.arg, default: ast.expr | None) -> Parameter:
        place = f"the default of method.{argument.arg}"
        value = None if default is None else self._value(place, default)
        if argument.annotation is None:
            return Parameter.of(argument.arg, None, value)
        try:
            annotation = self._annotation(argument.arg, argument.annotation)
        except InvalidInput:
            raise
        # a text that is no Python, a choice that is no plain value, names that mean each other
        except (SyntaxError, ValueError, RecursionError):
            raise _not_understood(argument.arg, argument.annotation) from None
        return Parameter.of(argument.arg, annotation, value)

    def _value(self, place: str, node: ast.expr) -> object:
        """A plain value, written here or under a name of this module. place: what errors call it."""
        try:
            value: object = ast.literal_eval(self._without_names(node, frozenset()))
        except (ValueError, TypeError, RecursionError):
            allowed = "a plain value, like 0.5 or 'text'"
            raise InvalidInput(place, ast.unparse(node), allowed) from None
        return value

    def _without_names(self, node: ast.expr, seen: frozenset[str]) -> ast.expr:
        """An expression with the values of this module's names in their places."""
        if isinstance(node, ast.Name) and node.id in self._values and node.id not in seen:
            return self._without_names(self._values[node.id], seen | {node.id})
        if isinstance(node, ast.Tuple | ast.List):
            return type(node)([self._without_names(each, seen) for each in node.elts], node.ctx)
        return node

    def _annotation(self, parameter: str, node: ast.expr) -> Any:
        """The type that an annotation means; None for one that is not understood."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._annotation(parameter, ast.parse(node.value, mode="eval").body)
        if isinstance(node, ast.Name):
            if node.id in self._values:
                return self._annotation(parameter, self._values[node.id])
            if node.id not in _PLAIN:
                raise _not_understood(parameter, node)
            return _PLAIN[node.id]
        name = _last_name(node.value) if isinstance(node, ast.Subscript) else ""
        if isinstance(node, ast.Subscript) and name == "Literal":
            choices = ast.literal_eval(node.slice)
            return Literal[choices if isinstance(choices, tuple) else (choices,)]
        if isinstance(node, ast.Subscript) and name == "Annotated":
            return self._annotated(parameter, node.slice)
        raise _not_understood(parameter, node)

    def _annotated(self, parameter: str, node: ast.expr) -> Any:
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        base = self._annotation(parameter, parts[0])
        bounds = [self._range(parameter, part) for part in parts[1:] if _is_range(part)]
        return Annotated[(base, *bounds)] if bounds else base

    def _range(self, parameter: str, node: ast.expr) -> Range:
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        bound = f"a bound of method.{parameter}"
        arguments = [self._value(bound, argument) for argument in call.args]
        keywords = {str(word.arg): self._value(bound, word.value) for word in call.keywords}
        try:
            return Range(*arguments, **keywords)  # type: ignore[arg-type]  # it checks them
        except TypeError:
            raise _not_understood(parameter, node) from None


def _not_understood(parameter: str, annotation: ast.expr) -> InvalidInput:
    return InvalidInput(
        f"the annotation of method.{parameter}", ast.unparse(annotation), ANNOTATIONS
    )


def check_shape(name: str, arguments: ast.arguments) -> None:
    """Raise InvalidInput unless a function takes pipe and cell, and keyword-only parameters."""
    positional = [*arguments.posonlyargs, *arguments.args]
    if len(positional) != 2 or arguments.vararg or arguments.kwarg:
        raise InvalidInput("method", name, SHAPE)


def _decorator(function: ast.FunctionDef, name: str) -> ast.expr | None:
    """The decorator `dwlab.NAME` of a function, called or not; None without it."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if _last_name(called) == name:
            return decorator
    return None


def _instead(definition: ast.stmt | None) -> str:
    """What a definition is instead of a function with a decorator, for an error."""
    if isinstance(definition, ast.ClassDef):
        return f", not {CLASS}"
    if isinstance(definition, ast.AsyncFunctionDef):
        return f", not {ASYNC}"
    return ", with the decorator" if isinstance(definition, ast.FunctionDef) else ""


def _yields(function: ast.FunctionDef) -> bool:
    """Whether a function is a generator; functions within it may be."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, _INNER):
            waiting += ast.iter_child_nodes(node)
    return False


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _last_name(node.func) == "Range"


def _last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`; empty for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
