"""A hash over all that the store holds of an experiment: it changes once a table or report of it could."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .database import StoreFile

_MEMBERS = "FROM membership JOIN {table} USING (key) WHERE membership.experiment = :experiment"
_ROWS = (
    "SELECT spec, seeds FROM experiments WHERE name = :experiment",
    f"SELECT * {_MEMBERS.format(table='cells')} ORDER BY membership.position",
    f"SELECT metrics.* {_MEMBERS.format(table='metrics')} ORDER BY key, metric",
    f"SELECT marks.* {_MEMBERS.format(table='marks')} ORDER BY key, mark",
    f"SELECT traces.* {_MEMBERS.format(table='traces')} ORDER BY key, name",
    "SELECT * FROM measurements WHERE experiment = :experiment ORDER BY metric, key",
    "SELECT * FROM measured_columns WHERE experiment = :experiment ORDER BY metric",
    "SELECT * FROM votes WHERE experiment = :experiment AND choice IS NOT NULL ORDER BY id",
)


def state_of(file: StoreFile, experiment: str) -> str:
    """The hash over an experiment's cells, their metrics, marks and traces, and the votes on them."""
    digest = hashlib.sha256()
    for statement in _ROWS:
        for row in file.tuples(statement, experiment=experiment):
            digest.update(f"{row!r}\n".encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()
