"""Models of the Hugging Face hub: their folders in the local cache, downloaded if needed."""

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
    """The folder of a hub model in the local cache, downloaded or completed if `download` allows.

    on_download: receives the progress of a download (by default it is shown on stderr); exceptions
    that it raises end the download. Raises ModelError with the cause and the remedy, NotDownloaded
    if a download is needed but not allowed.
    """
    quiet_libraries()
    folder = _cached(repo)
    fault = weight_files.find_fault(folder) if folder else None
    if folder and not fault:
        return folder
    if fault and fault.path:
        raise ModelError(
            f"model {repo!r}: {fault.text}; delete {fault.path.resolve()}, then run this again to "
            "download it anew"
        )
    state = f"only partly downloaded ({fault.text})" if fault else "not downloaded yet"
    if not download:
        raise NotDownloaded(
            f"model {repo!r} is {state}; `dwlab pull {repo}` downloads it, and so does the first run"
        )
    folder = _fetch(repo, state, on_download)
    weight_files.check(repo, folder)
    return folder


def _fetch(repo: str, state: str, on_download: Listener | None) -> Path:
    bar = DownloadBar()
    try:
        return downloads.fetch(repo, on_download or bar)
    except (DwlabError, Cancelled):
        raise
    # errors of the hub, the network and the disk have many classes
    except Exception as error:
        reason = hub_errors.explain(repo, error)
        raise ModelError(
            f"model {repo!r} is {state}, and cannot be downloaded: {reason}"
        ) from error
    finally:
        bar.close()


def is_here(repo: str) -> bool:
    """Whether a hub model is complete in the local cache."""
    folder = _cached(repo)
    if folder is None:
        return False
    try:
        return weight_files.find_fault(folder) is None
    except ModelError:
        # its index cannot be read
        return False


def _cached(repo: str) -> Path | None:
    """The folder of a hub model's latest known commit in the local cache, complete or not."""
    from huggingface_hub import try_to_load_from_cache

    try:
        index = try_to_load_from_cache(repo, "model_index.json")
    except ValueError:
        # the hub does not allow such a name
        return None
    return Path(index).parent if isinstance(index, str) else None
