"""The results store: one SQLite file of rows beside a folder of pictures, shared by every door."""

from __future__ import annotations

import contextlib
import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ..errors import StoreError
from . import images, recovery
from .cells import CellRow, Cells, write_row
from .database import STORE_FILE, StoreFile, explained
from .experiments import Experiments
from .history import History
from .measurements import Measurements
from .metric_values import MetricValues, write_metrics
from .traces import Traces, save_film, write_traces
from .votes import Votes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..pictures.traces import Trace
    from .metric_values import Metrics
    from .traces import StoredFilm

# rows are committed together once there are so many, or once so much time has passed
GROUP_ROWS = 64
GROUP_SECONDS = 0.5


@contextlib.contextmanager
def open_existing(root: Path) -> Iterator[Store | None]:
    """The store of a results folder, for reading; None if there is none yet."""
    if not (root / STORE_FILE).exists():
        yield None
        return
    with Store(root, read=True) as store:
        yield store


class Store:
    """Rows and pictures in one folder; use it as a context manager, in one thread.

    cells, experiments, history, metrics, measurements, traces, votes: the rows by subject.
    file: the SQLite file, for callers that keep other rows there.

    Saving a picture takes three steps: `save_picture` puts it on the disk, `add` gathers its row,
    and `flush` commits the rows that were gathered. A row counts once it is committed.

    A damaged file is moved to `quarantine/`, never deleted, and its rows are read back from the
    pictures. Raises StoreError for a folder that cannot be used.

    read: only read what is there. Nothing is made, searched, checked as a whole or repaired, so
    opening takes no time however large the store is; damage is a StoreError once it is met.
    check: whether the file is read through for damage first, and files that dead processes left are
    removed, which a small change need not wait for.
    """

    def __init__(self, root: Path, *, read: bool = False, check: bool = True) -> None:
        self.root = root
        read_back = functools.partial(recovery.read_back, root)
        self.file = StoreFile(root, read_back, read=read, check=check)
        self.cells = Cells(self.file)
        self.experiments = Experiments(self.file)
        self.history = History(self.file)
        self.metrics = MetricValues(self.file)
        self.measurements = Measurements(self.file)
        self.traces = Traces(self.file)
        self.votes = Votes(self.file)
        self._uncommitted: list[_Outcome] = []
        self._last_commit = time.monotonic()

    @property
    def notes(self) -> list[str]:
        """What was repaired when the store was opened, in words for the user."""
        return self.file.notes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.flush()
        except StoreError:
            if kind is None:
                raise
        finally:
            self.close()

    def close(self) -> None:
        """Close the file; rows that are not committed are dropped."""
        self.file.connection.close()

    def save_picture(self, data: bytes) -> str:
        """Write a PNG to the disk under its hash; returns its path, relative to the folder."""
        with explained(self.root):
            return images.save_picture(self.root, data)

    def save_film(self, image: str, data: bytes) -> StoredFilm:
        """Write a film to the disk beside its picture, whose path is `image`."""
        with explained(self.root):
            return save_film(self.root, image, data)

    def add(
        self,
        row: CellRow,
        *,
        experiment: str | None = None,
        metrics: Metrics | None = None,
        traceback: str | None = None,
        traces: Sequence[Trace] = (),
        film: StoredFilm | None = None,
    ) -> None:
        """Gather the outcome of a cell with its metrics and traces; its files must be on the disk already.

        traceback: where the user's own code failed.
        """
        outcome = _Outcome(row, experiment, metrics or {}, traceback, traces, film)
        self._uncommitted.append(outcome)

    def due(self) -> bool:
        """Whether gathered rows should be committed now."""
        if not self._uncommitted:
            return False
        if len(self._uncommitted) >= GROUP_ROWS:
            return True
        return time.monotonic() - self._last_commit > GROUP_SECONDS

    def flush(self) -> int:
        """Commit the rows that were gathered; returns how many.

        The row of a finished cell is overwritten only if its picture is gone.
        """
        if not self._uncommitted:
            return 0
        with self.file.transaction() as sql:
            for outcome in self._uncommitted:
                write_row(sql, outcome.row, outcome.experiment, outcome.traceback)
                write_metrics(sql, outcome.row.key, outcome.metrics)
                write_traces(sql, outcome.row.key, outcome.row.image, outcome.traces, outcome.film)
        count = len(self._uncommitted)
        self._uncommitted.clear()
        self._last_commit = time.monotonic()
        return count


@dataclass(frozen=True)
class _Outcome:
    """A row that is to be committed, with what belongs to it."""

    row: CellRow
    experiment: str | None
    metrics: Metrics
    traceback: str | None
    traces: Sequence[Trace]
    film: StoredFilm | None
