"""A project folder for somebody who installed dwlab: experiments, notebooks and a README."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.atomic import make_folder, write_atomic
from .._util.shipped import shipped
from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPERIMENTS = ("quickstart.yaml", "schedulers.yaml", "negative.yaml", "bench-shapes.yaml")
NOTEBOOKS = (
    "start.ipynb",
    "explore.ipynb",
    "sweep.ipynb",
    "benchmark.ipynb",
    "guidance-and-steps.ipynb",
    "read-a-sweep.ipynb",
    "bring-your-own.ipynb",
    "your-own-method.ipynb",
)
# links of notebooks to pages that a project does not have
_DOCS = re.compile(r"\[([^\]]*)\]\(\.\./docs/[^)]*\)")
_IGNORED = "/results/\n.ipynb_checkpoints/\n"
_README = """# {name}

A folder for dwlab, a lab bench for diffusion models.

| folder | what it is for |
| --- | --- |
| `experiments/` | one sweep or benchmark per YAML file; `dwlab new` writes another one |
| `notebooks/` | `jupyter lab notebooks/start.ipynb` is where to start |
| `results/` | pictures, tables and reports; made by the first run, and ignored by git |

```sh
dwlab sweep experiments/quickstart.yaml --dry-run   # what it would take
dwlab sweep experiments/quickstart.yaml             # 72 pictures, their table and report
dwlab open quickstart                               # the report, in a browser
```

`dwlab` alone says what else to do first, and `dwlab --help` lists all commands. Results stay in this folder whichever of its
folders you call dwlab from.
"""


@dataclass(frozen=True)
class Project:
    """A project folder. written: the files that were made in it. kept: those that were there."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def make_project(folder: Path) -> Project:
    """Make a project folder; files that are there already stay as they are.

    Raises InvalidInput if there is a file of that name.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput("folder", str(folder), "a new folder; there is a file of this name")
    make_folder(folder)
    written = []
    kept = []
    for name, data in _files(folder.resolve().name):
        path = folder / name
        if path.exists():
            kept.append(name)
        else:
            write_atomic(path, data)
            written.append(name)
    return Project(folder, tuple(written), tuple(kept))


def _files(name: str) -> Iterator[tuple[str, bytes]]:
    """The path of each file within the project, and what is in it."""
    yield "README.md", _README.format(name=name).encode()
    yield ".gitignore", _IGNORED.encode()
    for file in EXPERIMENTS:
        yield f"experiments/{file}", shipped("experiments", file).read_bytes()
    for file in NOTEBOOKS:
        text = shipped("notebooks", file).read_text("utf-8")
        yield f"notebooks/{file}", _DOCS.sub(r"\1", text).encode()
