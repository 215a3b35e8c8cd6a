"""The pictures that were made one by one, latest first, and the marks that people give them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .._util.timestamp import now
from . import history_search, mark_changes
from .history_index import HistoryRun, enter_run, is_behind, update_index
from .history_search import ENTRY, HistoryChoices, HistoryEntry, HistoryFilter, HistoryListing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .database import StoreFile
    from .mark_changes import MarkChange

EVERYTHING = HistoryFilter()
_LAST_POSITION = """
    SELECT COALESCE(MAX(position), -1) AS position
    FROM membership
    WHERE experiment = :experiment
"""
_APPEND = """
    INSERT OR REPLACE INTO membership (experiment, position, key, axes)
    VALUES (?, ?, ?, '{}')
"""
_SHOW_AGAIN = "DELETE FROM marks WHERE key = ? AND mark = 'hide'"
_PICTURES = f"""
    SELECT {ENTRY}, position
    FROM json_each(:keys)
    CROSS JOIN membership ON membership.experiment = :experiment AND membership.key = json_each.value
    JOIN cells ON cells.key = membership.key
    WHERE cells.status = 'ok'
    ORDER BY json_each.key
"""
_POSITION = """
    SELECT position FROM history_entries
    WHERE experiment = :experiment AND key = :key AND NOT is_base
"""


class History:
    """Reads and changes the history of an experiment whose pictures are made one by one."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def append(self, experiment: str, keys: Sequence[str], run: HistoryRun | None = None) -> None:
        """Make `keys` the last cells of an experiment.

        Those that were among its cells before move to the end, and hidden ones show again. run: for
        a history that is searched; its pictures are then a run.
        """
        with self._file.transaction() as sql:
            last = sql.execute(_LAST_POSITION, {"experiment": experiment}).fetchone()["position"]
            rows = [
                (experiment, position, key) for position, key in enumerate(keys, start=last + 1)
            ]
            sql.executemany(_APPEND, rows)
            sql.executemany(_SHOW_AGAIN, [(key,) for key in keys])
            if run is not None:
                enter_run(sql, experiment, keys, run)

    def is_behind(self, experiment: str) -> bool:
        """Whether `search` lacks pictures until `update_index` is called."""
        return is_behind(self._file, experiment)

    def update_index(self, experiment: str) -> None:
        """Take in what was made since, so that `search` has it."""
        update_index(self._file, experiment)

    def search(
        self, experiment: str, chosen: HistoryFilter = EVERYTHING, *, by_run: bool = False
    ) -> HistoryListing:
        """The finished pictures that a filter lists, see `history_search.listing`."""
        return history_search.listing(self._file, experiment, chosen, by_run=by_run)

    def entries(self, experiment: str, positions: Sequence[int]) -> list[HistoryEntry]:
        """The pictures at some positions of a listing, in their order."""
        return history_search.entries(self._file, experiment, positions)

    def keys(self, experiment: str, positions: Sequence[int]) -> list[str]:
        """The keys of the pictures at some positions of a listing, in their order."""
        return history_search.keys(self._file, experiment, positions)

    def position(self, experiment: str, key: str) -> int | None:
        """The position of a picture in listings; None if it has none."""
        rows = self._file.tuples(_POSITION, experiment=experiment, key=key)
        return int(rows[0][0]) if rows else None

    def runs(self, experiment: str) -> dict[int, tuple[str, str]]:
        """When each run started, and along which parameter its pictures differ, by its number."""
        return history_search.runs(self._file, experiment)

    def choices(self, experiment: str) -> HistoryChoices:
        """What the pictures of an experiment can be filtered by."""
        return history_search.choices(self._file, experiment)

    def latest(self, experiment: str, limit: int) -> list[HistoryEntry]:
        """The pinned pictures of an experiment, then the `limit` newest others, without hidden ones."""
        listing = self.search(experiment)
        return self.entries(experiment, listing.positions[: listing.pinned + limit])

    def pictures(self, experiment: str, keys: Sequence[str]) -> list[HistoryEntry]:
        """The finished pictures of some keys, hidden or not; those that there are."""
        rows = self._file.query(_PICTURES, experiment=experiment, keys=json.dumps(keys))
        return [history_search.entry_of(row) for row in rows]

    def set_mark(self, key: str, mark: str, value: int | str) -> None:
        """Give a picture a mark (stars, a note), which replaces the one of that name."""
        row = {"key": key, "mark": mark, "value": value, "created": now()}
        with self._file.transaction() as sql:
            sql.execute(mark_changes.SET, row)

    def give_marks(self, experiment: str, keys: Sequence[str], mark: str, value: int | str) -> None:
        """Give pictures a mark; `take_back` takes it back."""
        mark_changes.give(self._file, experiment, keys, mark, value)

    def last_change(self, experiment: str) -> MarkChange | None:
        """The change of marks that `take_back` would take back; None if there is none."""
        return mark_changes.last(self._file, experiment)

    def take_back(self, experiment: str) -> MarkChange | None:
        """Take back the last change of marks; returns it, or None if there is none."""
        return mark_changes.take_back(self._file, experiment)
