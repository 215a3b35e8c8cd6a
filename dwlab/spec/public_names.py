"""What a model is called where others read it: never a path of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import catalog

if TYPE_CHECKING:
    from .model_entry import Entry


def public_name(model: str, weights: str) -> str:
    """The one name of a model, however the user named it.

    It is the name in the catalog, otherwise the one on the hub. A folder is called by the first
    ten digits of its fingerprint `weights`: its own name says where the weights are, not what
    they are.
    """
    entry = catalog.lookup(model)
    for known in catalog.CATALOG.values():
        if _same_source(known, entry):
            return known.name
    return weights[:10] if entry.local else entry.name


def name_without_path(model: str) -> str:
    """The model as the user named it; a folder by its own name, without the path that leads to it."""
    if model in catalog.CATALOG:
        return model
    entry = catalog.lookup(model)
    return Path(entry.source).name if entry.local else model


def _same_source(known: Entry, entry: Entry) -> bool:
    if known.source == entry.source:
        return entry.revision in (None, known.revision)
    return known.local and entry.local and Path(known.source).samefile(entry.source)
