"""Hub models: their folder in the local cache, whole, downloaded or completed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DwlabError, ModelError, NotDownloaded
from ..events import Cancelled
from . import downloads, hub_errors, weight_files
from .download_bar import DownloadBar
from .quiet import quiet_libraries

if TYPE_CHECKING:
    from .downloads import Listener


def snapshot(repo: str, download: bool, on_download: Listener | None = None) -> Path:
    """The folder of a hub model in the local cache, downloaded or completed if it has to be and may be.

    on_download: told how far a download is (by default stderr shows it); what it raises ends the download and is
    raised on. Raises ModelError with the cause and the remedy, NotDownloaded if a download is needed and not allowed.
    """
    quiet_libraries()
    folder = _cached(repo)
    fault = weight_files.find_fault(folder) if folder else None
    if folder and not fault:
        return folder
    if fault and fault.path:
        raise ModelError(
            f"model {repo!r}: {fault.text}; delete {fault.path.resolve()}, then run this again: it is fetched anew"
        )
    state = f"downloaded in part ({fault.text})" if fault else "not downloaded yet"
    if not download:
        raise NotDownloaded(
            f"model {repo!r} is {state}; `dwlab pull {repo}` fetches it, and so does the first run"
        )
    bar = DownloadBar()
    try:
        folder = downloads.fetch(repo, on_download or bar)
    except (DwlabError, Cancelled):
        raise
    except Exception as error:  # hub, network and disk errors come in many classes
        reason = hub_errors.explain(repo, error)
        raise ModelError(f"model {repo!r} is {state}, and cannot be fetched: {reason}") from error
    finally:
        bar.close()
    weight_files.check(repo, folder)
    return folder


def is_here(repo: str) -> bool:
    """Whether a hub model is whole in the local cache."""
    folder = _cached(repo)
    try:
        return folder is not None and weight_files.find_fault(folder) is None
    except ModelError:  # an index that is none
        return False


def _cached(repo: str) -> Path | None:
    """The folder of a hub model's latest known commit in the local cache, whole or not."""
    from huggingface_hub import try_to_load_from_cache

    try:
        index = try_to_load_from_cache(repo, "model_index.json")
    except ValueError:  # no name that the hub allows
        return None
    return Path(index).parent if isinstance(index, str) else None
