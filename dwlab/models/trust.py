"""Refuses model folders that could run code, hold pickles, or never end."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from .._util.regular_file import open_regular
from ..errors import ModelError
from . import hub_kernels, size_limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_TEXTS = (".json", ".txt", ".model", ".jinja")  # configs and vocabularies
TEXT_LIMIT = 64 << 20  # bytes; the largest vocabularies have half of this
_CONFIGS = ("config.json", "scheduler_config.json")  # parts are built from these
_INDEX = ".safetensors.index.json"
# Classes in modules of diffusers' own pipelines, which an index names like a library. Only these:
# other names in such a module may be anything that it imports.
_OWN_PARTS = frozenset(
    {
        ("deepfloyd_if", "IFSafetyChecker"),
        ("deepfloyd_if", "IFWatermarker"),
        ("glm_image", "GlmImageForConditionalGeneration"),
        ("glm_image", "GlmImageProcessor"),
        ("kandinsky", "MultilingualCLIP"),
        ("kolors", "ChatGLMModel"),
        ("kolors", "ChatGLMTokenizer"),
        ("prx", "T5GemmaEncoder"),
        ("stable_cascade", "StableCascadeUNet"),
        ("stable_diffusion", "StableDiffusionSafetyChecker"),
        ("wuerstchen", "PaellaVQModel"),
        ("wuerstchen", "WuerstchenDiffNeXt"),
        ("wuerstchen", "WuerstchenPrior"),
    }
)
# an option of pipelines that may be a list of two texts
_OPTIONS = frozenset({"pag_applied_layers"})
# Classes that choose another class by the folder's files, load a folder with an index of its own,
# or load no safetensors.
_LOADERS = re.compile("^Auto(?!encoder)|^Onnx|^Modular|Pipeline")


@dataclass(frozen=True)
class Weights:
    """The size of all weights: the number of tensors, and their bytes."""

    tensors: int
    bytes: int


def check_folder(folder: Path) -> Weights:
    """Refuse a pipeline's folder in which a loader could find code, pickles or endless files.

    Reads configs and the headers of weights. Raises ModelError naming the file and what to do.
    """
    index = folder / "model_index.json"
    _check_class("diffusers", read_object(index).get("_class_name"), index)
    tensors = size = 0
    for name, library, cls in parts(folder):
        _check_class(library, cls, index)
        if _LOADERS.search(str(cls)):
            raise ModelError(
                f"{index}: {name} is {library}.{cls}; allowed: the class of the part itself"
            )
        part = check_part(place_of(folder, name))
        tensors += part.tensors
        size += part.bytes
    if size > size_limits.WEIGHTS_LIMIT:
        raise ModelError(
            f"{folder} holds {size >> 30:,} GiB of weights; allowed: at most {size_limits.WEIGHTS_LIMIT >> 30}"
        )
    return Weights(tensors, size)


def parts(folder: Path) -> Iterator[tuple[str, object, object]]:
    """(name, library, class) of each part in a pipeline's index, unchecked."""
    index = folder / "model_index.json"
    for name, part in read_object(index).items():
        if not _is_part(name, part):
            continue
        # a name is an argument of the pipeline, never a path
        if not name.isidentifier():
            raise ModelError(f"{index}: {name} is {part!r}; allowed: a plain name")
        yield name, part[0], part[1]


def _is_part(name: str, entry: object) -> bool:
    """Whether an index's entry is `[library, class]`; other lists are options of the pipeline."""
    if name.startswith("_") or name in _OPTIONS:
        return False
    if not isinstance(entry, list) or len(entry) != 2:
        return False
    return any(isinstance(item, str) for item in entry)


def place_of(folder: Path, part: str) -> Path:
    """The folder with a part's files: one of its name, or that of the pipeline's index."""
    own = folder / part
    return own if own.is_dir() else folder


def _check_class(library: object, cls: object, index: Path) -> None:
    """Refuse anything but class names of the two libraries; loading shows whether they exist."""
    is_class = isinstance(library, str) and isinstance(cls, str) and cls.isidentifier()
    if is_class and (library, cls) in _OWN_PARTS:
        return
    if library not in ("diffusers", "transformers") or not is_class:
        raise ModelError(
            f"{index} names {library}.{cls}; allowed: classes of diffusers and transformers"
        )


def check_part(place: Path) -> Weights:
    """Like `check_folder`, for the folder of one part."""
    files = sorted(place.iterdir()) if place.is_dir() else []
    _check_pickles(files)
    for path in files:
        if path.name == "adapter_config.json":
            raise ModelError(
                f"{path} makes transformers load an adapter from elsewhere; move it out of the folder"
            )
        if path.name.endswith(_INDEX):
            _check_index(path)
        elif path.suffix in _TEXTS:
            _check_text(path)
    tensors = size = 0
    for path in files:
        if path.suffix == ".safetensors" and path.exists():
            size += _size(path)
            tensors += size_limits.tensors_in(path)
    for path in files:
        if path.name in _CONFIGS:
            _check_config(path, tensors)
    return Weights(tensors, size)


def _check_pickles(files: list[Path]) -> None:
    """Refuse a part whose weights are pickles only; beside safetensors they are never opened."""
    pickles = [path for path in files if path.suffix in _PICKLES]
    if pickles and not any(path.suffix == ".safetensors" for path in files):
        raise ModelError(
            f"{pickles[0]} is a pickle, which can run code; dwlab loads safetensors only: convert it first"
        )


def _check_index(path: Path) -> None:
    """Refuse an index of shards that names anything but safetensors files in its folder."""
    shards = read_object(path, TEXT_LIMIT).get("weight_map")
    if not isinstance(shards, dict):
        raise ModelError(
            f"{path} does not say which file holds each tensor (weight_map); download it again"
        )
    for shard in shards.values():
        if not _is_safetensors_name(shard):
            raise ModelError(
                f"{path} names {shard!r}; allowed: names of .safetensors files beside it"
            )


def _is_safetensors_name(name: object) -> bool:
    return (
        isinstance(name, str)
        and re.fullmatch(r"[\w-][\w. -]*\.safetensors", name, re.ASCII) is not None
    )


def _check_text(path: Path) -> None:
    """Refuse a config or vocabulary that is not a regular file, or is far too large."""
    size = _size(path) if path.exists() else 0
    if size > TEXT_LIMIT:
        raise ModelError(f"{path} has {size:,} bytes; allowed: at most {TEXT_LIMIT:,}")


def _size(path: Path) -> int:
    """The bytes of a file; raises ModelError for anything but a regular one."""
    try:
        with open_regular(path) as file:
            return file.seek(0, os.SEEK_END)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}; copy or download it again"
        ) from error


def _check_config(path: Path, tensors: int) -> None:
    """Refuse a config that names weights or code elsewhere, or describes too large a model."""
    config = read_object(path)
    size_limits.check_config(path, config, tensors)
    for name, value in _entries(config):
        if name == "transformers_weights" and value is not None and not _is_safetensors_name(value):
            raise ModelError(
                f"{path}: {name} is {value!r}; allowed: the name of a .safetensors file beside it"
            )
        if hub_kernels.is_named_by(name, value) and not hub_kernels.are_allowed():
            raise ModelError(
                f"{path}: {name} is {value!r}, code from the hub; remove the entry, or set "
                f"{hub_kernels.FLAG}=1 if libraries may download such code and run it"
            )


def _entries(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a config and of the maps in it, without the maps themselves."""
    waiting = list(config.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        else:
            yield name, value


@contextlib.contextmanager
def no_code() -> Iterator[None]:
    """While a model's files are read, keep transformers from asking whether it may run their code.

    Some of its loaders ask on the terminal, whatever their arguments say. Raises ModelError for
    models that come with code.
    """
    from transformers import dynamic_module_utils as dynamic

    patience = dynamic.TIME_OUT_REMOTE_CODE
    dynamic.TIME_OUT_REMOTE_CODE = 0
    try:
        yield
    except ValueError as error:
        if "trust_remote_code" in str(error):
            raise ModelError(
                "the model comes with code of its own, which dwlab does not run; choose another"
            ) from error
        raise
    finally:
        dynamic.TIME_OUT_REMOTE_CODE = patience


@contextlib.contextmanager
def nothing_connected(pipeline: Any) -> Iterator[None]:
    """Keep a pipeline class from loading the other models that the folder's README.md names.

    Those would be parts of a prior and a decoder, which nobody checked.
    """
    connects = pipeline._load_connected_pipes  # noqa: SLF001  # no public switch
    pipeline._load_connected_pipes = False  # noqa: SLF001
    try:
        yield
    finally:
        pipeline._load_connected_pipes = connects  # noqa: SLF001
