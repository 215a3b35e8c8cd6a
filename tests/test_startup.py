"""`import dwlab` and `dwlab --help` are light: they load none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "diffusers",
    "transformers",
    "matplotlib",
    "pandas",
    "numpy",
    "PIL",
    "papermill",
    "ipywidgets",
    "IPython",
}
HELP = """
from dwlab.cli import main
sys.argv = ["dwlab", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `code`."""
    script = f"import json, sys\n{code}\nprint()\nprint(json.dumps(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(result.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "code",
    ["import dwlab", "import dwlab; dir(dwlab)", "import dwlab.notebook", HELP],
    ids=["import", "dir", "notebook", "help"],
)
def test_start_loads_no_heavy_library(code):
    modules = loaded(code)
    assert "dwlab" in modules
    assert modules & HEAVY == set()


def test_a_heavy_library_would_be_seen():
    assert loaded("import dwlab, numpy") & HEAVY == {"numpy"}
