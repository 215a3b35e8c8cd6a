"""The text that stands for what code does: its syntax tree without comments, docstrings and layout."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def text_of(node: object) -> str:
    """A syntax tree, or a value in one, as text.

    Empty fields are left out, because later versions of Python add some to the same code.
    """
    if isinstance(node, ast.AST):
        fields = [f"{name}={text_of(value)}" for name, value in _fields(node)]
        return f"{type(node).__name__}({', '.join(fields)})"
    if isinstance(node, list):
        return f"[{', '.join(map(text_of, node))}]"
    return repr(node)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        kept = value
        if name == "body" and isinstance(node, _DOCUMENTED):
            kept = value[1:] if _begins_with_docstring(node) else value
        if kept is not None and kept != []:
            yield name, kept


def _begins_with_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> bool:
    return ast.get_docstring(node, clean=False) is not None
