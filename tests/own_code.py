"""Code of a user's own for tests: files, and what a notebook defines."""

from __future__ import annotations

import itertools
import linecache
import sys
import types

INTERVAL = '''
"""Guidance in an interval."""

from typing import Annotated, Literal

import dwlab
from shares import HALF

Share = Annotated[float, dwlab.Range(0, 1)]


@dwlab.method
def interval(pipe, cell, *, low: Share = 0.2, high: Share = HALF * 1, off: Literal["one", "less"] = "one"):
    """Guidance only while the share of the steps is between low and high."""
    return None


@dwlab.method
def plain(pipe, cell):
    return pipe(**cell.stock()).images[0]
'''.replace("HALF * 1", "0.8")
_cells = itertools.count()


def method_file(folder, text=INTERVAL, shares="HALF = 0.5\n"):
    """The path of a file with methods, beside a module that it imports."""
    folder.mkdir(exist_ok=True)
    (folder / "shares.py").write_text(shares, "utf-8")
    path = folder / "interval.py"
    path.write_text(text, "utf-8")
    return path


def notebook(source):
    """What a notebook has defined after a cell with this source: its names, as attributes."""
    number = next(_cells)
    module = types.ModuleType(f"notebook_{number}")
    file = f"<cell {number}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    sys.modules[module.__name__] = module
    exec(compile(source, file, "exec"), vars(module))
    return module
