"""Paths that a recipe names, which may be any text."""

from __future__ import annotations

from pathlib import Path


def existing_path(name: str) -> Path | None:
    """The path with a name, ~ expanded; None if there is nothing, or it can be no path."""
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError, ValueError):
        # too long for a path, ~name of an unknown user, or a NUL
        return None
