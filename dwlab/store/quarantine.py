"""Where damaged files of a results folder go, so that nothing is lost."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .._util.atomic import make_folder

if TYPE_CHECKING:
    from pathlib import Path


def set_aside(root: Path, *paths: Path) -> Path:
    """Move files into `quarantine/` below the results folder; returns where the last one is now."""
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    quarantine = root / "quarantine"
    make_folder(quarantine)
    for path in paths:
        moved = quarantine / f"{time}-{path.name}"
        # shutil, because a link in the folder may lead to another disk
        shutil.move(path, moved)
    return moved
