"""Pictures of the history in a zip: their files, which have the recipes in them, and a list."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

from ..._util.atomic import replacing
from ..._util.timestamp import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...store.history_search import HistoryEntry

FOLDER = "exports"  # in the results folder
KEY_DIGITS = 12


def export(root: Path, entries: Sequence[HistoryEntry]) -> Path:
    """Write pictures to a new zip in the results folder; returns its path.

    `pictures.json` in it has recipe, marks and time of each. Raises OSError if a file is gone.
    """
    name = f"pictures-{now().partition('.')[0].replace(':', '')}.zip"
    path = root / FOLDER / name
    rows = []
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for number, entry in enumerate(entries, start=1):
            file = f"{number:04}-{entry.key[:KEY_DIGITS]}.png"
            archive.write(root / entry.image, file)
            recipe = json.loads(entry.params)
            row = {"file": file, "key": entry.key, "created": entry.created, "marks": entry.marks}
            rows.append({**row, "recipe": recipe})
        archive.writestr("pictures.json", json.dumps(rows, indent=1, ensure_ascii=False))
    return path
