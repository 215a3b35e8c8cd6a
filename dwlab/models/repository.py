"""Repositories of the Hugging Face hub: what they hold, and what the local cache has of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. size: bytes. sha256: of its content; None for small files of git."""

    size: int
    sha256: str | None


@dataclass(frozen=True)
class Repository:
    """The files of a repository at a commit.

    revision: the branch, tag or commit that was named; None for the main branch. licence: as its
    card names it. gated: whether an account must accept its terms.
    """

    repo: str
    revision: str | None
    commit: str
    files: Mapping[str, RemoteFile]
    licence: str | None = None
    gated: bool = False

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of each file."""
        return {name: file.size for name, file in self.files.items()}


def listed(repo: str, revision: str | None) -> Repository:
    """Ask the hub what a repository holds; raises whatever the hub and the network raise."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(repo, revision=revision, files_metadata=True)
    files = {sibling.rfilename: _remote_file(sibling) for sibling in info.siblings or []}
    return Repository(
        repo, revision, str(info.sha), files, licence=_licence(info), gated=bool(info.gated)
    )


def _licence(info: Any) -> str | None:
    """The licence that a repository's card names; the card's own name for it, if it is no common one."""
    card = info.card_data or {}
    licence = card.get("license_name") or card.get("license")
    return str(licence) if licence else None


def _remote_file(sibling: Any) -> RemoteFile:
    sha256 = sibling.lfs.sha256 if sibling.lfs else None
    return RemoteFile(sibling.size or 0, sha256)


def cached(repo: str, name: str, revision: str | None) -> Path | None:
    """A file in the local cache, at the latest commit that was downloaded of a revision."""
    from huggingface_hub import try_to_load_from_cache

    try:
        path = try_to_load_from_cache(repo, name, revision=revision)
    except ValueError:
        # the hub does not allow such a name
        return None
    return Path(path) if isinstance(path, str) else None


def blobs(repo: str) -> Path:
    """The folder of the local cache with the contents of a repository's files."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    return Path(HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model") / "blobs"


def no_such_file(repository: Repository, name: str) -> ModelError:
    """The error for a file that a repository lacks: it names those that it has."""
    names = sorted(other for other in repository.files if other.endswith(".safetensors"))
    shown = ", ".join(names[:NAMES_SHOWN]) or "none"
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ModelError(
        f"the hub's repository {repository.repo!r} has no file {name!r}; "
        f"its safetensors: {shown}{more}"
    )


NAMES_SHOWN = 8
