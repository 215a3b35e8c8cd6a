"""Downloads a hub model: the files that its pipeline needs and no others."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..events import Cancelled, Download
from ..spec import checkpoints
from . import pipeline_kinds, trust
from .weight_files import needs_weights

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Listener = Callable[[Download], None]
INDEX = "model_index.json"
WORKERS = 8  # files at a time
REPORT_SECONDS = 0.2  # between two reports of progress
# configs and vocabularies
SMALL = (".json", ".txt", ".model", ".jinja", ".tiktoken")
SMALL_LIMIT = 64 << 20  # bytes per file
_INDEX_OF_WEIGHTS = re.compile(r"\.index\.(\w+\.)?json$|\.index\.json$")
# names of weights in diffusers and transformers, without those of a variant (x.fp16.safetensors)
_PLAIN = re.compile(
    r"(diffusion_pytorch_model|model|pytorch_model)(-\d+-of-\d+)?\.safetensors(\.index\.json)?$"
)


def fetch(repo: str, listener: Listener) -> Path:
    """Download what the local cache lacks of a model; returns its folder there.

    Configs come first, so that a wrong kind of model is refused before its weights are downloaded.
    Complete files are kept whatever happens. Raises ModelError for models that dwlab cannot draw
    with, and whatever the hub, the network or the disk raise.
    """
    from huggingface_hub import HfApi, hf_hub_download

    siblings = HfApi().model_info(repo, files_metadata=True).siblings or []
    sizes = {sibling.rfilename: sibling.size or 0 for sibling in siblings}
    if INDEX not in sizes:
        raise _not_a_pipeline(repo, sizes)
    # this also records which commit is the latest
    folder = Path(hf_hub_download(repo, INDEX)).parent
    small, weights = needed(repo, folder, sizes)
    missing = {name: sizes[name] for name in (*small, *weights) if not (folder / name).exists()}
    _check_space(repo, sum(missing.values()))
    tally = _Tally(repo, missing)
    for names in (small, weights):
        wanted = [name for name in names if name in missing]
        _fetch_files(repo, folder.name, wanted, tally, listener)
        pipeline_kinds.check(repo, folder)
    return folder


def needed(repo: str, folder: Path, sizes: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """The files of a repository that its pipeline loads: (configs and vocabularies, safetensors).

    sizes: bytes by file name. Raises ModelError for a part without safetensors, or with those of a
    variant only.
    """
    small: list[str] = []
    weights: list[str] = []
    for part, _, cls in trust.parts(folder):
        names = [name for name in sizes if name.startswith(f"{part}/")]
        if not names:
            # some repositories keep a part beside the index
            names = [name for name in sizes if "/" not in name]
        small += [name for name in names if _is_small(name, sizes[name])]
        if needs_weights(cls):
            weights += _weights_of(repo, part, names)
    return list(dict.fromkeys(small)), list(dict.fromkeys(weights))


def _is_small(name: str, size: int) -> bool:
    return name.endswith(SMALL) and size <= SMALL_LIMIT and not _INDEX_OF_WEIGHTS.search(name)


def _weights_of(repo: str, part: str, names: Collection[str]) -> list[str]:
    plain = [name for name in names if _PLAIN.fullmatch(_base_name(name))]
    if plain:
        return plain
    variants = sorted({_variant(name) for name in names if ".safetensors" in name})
    if variants and "safetensors" not in variants:
        raise ModelError(
            f"model {repo!r} has the weights of {part} only in the variant {', '.join(variants)}, "
            "which dwlab does not load by itself; save it to a folder with diffusers' "
            f"`DiffusionPipeline.from_pretrained({repo!r}, variant={variants[0]!r})"
            ".save_pretrained(FOLDER)` and use that folder"
        )
    raise ModelError(
        f"model {repo!r} has no safetensors of {part}; dwlab loads nothing else, because pickles "
        "can run code: look for a repository or a revision that has them"
    )


def _base_name(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _variant(name: str) -> str:
    """The variant in a file's name: fp16 in model.fp16.safetensors; "safetensors" if there is none."""
    suffix = _base_name(name).split(".")[1]
    return suffix.split("-")[0]


def _not_a_pipeline(repo: str, sizes: Mapping[str, int]) -> ModelError:
    from huggingface_hub import hf_hub_download

    config = {}
    if 0 < sizes.get("config.json", 0) <= SMALL_LIMIT:
        config = checkpoints.read(Path(hf_hub_download(repo, "config.json")))
    return checkpoints.of_repository(repo, sizes, config)


def _check_space(repo: str, size: int) -> None:
    """Refuse a download that does not fit on the disk."""
    from huggingface_hub.constants import HF_HUB_CACHE

    cache = Path(HF_HUB_CACHE)
    existing = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise ModelError(
            f"model {repo!r} needs {size / 1e9:,.1f} GB, and the disk of {cache} has "
            f"{free / 1e9:,.1f} GB left: free some space, or set HF_HOME to a folder on a larger disk"
        )


class _Tally:
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
        with self._lock:
            self._finished.add(name)
            self._arrived[name] = self._sizes[name]

    def now(self) -> Download:
        with self._lock:
            return Download(
                model=self._model,
                files=len(self._finished),
                files_total=len(self._sizes),
                bytes=sum(self._arrived.values()),
                total=sum(self._sizes.values()),
                seconds=time.monotonic() - self._began,
            )


def _fetch_files(
    repo: str, commit: str, names: list[str], tally: _Tally, listener: Listener
) -> None:
    """Download files, several at a time.

    The listener is called on this thread; an exception that it raises stops all downloads.
    """
    from huggingface_hub import hf_hub_download

    def fetch_one(name: str) -> None:
        if tally.stopped:
            raise Cancelled
        hf_hub_download(repo, name, revision=commit, tqdm_class=_counting(tally, name))
        tally.finish(name)

    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="dwlab-download")
    try:
        waiting: set[Future[None]] = {pool.submit(fetch_one, name) for name in names}
        while waiting:
            done, waiting = wait(waiting, REPORT_SECONDS, FIRST_EXCEPTION)
            for future in done:
                future.result()
            listener(tally.now())
    finally:
        tally.stopped = bool(waiting)
        pool.shutdown(wait=False, cancel_futures=True)


def _counting(tally: _Tally, name: str) -> type[Any]:
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
