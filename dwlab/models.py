"""Models on disk and in memory: found, identified by their weights, checked, loaded."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
import json
import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import catalog, device, profiles, schedulers
from .errors import InvalidInput, ModelError, NotDownloaded
from .files import write_atomic
from .quiet import no_bars, quiet_libraries
from .settings import STOCK, Settings, apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diffusers import DiffusionPipeline, SchedulerMixin

    from .params import GenerationParams

log = logging.getLogger(__name__)
LONGEST_PROMPT = 512  # tokens; what diffusers gives a T5, whose tokenizer knows no limit
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_WEIGHTLESS = re.compile("Scheduler|Tokenizer|Processor|Extractor")  # parts that are configuration only


@dataclass(frozen=True)
class Identity:
    """What a cell's key needs to know of a model: its weights, and the dtype they run in here; then how it is computed."""

    name: str
    folder: Path
    weights: str
    device: str
    dtype: str
    settings: Settings = STOCK
    pack: int | None = None  # pictures a call, where a profile knows


@dataclass(frozen=True)
class Model:
    """A loaded pipeline, with what identifies it."""

    identity: Identity
    pipeline: DiffusionPipeline


def identify(
    name: str,
    device_name: str = "auto",
    dtype: str = "auto",
    *,
    download: bool = True,
    profile: str | None = None,
    settings: Settings = STOCK,
) -> Identity:
    """Find a model without loading it; raises ModelError, also when it would have to be downloaded but must not.

    profile: "fast" takes dtype (where it is auto), settings and pack from this machine's profile; raises InvalidInput
    where there is none.
    """
    entry, resolved, pack = catalog.lookup(name), device.resolve(device_name), None
    if entry.random:
        folder, weights = Path(name), f"random-{name}"
    else:
        folder = Path(entry.source).expanduser() if entry.local else _snapshot(entry.source, download)
        _check_folder(folder)
        weights = _fingerprint(folder) if entry.local else folder.name
    if profile is not None:
        fast = profiles.find(profile, name, weights, resolved)
        settings, pack, dtype = fast.settings, fast.batch, fast.dtype if dtype == "auto" else dtype
    return Identity(name, folder, weights, resolved, device.resolve_dtype(dtype, resolved), settings, pack)


def complete(params: GenerationParams, identity: Identity) -> GenerationParams:
    """`params` with what only the model's own files tell (size, scheduler) filled in."""
    if None not in (params.width, params.height, params.scheduler):
        return params
    entry = catalog.lookup(str(identity.folder))
    return params.replace(
        width=params.width or entry.width or 512,
        height=params.height or entry.height or 512,
        scheduler=params.scheduler or entry.scheduler,
    )


def load(name: str = "shapes", device: str = "auto", dtype: str = "auto", *, profile: str | None = None) -> Model:
    """Load a model: a catalog name, a local diffusers folder or a hub id.

    device: auto, cpu, mps, cuda or cuda:N. dtype: auto (float32 on a CPU, half precision on a
    GPU), float32, float16 or bfloat16. profile: None for stock settings, or "fast" for those that
    `dwlab bench tune` found on this machine. Only safetensors weights and stock classes are loaded.
    The last model is kept in memory. Raises ModelError or InvalidInput.
    """
    return load_identified(identify(name, device, dtype, profile=profile))


_last: list[Model] = []
_loading, _tokenizing = threading.Lock(), threading.Lock()


def load_identified(identity: Identity) -> Model:
    """The model of an identity, from memory if it was the last one loaded."""
    with _loading:
        if not _last or _last[0].identity != identity:
            _last.clear()
            _last.append(_loaded(identity))
        return _last[0]


def _loaded(identity: Identity) -> Model:
    quiet_libraries()
    if identity.device == "cpu":
        device.keep_freed_memory()
    log.info("loading %s (%s, %s, %s)", identity.name, identity.device, identity.dtype, identity.settings)
    try:
        with no_bars():
            pipeline = _pipeline(identity)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ModelError(f"model {identity.name!r} does not load: {_first_line(error)}") from error
    pipeline.set_progress_bar_config(disable=True)
    apply(pipeline, identity.settings, identity.device)
    for name, part in pipeline.components.items():
        if name.startswith("tokenizer") and part is not None:
            _in_turns(part)
    return Model(identity, pipeline)


def _in_turns(tokenizer: Any) -> None:
    """Let threads call a tokenizer in turns: it keeps a call's padding and truncation in itself while it works."""
    cls = type(tokenizer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _tokenizing:
            return cls.__call__(self, *args, **kwargs)

    tokenizer.__class__ = type(cls.__name__, (cls,), {"__call__": call, "__module__": cls.__module__})


def _pipeline(identity: Identity) -> DiffusionPipeline:
    import torch

    dtype = getattr(torch, identity.dtype)
    if catalog.lookup(identity.name).random:
        from . import geometry

        return geometry.build(identity.name, dtype)
    from diffusers import AutoPipelineForText2Image

    return AutoPipelineForText2Image.from_pretrained(
        identity.folder, dtype=dtype, use_safetensors=True, local_files_only=True
    )


def count_tokens(name: str, text: str) -> tuple[int, int, int]:
    """(tokens of `text`, tokens that the text encoder takes, characters of `text` that it reads).

    Of several encoders, the one that reads the most; start and end tokens are not counted. Raises ModelError for a
    model that is not on this machine.
    """
    words, limit = max(_tokenizers(identify(name, download=False).folder), key=lambda found: found[1])
    found = words(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False)
    count = len(found.input_ids)
    return count, limit, len(text) if count <= limit else found.offset_mapping[limit - 1][1]


@functools.lru_cache(maxsize=4)
def _tokenizers(folder: Path) -> list[tuple[Any, int]]:
    """The tokenizers of a pipeline's folder, each with how many tokens of a text its encoder takes."""
    quiet_libraries()
    from transformers import AutoTokenizer

    try:
        words = [AutoTokenizer.from_pretrained(place) for place in sorted(folder.glob("tokenizer*"))]
    except (OSError, ValueError) as error:
        raise ModelError(f"a tokenizer in {folder} does not load: {_first_line(error)}") from error
    if not words:
        raise ModelError(f"{folder} holds no tokenizer")
    return [(one, min(one.model_max_length, LONGEST_PROMPT) - one.num_special_tokens_to_add()) for one in words]


def scheduler_for(model: Model, params: GenerationParams) -> SchedulerMixin:
    """A scheduler of the cell's class, from the model's own scheduler settings and the cell's options."""
    import diffusers

    shipped = model.pipeline.scheduler
    cls = getattr(diffusers, params.scheduler) if params.scheduler else type(shipped)
    return cls.from_config(shipped.config, **dict(params.scheduler_options))


def check(params: Iterable[GenerationParams], identity: Identity) -> None:
    """Check schedulers, their options and call arguments against diffusers' signatures, before weights load.

    Raises InvalidInput naming the argument.
    """
    for one in {(tuple(p.call), p.scheduler, tuple(p.scheduler_options)): p for p in params}.values():
        if not schedulers.is_known(one.scheduler, one.scheduler_options):  # diffusers takes seconds to import
            _check_scheduler(one)
        if one.call:
            _check_call(one, identity)


def _check_call(params: GenerationParams, identity: Identity) -> None:
    import diffusers

    if catalog.lookup(identity.name).random:
        raise InvalidInput("call", dict(params.call), f"nothing for {identity.name}, which is for measuring")
    cls = getattr(diffusers, str(_read_object(identity.folder / "model_index.json")["_class_name"]))
    accepted = set(inspect.signature(cls.__call__).parameters) - {"self"}
    for name in params.call:
        if name not in accepted:
            allowed = f"an argument of {cls.__name__}'s call: {', '.join(sorted(accepted))}"
            raise InvalidInput(f"call.{name}", params.call[name], allowed)


def _check_scheduler(params: GenerationParams) -> None:
    import diffusers

    cls = getattr(diffusers, str(params.scheduler), None)
    if lacking := getattr(cls, "_backends", None):  # what diffusers puts in place of a class it cannot import
        raise InvalidInput("scheduler", params.scheduler, f"a scheduler that works here; this one {_needs(lacking)}")
    if not (isinstance(cls, type) and issubclass(cls, diffusers.SchedulerMixin)):
        raise InvalidInput("scheduler", params.scheduler, f"a scheduler class of diffusers {diffusers.__version__}")
    accepted = set(inspect.signature(cls).parameters) - {"self"}
    for name in params.scheduler_options:
        if name not in accepted:
            raise InvalidInput(
                f"scheduler_options.{name}", params.scheduler_options[name],
                f"an option of {params.scheduler}: {', '.join(sorted(accepted))}",
            )  # fmt: skip


def _needs(packages: list[str]) -> str:
    missing = [name for name in packages if importlib.util.find_spec(name) is None] or packages
    return f"needs `pip install {' '.join(missing)}` first"


def _snapshot(repo: str, download: bool) -> Path:
    """The folder of a hub model in the local cache, downloaded or completed if it has to be and may be."""
    folder = _cached(repo)
    lacks = _lacking(folder) if folder else None
    if folder and not lacks:
        return folder
    if not download:
        state = f"downloaded in part ({lacks} is missing)" if lacks else "not downloaded yet"
        raise NotDownloaded(f"model {repo!r} is {state}; the first run does it")
    from diffusers import DiffusionPipeline

    try:
        folder = Path(DiffusionPipeline.download(repo, use_safetensors=True))
    except Exception as error:  # hub, network and disk errors come in many classes
        raise ModelError(f"model {repo!r} cannot be downloaded: {_first_line(error)}") from error
    if lacks := _lacking(folder):  # without a network, diffusers is content with what is there
        raise ModelError(
            f"model {repo!r} is downloaded in part ({lacks} is missing); connect to the network, then run this again"
        )
    return folder


def _cached(repo: str) -> Path | None:
    """The folder of a hub model's latest known commit in the local cache, whole or not."""
    from huggingface_hub import try_to_load_from_cache

    try:
        index = try_to_load_from_cache(repo, "model_index.json")
    except ValueError:  # no name that the hub allows
        return None
    return Path(index).parent if isinstance(index, str) else None


def _lacking(folder: Path) -> str | None:
    """What an interrupted download left out of a pipeline's folder; None for a whole one."""
    for name, _, cls in _parts(folder):
        place = folder / name if (folder / name).is_dir() else folder  # some keep a part beside the index
        if not any(path.exists() for path in place.glob("*config*.json")):
            return name
        if not _WEIGHTLESS.search(str(cls)) and not _has_weights(place):
            return f"the weights of {name}"
    return None


def _has_weights(place: Path) -> bool:
    """Whether the safetensors of a part are there: one file, or every shard; files of a variant (x.fp16) are others."""
    if any("." not in path.stem and "-of-" not in path.stem and path.exists() for path in place.glob("*.safetensors")):
        return True
    index = next((path for path in place.glob("*.safetensors.index.json") if path.exists()), None)
    shards = _read_object(index).get("weight_map") if index else None
    return isinstance(shards, dict) and all((place / str(shard)).exists() for shard in shards.values())


def _check_folder(folder: Path) -> None:
    """Refuse pipelines whose parts are not stock classes, and parts whose weights are pickles only."""
    _check_class("diffusers", _read_object(folder / "model_index.json").get("_class_name"), folder)
    for name, library, cls in _parts(folder):
        _check_class(library, cls, folder)
        files = list((folder / name).glob("*"))
        pickled = [f for f in files if f.suffix in _PICKLES]
        if pickled and not any(f.suffix == ".safetensors" for f in files):
            raise ModelError(
                f"{pickled[0]} is a pickle, which can run code; dwlab loads safetensors only: convert it first"
            )


def _parts(folder: Path) -> Iterator[tuple[str, object, object]]:
    """(name, library, class) of each part that a pipeline's index names, not checked yet."""
    for name, part in _read_object(folder / "model_index.json").items():
        if name.startswith("_") or not isinstance(part, list) or part == [None, None]:
            continue
        if len(part) != 2 or not name.isidentifier():  # a name is an argument of the pipeline, never a path
            raise ModelError(
                f"{folder / 'model_index.json'}: {name} is {part!r}; allowed: a plain name with [library, class]"
            )
        yield name, part[0], part[1]


def _check_class(library: object, cls: object, folder: Path) -> None:
    """Refuse anything but a class name of the two libraries; whether it exists is seen when it loads."""
    if (library, cls) == ("stable_diffusion", "StableDiffusionSafetyChecker"):  # of diffusers, under its older name
        return
    if library not in ("diffusers", "transformers") or not isinstance(cls, str) or not cls.isidentifier():
        raise ModelError(
            f"{folder / 'model_index.json'} names {library}.{cls}; allowed: classes of diffusers and transformers"
        )


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON object in a file; raises ModelError for anything else."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} does not hold a JSON object")
    return value


def _fingerprint(folder: Path) -> str:
    """A hash over the folder's weights, configs and vocabularies; file hashes are cached by path, size and mtime."""
    digest = hashlib.sha256()
    known = _read_hashes()
    fresh = dict(known)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".json", ".txt", ".model")):
        stat = path.stat()
        mark = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
        if mark not in fresh:
            with path.open("rb") as file:
                fresh[mark] = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {fresh[mark]}\n".encode())
    if fresh != known:
        _write_hashes(fresh)
    return digest.hexdigest()


def _hashes_path() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("dwlab")) / "file-hashes.json"


def _read_hashes() -> dict[str, str]:
    try:
        return dict(json.loads(_hashes_path().read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _write_hashes(hashes: dict[str, str]) -> None:
    try:
        write_atomic(_hashes_path(), json.dumps(hashes).encode())
    except OSError as error:  # only a cache: hashing again is the cost
        log.info("the cache of file hashes cannot be written: %s", error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
