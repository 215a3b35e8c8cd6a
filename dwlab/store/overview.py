"""The experiments of a results folder at a glance: how many cells, how large, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .store import open_existing

if TYPE_CHECKING:
    from pathlib import Path

_OVERVIEW = """
    SELECT
        experiments.name,
        COUNT(membership.key),
        COALESCE(SUM(cells.status = 'ok'), 0),
        COALESCE(SUM(cells.status != 'ok'), 0),
        COALESCE(SUM(CASE WHEN cells.status = 'ok' THEN cells.bytes END), 0),
        COALESCE(MAX(cells.created), experiments.created)
    FROM experiments
    LEFT JOIN membership ON membership.experiment = experiments.name
    LEFT JOIN cells USING (key)
    GROUP BY experiments.name
    ORDER BY experiments.created
"""


class ExperimentSummary(NamedTuple):
    """An experiment in a few numbers.

    cells: all that it has. done, failed: those with an outcome. bytes: of its folder and of its
    pictures, also those that other experiments have too. latest: when its last cell ended, or when
    it was entered if none has; UTC, ISO 8601.
    """

    name: str
    cells: int
    done: int
    failed: int
    bytes: int
    latest: str


def overview(root: Path) -> list[ExperimentSummary]:
    """Every experiment of a results folder, oldest first."""
    with open_existing(root) as store:
        rows = store.file.tuples(_OVERVIEW) if store else []
    summaries = [ExperimentSummary._make(row) for row in rows]
    return [
        summary._replace(bytes=summary.bytes + _bytes_below(root / summary.name))
        for summary in summaries
    ]


def _bytes_below(folder: Path) -> int:
    """The bytes of the files in a folder; links are not followed."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files)
