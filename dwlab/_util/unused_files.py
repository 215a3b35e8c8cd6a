"""Files that are removed once nothing needs them, although others may begin to need them meanwhile.

Who uses a file that is there calls `renew`, which changes its time. Who removes it remembers its time
first, makes sure that nothing needs it, and calls `remove_unchanged`, which leaves a file alone that was
renewed or written again since.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .atomic import temporary_name

if TYPE_CHECKING:
    from pathlib import Path


def renew(path: Path) -> bool:
    """Set a file's time to now; returns whether the file is still there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    # somebody else's file, which may be read but not changed
    except PermissionError:
        pass
    return True


def remove_unchanged(path: Path, modified: int) -> bool:
    """Remove a file unless its time is no longer `modified` (in nanoseconds); returns whether it did.

    The file is moved aside before its time is looked at: otherwise it could be renewed between the
    look and the removal.
    """
    aside = path.with_name(temporary_name(path.suffix))
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if aside.stat().st_mtime_ns != modified:
        aside.replace(path)
        return False
    aside.unlink()
    return True
