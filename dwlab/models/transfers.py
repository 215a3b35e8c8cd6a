"""Brings files of the hub to the local cache: several at a time, resumed where they were cut."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..events import Cancelled, Download
from .repository import blobs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .repository import Repository

Listener = Callable[[Download], None]
WORKERS = 8  # files at a time
REPORT_SECONDS = 0.2  # between two reports of progress
LOCK_SECONDS = 0.5  # between two looks whether another process has finished with a file


class Tally:
    """Counts the bytes that have arrived of each file; several threads add to it."""

    def __init__(self, model: str, sizes: Mapping[str, int]) -> None:
        self.stopped = False
        self._model = model
        self._sizes = sizes
        self._arrived: dict[str, int] = {}
        self._finished: set[str] = set()
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def add(self, name: str, count: float | None) -> None:
        """Count bytes of a file; raises Cancelled if the download was stopped."""
        if self.stopped:
            raise Cancelled
        with self._lock:
            arrived = self._arrived.get(name, 0) + int(count or 0)
            self._arrived[name] = min(arrived, self._sizes[name])

    def finish(self, name: str) -> None:
        """Count a file as complete."""
        with self._lock:
            self._finished.add(name)
            self._arrived[name] = self._sizes[name]

    def now(self) -> Download:
        """How far the download is."""
        with self._lock:
            return Download(
                model=self._model,
                files=len(self._finished),
                files_total=len(self._sizes),
                bytes=sum(self._arrived.values()),
                total=sum(self._sizes.values()),
                seconds=time.monotonic() - self._began,
            )


def check_space(repository: Repository, names: Collection[str]) -> None:
    """Refuse a download that does not fit on the disk; what has arrived already is not counted."""
    from huggingface_hub.constants import HF_HUB_CACHE

    size = sum(left_of(repository, name) for name in names)
    cache = Path(HF_HUB_CACHE)
    existing = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise ModelError(
            f"model {repository.repo!r} needs {size / 1e9:,.1f} GB, and the disk of {cache} has "
            f"{free / 1e9:,.1f} GB left: free some space, or set HF_HOME to a folder on a larger disk"
        )


def left_of(repository: Repository, name: str) -> int:
    """The bytes of a missing file that have not arrived yet."""
    part = _part_of(repository, name)
    arrived = part.stat().st_size if part and part.is_file() else 0
    return max(repository.files[name].size - arrived, 0)


def fetch_files(
    repository: Repository, names: Collection[str], tally: Tally, listener: Listener
) -> None:
    """Download files, several at a time.

    The listener is called on this thread; an exception that it raises stops all downloads. What
    has arrived is kept, also of files that are cut.
    """

    def fetch(name: str) -> None:
        if tally.stopped:
            raise Cancelled
        _fetch_file(repository, name, tally)
        tally.finish(name)

    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="dwlab-download")
    try:
        waiting: set[Future[None]] = {pool.submit(fetch, name) for name in names}
        while waiting:
            done, waiting = wait(waiting, REPORT_SECONDS, FIRST_EXCEPTION)
            for future in done:
                future.result()
            listener(tally.now())
    finally:
        tally.stopped = bool(waiting)
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch_file(repository: Repository, name: str, tally: Tally) -> None:
    from huggingface_hub import hf_hub_download

    counting = _counting(tally, name)
    part = _part_of(repository, name)
    if part:
        _fetch_content(repository, name, part, tally, counting)
    # this also links the content into the folder of the commit
    hf_hub_download(repository.repo, name, revision=repository.commit, tqdm_class=counting)


def _part_of(repository: Repository, name: str) -> Path | None:
    """The file in the cache that grows while a file's content arrives.

    None for small files, which are fetched anew, and for those that the hub sends in chunks only.
    """
    from huggingface_hub.constants import MAX_HTTP_DOWNLOAD_SIZE

    file = repository.files[name]
    if file.sha256 is None or file.size > MAX_HTTP_DOWNLOAD_SIZE:
        return None
    return blobs(repository.repo) / f"{file.sha256}.dwlab.incomplete"


def _fetch_content(
    repository: Repository, name: str, part: Path, tally: Tally, counting: type[Any]
) -> None:
    """Download a file's content to the cache, from where an earlier download of it ended.

    huggingface_hub itself begins again in each process.
    """
    content = part.parent / str(repository.files[name].sha256)
    part.parent.mkdir(parents=True, exist_ok=True)
    with _only_process(part, tally, name):
        if not content.exists():
            _resume(repository, name, part, counting)
            part.replace(content)


@contextlib.contextmanager
def _only_process(part: Path, tally: Tally, name: str) -> Iterator[None]:
    """Wait until no other process fetches the same content."""
    from filelock import FileLock, Timeout

    lock = FileLock(part.with_suffix(".lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            # raises Cancelled if this download was stopped meanwhile
            tally.add(name, 0)
    try:
        yield
    finally:
        lock.release()


def _resume(repository: Repository, name: str, part: Path, counting: type[Any]) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    file = repository.files[name]
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    with part.open("ab") as stream:
        http_get(
            hf_hub_url(repository.repo, name, revision=repository.commit),
            stream,
            resume_size=stream.tell(),
            headers=build_hf_headers(),
            expected_size=file.size,
            tqdm_class=counting,
        )
    if _sha256(part) != file.sha256:
        part.unlink()
        raise ModelError(
            f"model {repository.repo!r}: {name} arrived damaged (its SHA-256 is not the one that "
            "the hub lists) and was deleted; run this again to download it anew"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _counting(tally: Tally, name: str) -> type[Any]:
    """A class of progress bar for huggingface_hub that draws nothing and counts a file's bytes."""
    from tqdm import tqdm

    class Counting(tqdm):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            tally.add(name, options.get("initial"))

        def update(self, n: float | None = 1) -> None:
            tally.add(name, n)

        def update_transfer(self, _n: float | None = 1) -> None:
            """Ignore bytes in transit: they are counted once they are written."""

        def set_transfer_postfix_str(self, *_: Any, **__: Any) -> None:
            """Ignore the rate of a single file."""

    return Counting
