"""What a model's folder may hold: parts of stock classes, weights in safetensors, never code, nothing without end."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from .._util.regular_file import open_regular
from ..errors import ModelError
from . import size_limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_TEXTS = (".json", ".txt", ".model", ".jinja")  # vocabularies among them
TEXT_LIMIT = 64 << 20  # bytes; the largest vocabularies have half of it
_CONFIGS = ("config.json", "scheduler_config.json")  # what parts are built from
_INDEX = ".safetensors.index.json"
# Classes that choose another class by the folder's files, load a folder with an index of its own, or load no safetensors.
_LOADERS = re.compile("^Auto(?!encoder)|^Onnx|^Modular|Pipeline")


@dataclass(frozen=True)
class Weights:
    """All weights of a model's parts: how many tensors, and how many bytes."""

    tensors: int
    bytes: int


def check_folder(folder: Path) -> Weights:
    """Refuse a pipeline's folder in which a loader could come upon code, a pickle or something without end.

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
    """(name, library, class) of each part that a pipeline's index names, not checked yet."""
    for name, part in read_object(folder / "model_index.json").items():
        if name.startswith("_") or not isinstance(part, list) or part == [None, None]:
            continue
        if (
            len(part) != 2 or not name.isidentifier()
        ):  # a name is an argument of the pipeline, never a path
            raise ModelError(
                f"{folder / 'model_index.json'}: {name} is {part!r}; allowed: a plain name with [library, class]"
            )
        yield name, part[0], part[1]


def place_of(folder: Path, part: str) -> Path:
    """Where the files of a part are: in a folder of its name, or beside the pipeline's index."""
    return folder / part if (folder / part).is_dir() else folder


def _check_class(library: object, cls: object, index: Path) -> None:
    """Refuse anything but a class name of the two libraries; whether it exists is seen when it loads."""
    if (library, cls) == (
        "stable_diffusion",
        "StableDiffusionSafetyChecker",
    ):  # of diffusers, under its older name
        return
    if (
        library not in ("diffusers", "transformers")
        or not isinstance(cls, str)
        or not cls.isidentifier()
    ):
        raise ModelError(
            f"{index} names {library}.{cls}; allowed: classes of diffusers and transformers"
        )


def check_part(place: Path) -> Weights:
    """As `check_folder`, for the folder of one part."""
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
    """Refuse a part whose weights are pickles only; beside others they are not opened."""
    pickles = [path for path in files if path.suffix in _PICKLES]
    if pickles and not any(path.suffix == ".safetensors" for path in files):
        raise ModelError(
            f"{pickles[0]} is a pickle, which can run code; dwlab loads safetensors only: convert it first"
        )


def _check_index(path: Path) -> None:
    """Refuse an index of shards that names anything but safetensors files beside it."""
    shards = read_object(path, TEXT_LIMIT).get("weight_map")
    if not isinstance(shards, dict):
        raise ModelError(
            f"{path} does not say in which file each tensor is (weight_map); get it again"
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
    """Refuse a config or vocabulary that is no regular file, or of a size that none has."""
    if path.exists() and (size := _size(path)) > TEXT_LIMIT:
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
    """Refuse a config that names weights or code elsewhere, or describes more than its weights fill."""
    config = read_object(path)
    size_limits.check_config(path, config, tensors)
    for name, value in _entries(config):
        if name == "transformers_weights" and value is not None and not _is_safetensors_name(value):
            raise ModelError(
                f"{path}: {name} is {value!r}; allowed: the name of a .safetensors file beside it"
            )
        if "attn_implementation" in name and not re.fullmatch(r"\w+", str(value)):
            raise ModelError(f"{path}: {name} is {value!r}, code from the hub; remove the entry")


def _entries(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a config and of the maps in it that are no maps themselves."""
    waiting = list(config.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        else:
            yield name, value


@contextlib.contextmanager
def no_code() -> Iterator[None]:
    """While a model's files are read: transformers does not ask a person on a terminal whether it may run their code.

    Some loaders cannot be told beforehand. Errors that say so become a ModelError.
    """
    from transformers import dynamic_module_utils as dynamic

    patience, dynamic.TIME_OUT_REMOTE_CODE = dynamic.TIME_OUT_REMOTE_CODE, 0
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
