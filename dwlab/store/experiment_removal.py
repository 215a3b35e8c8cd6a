"""Removes an experiment, with the pictures that nothing else holds, and its folder."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..paths import experiment_folder
from . import unheld, votes_log
from .database import explained
from .experiment_lock import LOCK_FILE, experiment_lock, remove_empty_folder
from .experiments import never_ran
from .garbage import UnusedFile, remove_pictures, unused_file
from .store import Store, open_existing
from .traces import film_path
from .votes import remove_votes

if TYPE_CHECKING:
    from pathlib import Path

# the experiment's own cells count as held by it until it is gone
_ONLY_HERE = """
    SELECT cells.key, cells.image
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
        AND cells.key NOT IN (SELECT key FROM membership WHERE experiment != :experiment)
        AND cells.key NOT IN ({marked})
"""
_COUNT_VOTES = "SELECT COUNT(*) FROM votes WHERE experiment = :experiment AND choice IS NOT NULL"
_REMOVE = (
    "DELETE FROM membership WHERE experiment = :experiment",
    "DELETE FROM measurements WHERE experiment = :experiment",
    "DELETE FROM measured_columns WHERE experiment = :experiment",
    "DELETE FROM experiments WHERE name = :experiment",
)


@dataclass(frozen=True)
class ExperimentParts:
    """What removing an experiment removes.

    cells: how many it has. keys: of cells that nothing else holds. pictures: their files, with films.
    folder: with the report and other files, which may be missing. votes: how many there are on it.
    with_votes: whether they go too; otherwise they stay, and so do the pictures that they are about.
    """

    name: str
    cells: int
    keys: list[str]
    pictures: list[UnusedFile]
    folder: Path
    votes: int
    with_votes: bool


def parts(root: Path, name: str, *, votes: bool = False) -> ExperimentParts:
    """What there is of an experiment; nothing is changed.

    votes: whether the votes on it go too. Raises InvalidInput for an experiment that never ran here,
    and for `explore` and `api`, in which the prompt bench and the server keep their pictures.
    """
    folder = experiment_folder(root, name)
    with open_existing(root) as store:
        known = list(store.experiments.specs()) if store else []
        vote_count = store.file.tuples(_COUNT_VOTES, experiment=name)[0][0] if store else 0
        # the folder alone is left after a crash while it was removed, votes if they were to stay
        is_left = (folder / LOCK_FILE).exists() or (votes and vote_count)
        if name not in known and not is_left:
            raise never_ran(root, name, known)
        only_here = _ONLY_HERE.format(marked=unheld.MARKED_BESIDES if votes else unheld.MARKED)
        rows = store.file.tuples(only_here, experiment=name) if store else []
        cells = len(store.experiments.members(name)) if store else 0
    with explained(root):
        images = [image for _, image in rows if image]
        files = [unused_file(root / path) for path in (*images, *map(film_path, images))]
    return ExperimentParts(
        name=name,
        cells=cells,
        keys=[key for key, _ in rows],
        pictures=[file for file in files if file],
        folder=folder,
        votes=vote_count,
        with_votes=votes,
    )


def remove(root: Path, experiment: ExperimentParts) -> None:
    """Remove an experiment: its rows at once, then its pictures, then its folder.

    What something else holds by now stays. After a crash in between, `find_garbage` finds the
    pictures, and the same call removes the folder. Raises InUse if the experiment runs.
    """
    with Store(root) as store, experiment_lock(root, experiment.name):
        with store.file.transaction() as sql:
            for statement in _REMOVE:
                sql.execute(statement, {"experiment": experiment.name})
            if experiment.with_votes:
                remove_votes(sql, experiment.name)
                votes_log.add_removed(root, experiment.name)
            unheld.delete_cells(sql, experiment.keys)
        with explained(root):
            remove_pictures(store, experiment.pictures)
            _empty(experiment.folder)
    with explained(root), contextlib.suppress(FileNotFoundError):
        remove_empty_folder(root, experiment.name)


def _empty(folder: Path) -> None:
    """Remove everything in a folder but its lock; a link goes, not what it leads to."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK_FILE:
            path.unlink()
