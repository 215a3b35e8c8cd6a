"""What the models of the hub cost to get: what is here, what is missing, and their licences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..spec import catalog
from . import downloads, hub, hub_errors, transfers
from .quiet import quiet_libraries
from .repository import cached, listed

if TYPE_CHECKING:
    from pathlib import Path

    from ..spec.model_entry import Entry


@dataclass(frozen=True)
class Offer:
    """What the hub offers, as it says now.

    repository, commit: where its files are. bytes: of all files that its pipeline loads. missing:
    bytes that have not arrived yet. licence: as the repository's card names it, None if it does not.
    gated: whether an account must accept its terms. is_part: whether it is a part of models, like a
    ControlNet.
    """

    repository: str
    commit: str
    bytes: int
    missing: int
    licence: str | None
    gated: bool
    is_part: bool = False


def ask(entry: Entry, variant: str | None = None) -> Offer:
    """Ask the hub what a model takes to get; only its index is downloaded.

    Raises ModelError with the cause and the remedy.
    """
    quiet_libraries()
    repo = hub.source_of(entry, variant)
    try:
        repository = listed(repo, entry.revision)
        is_part = downloads.is_part(repository)
        if is_part:
            files = downloads.part_files(repository, "", variant)
            missing = [name for name in files if cached(repo, name, entry.revision) is None]
        else:
            parts = downloads.needed_parts(repository, variant)
            files = [*parts.small, *parts.weights]
            missing = parts.missing()
    except ModelError:
        raise
    # errors of the hub, the network and the disk have many classes
    except Exception as error:
        reason = hub_errors.explain(repo, error)
        raise ModelError(f"model {entry.name!r} cannot be looked up: {reason}") from error
    return Offer(
        repository=repo,
        commit=repository.commit,
        bytes=sum(repository.files[name].size for name in files),
        missing=sum(transfers.left_of(repository, name) for name in missing),
        licence=repository.licence,
        gated=repository.gated,
        is_part=is_part,
    )


def part_here(entry: Entry, variant: str | None = None) -> Path | None:
    """The folder of a part of models in the local cache; None if it is not complete there."""
    try:
        return hub.part_of(
            catalog.successor(entry.source), "", entry.revision, variant, download=False
        )
    except ModelError:
        return None


def bytes_here(entry: Entry) -> int | None:
    """The bytes of a hub model's files in the local cache; None if it is not complete there."""
    repo = hub.source_of(entry)
    if entry.name in catalog.PARTS:
        folder = part_here(entry)
    elif hub.is_here(repo, entry.revision):
        folder = hub.cached_folder(repo, entry.revision)
    else:
        folder = None
    if folder is None:
        return None
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
