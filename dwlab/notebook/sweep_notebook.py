"""The notebook that `dwlab sweep` leaves beside its results."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING

from ..paths import experiment_folder
from ..workflows.made_from import FILES, MadeFrom, hash_of_words
from .papermill import notebook_path, run_notebook

if TYPE_CHECKING:
    from pathlib import Path

NAME = "sweep"
FILE = "sweep.ipynb"
# they draw what it shows, besides the libraries that the report is made with
LIBRARIES = ("ipykernel", "nbclient", "papermill")


def executed_sweep_notebook(root: Path, name: str) -> Path:
    """The path of the notebook of an experiment that ran, executed if it was not for the same results.

    Raises DwlabError, like `run_notebook`.
    """
    folder = experiment_folder(root, name)
    record = MadeFrom(folder)
    source = _source(record)
    output = folder / FILE
    if source is not None and record.has([FILE], source):
        return output
    parameters = {"experiment": name, "results": str(root), "compute": False}
    run_notebook(NAME, output, parameters)
    if source is not None:
        record.keep([FILE], source)
    return output


def _source(record: MadeFrom) -> str | None:
    """A hash over what the notebook is made from: all that the report is, its own text, and its kernel.

    None if the report itself is not up to date.
    """
    results = record.source(FILES["report"])
    if results is None:
        return None
    versions = [f"{library} {importlib.metadata.version(library)}" for library in LIBRARIES]
    text = notebook_path(NAME).read_text("utf-8")
    return hash_of_words([results, text, sys.executable, *versions])
