"""Finds everything that would go wrong with a model before it runs, not only the first thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DwlabError, InvalidInput
from ..spec import catalog, layouts, licences, single_file
from . import (
    checkpoint_loading,
    folder_check,
    memory_check,
    memory_fit,
    pipeline_kinds,
    tensor_check,
)
from .checkpoint import locate

if TYPE_CHECKING:
    from collections.abc import Callable

    from .checkpoint import Checkpoint

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """Something that would go wrong.

    level: an error ends a run, a warning does not. code: a word for scripts. text: for people, with
    what to do.
    """

    level: str
    code: str
    text: str


@dataclass
class Checkup:
    """What was found of a model. facts: what it is, in words and numbers."""

    model: str
    facts: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether a run would begin."""
        return all(problem.level != ERROR for problem in self.problems)

    def add(self, level: str, code: str, text: str) -> None:
        """Add a problem, unless its text is known already."""
        if text not in (problem.text for problem in self.problems):
            self.problems.append(Problem(level, code, text))

    def attempt(self, code: str, work: Callable[[], Any]) -> Any:
        """What `work` returns; None, with a problem added, if it raises one of dwlab's errors."""
        try:
            return work()
        except DwlabError as error:
            self.add(ERROR, code, str(error))
            return None


def check(model: str, config: str = "") -> Checkup:
    """Check a folder or file on this machine; reads configs and headers, and loads nothing.

    config: as in a recipe. Raises InvalidInput for a name that is neither a folder nor a file.
    """
    path = Path(model).expanduser()
    checkup = Checkup(model)
    if path.is_dir():
        _check_folder(checkup, path)
    elif path.is_file():
        _check_file(checkup, path, config)
    else:
        raise InvalidInput("model", model, "the path of a folder or file on this machine")
    return checkup


def _check_folder(checkup: Checkup, folder: Path) -> None:
    for finding in folder_check.findings(checkup.model, folder):
        checkup.add(finding.level, finding.code, finding.text)
    checkup.facts |= folder_check.facts(folder)
    _check_licence(checkup, licences.of_folder(folder))
    _check_memory(checkup, folder)


def _check_file(checkup: Checkup, file: Path, config: str) -> None:
    name = checkup.model
    checkup.attempt("library", lambda: checkpoint_loading.check_library(file.name))
    header = checkup.attempt("file", lambda: single_file.read_header(name, file))
    if header is None:
        return
    checkup.facts |= {
        "layout": layouts.detect(header) or "unknown",
        "tensors": len(header.tensors),
        "gigabytes": round(header.size / 1e9, 2),
        "prediction": layouts.prediction(header) or "as in its configs",
    }
    _check_licence(checkup, header.metadata.get("modelspec.license"))
    entry = checkup.attempt("config", lambda: catalog.lookup(name, config))
    checkpoint = checkup.attempt("parts", lambda: locate(entry, file)) if entry else None
    if checkpoint is None:
        return
    checkup.facts["configs"] = checkpoint.configs.name
    _check_memory(checkup, checkpoint.configs, checkpoint)
    checkup.attempt("kind", lambda: pipeline_kinds.check(name, checkpoint.configs))
    for note in checkpoint.notes:
        checkup.add(WARNING, "parts", note)
    for fault in (
        checkup.attempt("tensors", lambda: tensor_check.faults(name, checkpoint, header)) or ()
    ):
        checkup.add(ERROR, "tensors", f"{fault}; the file is not whole, or of another layout")


def _check_licence(checkup: Checkup, licence: str | None) -> None:
    checkup.facts["licence"] = licence or "not found"
    if not licence:
        text = "no licence is named with the model; look it up where you got it from"
        checkup.add(WARNING, "licence", text)


def _check_memory(checkup: Checkup, folder: Path, checkpoint: Checkpoint | None = None) -> None:
    estimate = checkup.attempt("memory", lambda: memory_check.fit(folder, checkpoint))
    if estimate is None:
        return
    fit, device = estimate
    checkup.facts |= {"device": device, "dtype": fit.demand.dtype, "memory": fit.numbers()}
    if not fit.fits:
        level = ERROR if fit.is_hopeless else WARNING
        checkup.add(level, "memory", memory_fit.shortage(checkup.model, fit, device))
