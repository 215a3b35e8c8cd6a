"""Checks that the pictures of a results folder are as they were written, by reading each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..pictures import inputs
from ..spec.inputs import FOLDER
from .database import explained
from .experiments import never_ran
from .images import is_there, is_whole
from .quarantine import set_aside
from .store import open_existing
from .traces import is_whole as is_whole_film

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Follow = Callable[[list[str]], Iterable[str]]


@dataclass
class IntegrityReport:
    """How many pictures were checked, and the paths of those, and of films, that are not as written.

    damaged: their bytes differ from what was written; they are now in `quarantine/`.
    missing: a row names them, but they are not on the disk.
    Paths are relative to the results folder.
    """

    pictures: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every picture is there, as it was written."""
        return not self.damaged and not self.missing


def verify(root: Path, experiment: str | None = None, *, follow: Follow = iter) -> IntegrityReport:
    """Compare every picture and film with its hash, and move those that differ to `quarantine/`.

    The next sweep makes them again. experiment: only its pictures are checked, otherwise all that
    are in the folder or in a row. follow: passes the pictures on one by one, for a progress bar.
    Raises InvalidInput for an experiment that never ran here, StoreError for a folder that cannot
    be read.
    """
    sizes = _stored(root, experiment)
    report = IntegrityReport()
    with explained(root):
        pictures = list(sizes) if experiment else sorted({*sizes, *_on_disk(root)})
        for picture in follow(pictures):
            report.pictures += 1
            path = root / picture
            if not path.exists() and not path.is_symlink():
                report.missing.append(picture)
            elif not is_there(str(path), sizes.get(picture)) or not _is_as_written(path):
                set_aside(root, path)
                report.damaged.append(picture)
        _check_films(root, experiment, report)
    return report


def _check_films(root: Path, experiment: str | None, report: IntegrityReport) -> None:
    with open_existing(root) as store:
        films = store.traces.films(experiment) if store else []
    for film in films:
        path = root / film.path
        if not path.exists() and not path.is_symlink():
            report.missing.append(film.path)
        elif not is_whole_film(root, film):
            set_aside(root, path)
            report.damaged.append(film.path)


def _is_as_written(path: Path) -> bool:
    """Whether a picture is what its name says: the hash of its pixels if cells start from it."""
    return inputs.is_whole(path) if path.parent.name == FOLDER else is_whole(path)


def _stored(root: Path, experiment: str | None) -> dict[str, int | None]:
    """The size in bytes of each picture that a row names; None for those that cells start from."""
    experiments: list[str] = []
    sizes: dict[str, int | None] = {}
    with open_existing(root) as store:
        if store:
            experiments = list(store.experiments.specs())
            sizes = store.cells.pictures(experiment)
            sizes |= dict.fromkeys(store.cells.inputs(experiment))
    if experiment is not None and experiment not in experiments:
        raise never_ran(root, experiment, experiments)
    return sizes


def _on_disk(root: Path) -> list[str]:
    """The pictures on the disk, also those that no row names: a later row may name them again."""
    paths = [*root.glob("images/??/*.png"), *root.glob(f"{FOLDER}/*.png")]
    return [path.relative_to(root).as_posix() for path in paths]
