"""Showing things below a notebook's cell."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import TextIO

    from IPython.display import HTML


def html(text: str) -> HTML:
    """HTML as the value of a cell."""
    from IPython.display import HTML

    return HTML(text)


def show(value: object) -> None:
    """Show a value below the cell."""
    from IPython.display import display

    display(value)


def stderr_as_stdout() -> AbstractContextManager[TextIO]:
    """Print progress like results: a notebook shows stderr in red, as if something were wrong."""
    return contextlib.redirect_stderr(sys.stdout)
