"""What a model's folder may hold: parts of stock classes, weights in safetensors, never code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ModelError
from .jsonfile import read_object

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


def check_folder(folder: Path) -> None:
    """Refuse pipelines whose parts are not stock classes, and parts whose weights are pickles only."""
    _check_class("diffusers", read_object(folder / "model_index.json").get("_class_name"), folder)
    for name, library, cls in parts(folder):
        _check_class(library, cls, folder)
        files = list((folder / name).glob("*"))
        pickled = [f for f in files if f.suffix in _PICKLES]
        if pickled and not any(f.suffix == ".safetensors" for f in files):
            raise ModelError(
                f"{pickled[0]} is a pickle, which can run code; dwlab loads safetensors only: convert it first"
            )


def parts(folder: Path) -> Iterator[tuple[str, object, object]]:
    """(name, library, class) of each part that a pipeline's index names, not checked yet."""
    for name, part in read_object(folder / "model_index.json").items():
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
