"""Files that come with dwlab beside its code: notebooks and experiments."""

from __future__ import annotations

from pathlib import Path


def shipped(folder: str, name: str) -> Path:
    """A file of `notebooks` or `experiments`: in the installed package, or in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / folder / name
    return installed if installed.exists() else package.parent / folder / name
