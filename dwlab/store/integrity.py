"""Are the pictures of a results folder still what was written? Reads each of them; loads no model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from .database import explained
from .images import is_there, is_whole
from .quarantine import set_aside
from .store import open_existing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Follow = Callable[[list[str]], Iterable[str]]


@dataclass
class IntegrityReport:
    """How many pictures were looked at, and which of them, relative to the results folder, are not as they were written.

    damaged: other bytes than were written; each now lies in `quarantine/`. missing: in a row, but not on disk.
    """

    pictures: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every picture is there as it was written."""
        return not self.damaged and not self.missing


def verify(root: Path, experiment: str | None = None, *, follow: Follow = iter) -> IntegrityReport:
    """Compare every picture with the hash in its name, and move those that differ to `quarantine/`.

    The next sweep then makes them again. experiment: only its pictures, else all that lie in the folder or are in a row.
    follow: passes the pictures on one by one, and may show how far they are. Raises InvalidInput for an experiment that
    never ran here, StoreError for a folder that cannot be read.
    """
    sizes = _stored(root, experiment)
    verdict = IntegrityReport()
    with explained(root):
        names = list(sizes) if experiment else sorted({*sizes, *_on_disk(root)})
        for name in follow(names):
            verdict.pictures += 1
            path = root / name
            if not path.exists() and not path.is_symlink():
                verdict.missing.append(name)
            elif not is_there(str(path), sizes.get(name)) or not is_whole(path):
                set_aside(root, path)
                verdict.damaged.append(name)
    return verdict


def _stored(root: Path, experiment: str | None) -> dict[str, int | None]:
    """The pictures that are in a row, and their bytes."""
    names: list[str] = []
    sizes: dict[str, int | None] = {}
    with open_existing(root) as store:
        if store:
            names = list(store.experiments.specs())
            sizes = store.cells.pictures(experiment)
    if experiment is not None and experiment not in names:
        raise InvalidInput(
            "experiment", experiment, f"one that ran in {root}: {', '.join(names) or 'none yet'}"
        )
    return sizes


def _on_disk(root: Path) -> list[str]:
    """What lies where pictures do, also where no row names it: a row may come to name it again."""
    return [path.relative_to(root).as_posix() for path in root.glob("images/??/*.png")]
