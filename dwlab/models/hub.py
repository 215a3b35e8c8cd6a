"""Models and files of the Hugging Face hub: where they are in the local cache, downloaded if needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import DwlabError, InvalidInput, ModelError, NotDownloaded
from ..events import Cancelled
from ..spec import catalog
from . import downloads, hub_errors, trust, weight_files
from .download_bar import DownloadBar
from .quiet import quiet_libraries
from .repository import cached

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..spec.model_entry import Entry
    from .transfers import Listener

# of the local cache: the folder around those of commits
_SNAPSHOTS = "snapshots"
_FOLDER = re.compile(r"[A-Za-z0-9_][\w-]*(/[A-Za-z0-9_][\w-]*)*", re.ASCII)
# a path within a repository, without hidden files and ways out
_FILE = re.compile(r"([A-Za-z0-9_][\w. +()-]*/)*[A-Za-z0-9_][\w. +()-]*\.safetensors", re.ASCII)


def snapshot(
    repo: str,
    download: bool,
    on_download: Listener | None = None,
    *,
    revision: str | None = None,
    variant: str | None = None,
    name: str | None = None,
) -> Path:
    """The folder of a hub model in the local cache, downloaded or completed if `download` allows.

    on_download: receives the progress of a download (by default it is shown on stderr); exceptions
    that it raises end the download. revision: a branch, tag or commit; None for the main branch.
    variant: of the weights, like fp16; None for the plain ones. name: what the user calls the model,
    for messages; by default its id. Raises ModelError with the cause and the remedy, NotDownloaded if a download is needed but not
    allowed.
    """
    quiet_libraries()
    name = name or full_name(repo, revision)
    where = "" if name == full_name(repo, revision) else f" ({repo})"
    folder = cached_folder(repo, revision)
    fault = _fault(folder, variant) if folder else None
    if folder and not fault:
        return folder
    if fault and fault.path:
        raise _broken(f"model {name!r}{where}", fault.text, fault.path)
    state = f"only partly downloaded ({fault.text})" if fault else "not downloaded yet"
    if not download:
        raise NotDownloaded(
            f"model {name!r}{where} is {state}; `{_pull(name, variant)}` downloads it, and so does "
            "the first run"
        )
    folder = _fetch(
        repo,
        f"model {name!r}{where} is {state}",
        lambda listener: downloads.fetch(repo, revision, variant, listener),
        on_download,
    )
    weight_files.check(name, folder, variant)
    return folder


def file_of(
    repo: str,
    filename: str,
    revision: str | None = None,
    *,
    download: bool = True,
    on_download: Listener | None = None,
) -> Path:
    """A safetensors file of a hub repository in the local cache, downloaded if `download` allows.

    repo: `owner/name`. filename: its path in the repository, which must end in .safetensors.
    revision: a branch, tag or commit; None for the main branch. on_download: as for `snapshot`.
    Raises InvalidInput for a name that is not such a path, ModelError with the cause and the remedy,
    and NotDownloaded if a download is needed but not allowed.
    """
    quiet_libraries()
    if not _FILE.fullmatch(filename):
        allowed = (
            "the path of a .safetensors file in the repository; dwlab loads nothing else, because "
            "pickles can run code"
        )
        raise InvalidInput("file", filename, allowed)
    path = cached(repo, filename, revision)
    name = f"file {filename!r} of {full_name(repo, revision)!r}"
    if path is None:
        if not download:
            raise NotDownloaded(f"{name} is not downloaded yet; the first run downloads it")
        path = _fetch(
            repo,
            f"{name} is not downloaded yet",
            lambda listener: downloads.fetch_one(repo, filename, revision, listener),
            on_download,
        )
    flaw = weight_files.flaw(path)
    if flaw:
        raise _broken(name, f"{path} {flaw}", path)
    return path


def part_of(
    repo: str,
    part: str = "",
    revision: str | None = None,
    variant: str | None = None,
    *,
    download: bool = True,
    on_download: Listener | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """The folder of a part with a config of its own, like a ControlNet or a VAE, in the local cache.

    part: its folder in the repository; "" for the repository itself. check: called with the folder
    before weights are downloaded into it, to refuse another kind of part. The others, and what it raises,
    are as for `file_of` and `snapshot`. The folder is checked as the parts of a model are.
    """
    quiet_libraries()
    if part and not _FOLDER.fullmatch(part):
        raise InvalidInput("part", part, "the name of a folder in the repository")
    whole = full_name(repo, revision)
    name = f"part {part!r} of {whole!r}" if part else f"{whole!r}"
    config = cached(repo, f"{part}/{downloads.CONFIG}" if part else downloads.CONFIG, revision)
    fault = weight_files.fault_of_part(part or repo, config.parent, variant) if config else None
    if config and not fault:
        trust.check_part(config.parent)
        return config.parent
    if fault and fault.path:
        raise _broken(name, fault.text, fault.path)
    state = f"{name} is not downloaded yet"
    if not download:
        raise NotDownloaded(f"{state}; the first run downloads it")
    folder = _fetch(
        repo,
        state,
        lambda listener: downloads.fetch_part(repo, part, revision, variant, listener, check),
        on_download,
    )
    fault = weight_files.fault_of_part(part or repo, folder, variant)
    if fault:
        raise _broken(name, fault.text, fault.path or folder)
    trust.check_part(folder)
    return folder


def _pull(name: str, variant: str | None) -> str:
    """The command that downloads a model."""
    return f"dwlab pull {name} --variant {variant}" if variant else f"dwlab pull {name}"


def source_of(entry: Entry, variant: str | None = None) -> str:
    """The repository of a hub model: its successor, if it left the hub and is not here."""
    successor = catalog.successor(entry.source)
    if successor != entry.source and is_here(entry.source, entry.revision, variant):
        return entry.source
    return successor


def full_name(repo: str, revision: str | None) -> str:
    """The id of a model with its revision, as `owner/name@revision`."""
    return f"{repo}@{revision}" if revision else repo


def commit_of(path: Path) -> str:
    """The commit of a file or folder in the local cache; empty for any other."""
    parts = path.parts
    at = parts.index(_SNAPSHOTS) + 1 if _SNAPSHOTS in parts else len(parts)
    return parts[at] if at < len(parts) else ""


def _broken(name: str, text: str, path: Path) -> ModelError:
    return ModelError(
        f"{name}: {text}; delete {path.resolve()}, then run this again to download it anew"
    )


def _fetch(
    repo: str,
    state: str,
    fetch: Callable[[Listener], Path],
    on_download: Listener | None,
) -> Path:
    """Download with a bar on stderr if there is no listener; explain what goes wrong."""
    bar = DownloadBar()
    try:
        return fetch(on_download or bar)
    except (DwlabError, Cancelled):
        raise
    # errors of the hub, the network and the disk have many classes
    except Exception as error:
        reason = hub_errors.explain(repo, error)
        raise ModelError(f"{state}, and cannot be downloaded: {reason}") from error
    finally:
        bar.close()


def is_here(repo: str, revision: str | None = None, variant: str | None = None) -> bool:
    """Whether a hub model is complete in the local cache."""
    folder = cached_folder(repo, revision)
    if folder is None:
        return False
    try:
        return _fault(folder, variant) is None
    except ModelError:
        # its index cannot be read
        return False


def _fault(folder: Path, variant: str | None) -> weight_files.Fault | None:
    mixed = downloads.may_be_mixed(folder, variant)
    return weight_files.find_fault(folder, variant, mixed=mixed)


def cached_folder(repo: str, revision: str | None) -> Path | None:
    """The folder of a hub model in the local cache, complete or not."""
    index = cached(repo, downloads.INDEX, revision)
    return index.parent if index else None
