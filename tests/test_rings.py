"""A module imports its own ring and lower ones only. The table is the layers contract in pyproject.toml."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dwlab"
FILES = sorted(PACKAGE.rglob("*.py"))
TORCH_FREE = {0, 1, 4}
TORCH = {"torch", "diffusers", "transformers", "accelerate"}
DOORS = 5


def table() -> list[tuple[str, int]]:
    """Each module or room of dwlab that the contract lists, with its ring: 0 is the innermost."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    layers = reversed(contract["layers"])
    return [(name, ring) for ring, layer in enumerate(layers) for name in re.findall(r"\w+", layer)]


LISTED = table()
RINGS = dict(LISTED)
MODULES = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def imports(source: str, package: str) -> set[str]:
    """Full names of everything that the code imports, at its top or inside functions; `package` is where it stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def complaints(source: str, path: Path) -> list[str]:
    """What the file at `path` (relative to the repository) imports and should not."""
    room = path.parts[1].removesuffix(".py")
    if room not in RINGS:
        return [f"{path} has no ring yet: add {room} to the layers in pyproject.toml"]
    ring, said = RINGS[room], []
    for name in sorted(imports(source, ".".join(path.parent.parts))):
        top, _, rest = name.partition(".")
        other = rest.split(".")[0]
        if top in TORCH and ring in TORCH_FREE:
            said.append(f"{path} (ring {ring}) imports {top}")
        elif top == "dwlab" and other in RINGS and RINGS[other] > ring:
            said.append(f"{path} (ring {ring}) imports {other} (ring {RINGS[other]})")
        elif top == "dwlab" and other not in MODULES | {"__version__"} and ring != DOORS:
            said.append(f"{path} imports {name} through the public face: import from its module")
    return said


def test_every_module_has_a_ring_and_only_one():
    assert max(RINGS.values()) == DOORS
    assert len(LISTED) == len(RINGS)
    assert MODULES - {"__init__"} - set(RINGS) == set(), "add them to the layers in pyproject.toml"


@pytest.mark.parametrize(
    "path", [p for p in FILES if p != PACKAGE / "__init__.py"], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_go_down(path):
    assert complaints(path.read_text(), path.relative_to(ROOT)) == []


def test_no_name_of_the_public_face_hides_a_module():
    import dwlab

    assert set(dwlab.__all__) & MODULES == set()


@pytest.mark.parametrize(
    ("path", "source", "bad"),
    [
        ("dwlab/params.py", "from .errors import InvalidInput", False),
        ("dwlab/params.py", "from .store import Store", True),
        ("dwlab/params.py", "def f():\n    from . import store", True),
        ("dwlab/params.py", "import dwlab.store", True),
        ("dwlab/params.py", "from dwlab import Sweep", True),
        ("dwlab/params.py", "from . import __version__", False),
        ("dwlab/plots.py", "import torch.nn", True),
        ("dwlab/models.py", "import torch.nn", False),
        ("dwlab/shapes/world.py", "from ..run import run", True),
        ("dwlab/shapes/world.py", "from ..errors import DwlabError", False),
        ("dwlab/shapes/world.py", "from . import captions", False),
        ("dwlab/cli.py", "from . import run, __version__", False),
    ],
)
def test_the_check_itself_sees(path, source, bad):
    assert bool(complaints(source, Path(path))) is bad
