"""What a file declares: functions with their parameters, and classes, read without running it."""

from __future__ import annotations

import ast
from typing import Annotated, Any, Literal

from ...errors import InvalidInput
from .parameters import ANNOTATIONS, Parameter, Range

SHAPE = (
    "a function like `def name(pipe, cell, *, strength: float = 0.5)`, decorated with @dwlab.method"
)
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
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            self._definitions[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            self._values |= dict.fromkeys(names, statement.value)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            self._values |= {statement.target.id: statement.value} if statement.value else {}

    def parameters(self, name: str) -> tuple[Parameter, ...]:
        """The parameters of a method; raises InvalidInput if there is none of that name."""
        function = self._definitions.get(name)
        if not isinstance(function, ast.FunctionDef) or not _is_method(function):
            methods = [
                known
                for known, definition in self._definitions.items()
                if isinstance(definition, ast.FunctionDef) and _is_method(definition)
            ]
            allowed = f"a method in {self._source}: {', '.join(methods) or SHAPE}"
            raise InvalidInput("method", name, allowed)
        check_shape(name, function.args)
        given = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        return tuple(self._parameter(argument, default) for argument, default in given)

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
        value = None if default is None else self._value(argument.arg, default)
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

    def _value(self, parameter: str, node: ast.expr) -> object:
        """A plain value, written here or under a name of this module."""
        seen: set[str] = set()
        while isinstance(node, ast.Name) and node.id in self._values and node.id not in seen:
            seen.add(node.id)
            node = self._values[node.id]
        try:
            value: object = ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError):
            allowed = "a plain value, like 0.5 or 'text'"
            raise InvalidInput(
                f"the default of method.{parameter}", ast.unparse(node), allowed
            ) from None
        return value

    def _annotation(self, parameter: str, node: ast.expr) -> Any:
        """The type that an annotation means; None for one that is not understood."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._annotation(parameter, ast.parse(node.value, mode="eval").body)
        if isinstance(node, ast.Name):
            if node.id in self._values:
                return self._annotation(parameter, self._values[node.id])
            return _PLAIN.get(node.id)
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
        arguments = [self._value(parameter, argument) for argument in call.args]
        keywords = {str(word.arg): self._value(parameter, word.value) for word in call.keywords}
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


def _is_method(function: ast.FunctionDef) -> bool:
    """Whether a function is decorated with `dwlab.method`."""
    return any(_last_name(decorator) == "method" for decorator in function.decorator_list)


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _last_name(node.func) == "Range"


def _last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`; empty for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
