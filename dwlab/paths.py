"""Where results live, and which names may become folders there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import InvalidInput

RESERVED = frozenset({"images", "reference", "benchmarks", "quarantine"})


def results_folder(explicit: str | Path | None = None) -> Path:
    """The results folder: as given, else DWLAB_RESULTS, else `results` of the nearest project, else ./results.

    A project is the nearest folder, from here up, that has `experiments/` in it: a notebook's
    kernel starts in its own folder and must not open a second store there.
    """
    given = explicit or os.environ.get("DWLAB_RESULTS")
    if given:
        if "\0" in str(given):
            raise InvalidInput("results", str(given), "a path without NUL characters")
        return Path(given).expanduser().resolve()
    here = Path.cwd()
    project = next((p for p in (here, *here.parents) if (p / "experiments").is_dir()), here)
    return project / "results"


def check_name(name: object, field: str = "name") -> str:
    """`name` as the name of an experiment, which is also its folder's; raises InvalidInput."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name) or name in RESERVED:
        raise InvalidInput(
            field,
            name,
            f"1 to 64 letters, digits, '-', '_' or '.', a letter or digit first (not {', '.join(sorted(RESERVED))})",
        )
    return name
