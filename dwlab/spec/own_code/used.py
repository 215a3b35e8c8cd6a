"""The names that a function or a class of a notebook takes from around it, with their values."""

from __future__ import annotations

import ast
import dis
import inspect
import symtable
import types
from typing import TYPE_CHECKING, Any

from .plain import is_plain
from .sources import functions_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MISSING = object()


def used_by(value: Any, tree: ast.Module, scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The names that a definition uses, with their values; MISSING for one without.

    tree: of its text. scope: the names of the notebook.
    """
    if isinstance(value, type):
        yield from _used_by_class(value, tree, scope)
        return
    closure = inspect.getclosurevars(value).nonlocals
    for name in _global_names(value.__code__):
        yield name, closure.get(name, value.__globals__.get(name, MISSING))
    yield from closure.items()
    for name in _names_outside(tree):
        yield name, closure.get(name, scope.get(name, MISSING))


def _used_by_class(
    cls: type, tree: ast.Module, scope: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    for base in cls.__bases__:
        if base is not object:
            yield base.__name__, base
    functions = functions_of(cls)
    if not functions:
        for name, value in values_of(cls):
            if not is_plain(value):
                yield f"{cls.__name__}.{name}", value
        return
    closure: dict[str, Any] = {}
    for function in functions:
        closure |= inspect.getclosurevars(function).nonlocals
    closure.pop("__class__", None)
    yield from closure.items()
    for name in _names_in_class(tree):
        yield name, closure.get(name, scope.get(name, MISSING))


def _names_outside(tree: ast.Module) -> Iterator[str]:
    """The names in the decorators and the defaults of a function, which Python reads outside of it."""
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    arguments = definition.args
    outside = [
        *definition.decorator_list,
        *arguments.defaults,
        *filter(None, arguments.kw_defaults),
    ]
    for expression in outside:
        for node in ast.walk(expression):
            if isinstance(node, ast.Name):
                yield node.id


def _names_in_class(tree: ast.Module) -> Iterator[str]:
    """The names that a class and its functions take from around it, but those of annotations."""
    text = ast.unparse(_WithoutAnnotations().visit(tree))
    tables = [symtable.symtable(text, "<class>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            is_special = symbol.get_name().startswith("__")
            if symbol.is_global() and symbol.is_referenced() and not is_special:
                yield symbol.get_name()


class _WithoutAnnotations(ast.NodeTransformer):
    """Takes the annotations out, which need not be defined."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:  # ast calls it so
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # ast calls it so
        self.generic_visit(node)
        node.returns = None
        return node


def _global_names(code: types.CodeType) -> Iterator[str]:
    """The global names that code reads, and the functions in it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)
