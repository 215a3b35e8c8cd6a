"""The house keeps its order: rooms that import downward only, and names that are found at once.

The order itself is the layers contract in pyproject.toml, which `make rooms` checks.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dwlab

PACKAGE = Path(dwlab.__file__).parent
MODULES = {path.stem for path in PACKAGE.glob("*.py")} | {
    path.parent.name for path in PACKAGE.glob("*/__init__.py")
}


def imports_through_the_face(source: str) -> list[str]:
    """Names that the code imports from `dwlab` itself instead of from the module that defines them."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = [
        alias.name
        for node in nodes
        if not node.level and node.module == "dwlab"
        for alias in node.names
    ]
    return [name for name in names if name not in MODULES]


def test_no_name_of_the_public_face_hides_a_module():
    assert set(dwlab.__all__) & MODULES == set()


@pytest.mark.parametrize("name", dwlab.__all__)
def test_every_public_name_is_there(name):
    assert getattr(dwlab, name) is not None


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dwlab.nothing


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_module_imports_from_where_a_name_is_defined(path):
    assert imports_through_the_face(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from dwlab import Sweep", ["Sweep"]),
        ("def f():\n    from dwlab import stream", ["stream"]),
        ("from dwlab import models", []),
        ("from .run import Sweep", []),
    ],
)
def test_the_check_itself_sees(source, names):
    assert imports_through_the_face(source) == names


def test_the_package_runs_as_the_command():
    ended = subprocess.run(
        [sys.executable, "-m", "dwlab", "--version"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert dwlab.__version__ in ended.stdout
