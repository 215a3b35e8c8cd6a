"""Adapters of a model: loaded for the cells that need them, and taken out again afterwards.

A LoRA changes the layers of a loaded model in place, by diffusers' own functions. Cells with the
same files form a group that loads them once; within it, cells with the same weights share forwards.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import DwlabError, ModelError, first_line
from . import lora_files, lora_fit
from .library_patches import without_text_model
from .parts import modules_of
from .quiet import no_bars, quiet_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..spec.loras import Stack
    from .identity import Identity
    from .lora_files import LoraFile


@dataclass(frozen=True)
class Adapters:
    """What is added to a model for a picture.

    loras: files and weights, without those of weight 0, in the order of their hashes: the order in
    which a recipe names them means nothing.
    """

    loras: tuple[tuple[LoraFile, float], ...] = ()

    @property
    def files(self) -> tuple[LoraFile, ...]:
        """What has to be loaded; cells that have the same can follow each other at no cost."""
        return tuple(file for file, _ in self.loras)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of `files`."""
        return tuple(weight for _, weight in self.loras)

    def key(self) -> str:
        """What stands for them in a picture's key; empty if there are none."""
        if not self.loras:
            return ""
        return json.dumps({"loras": [[file.sha256, weight] for file, weight in self.loras]})


NONE = Adapters()


def find(stack: Stack, identity: Identity) -> tuple[Stack, Adapters]:
    """Find the files of a stack for a model; returns the stack with their hashes filled in.

    Raises InvalidInput for a file that is missing, no LoRA or for another family, and MissingExtra.
    """
    loras = []
    chosen = []
    for index, lora in enumerate(stack):
        field = f"loras[{index}]"
        file = lora_files.find(field, lora)
        lora_fit.check(field, file, identity)
        loras.append(replace(lora, sha256=file.sha256))
        if lora.weight:
            chosen.append((file, lora.weight))
    chosen.sort(key=lambda entry: (entry[0].sha256, entry[1]))
    return tuple(loras), Adapters(tuple(chosen))


@contextlib.contextmanager
def loaded(pipeline: Any, files: Sequence[LoraFile]) -> Iterator[None]:
    """Add the layers of LoRA files to a pipeline for a while; afterwards it is as it was.

    Raises ModelError for a file that does not load, or that changed since it was identified.
    """
    if not files:
        yield
        return
    quiet_libraries()
    if pipeline.get_list_adapters():
        raise ModelError(
            "the loaded model has adapters of its own; unload them, or leave loras out"
        )
    try:
        for file, name in zip(files, _names(files), strict=True):
            _load(pipeline, file, name)
        _copy_into_memory(pipeline)
        yield
    finally:
        pipeline.unload_lora_weights()


def set_weights(pipeline: Any, adapters: Adapters) -> None:
    """Make the files of `adapters`, which are loaded, act with its weights."""
    if adapters.loras:
        pipeline.set_adapters(_names(adapters.files), list(adapters.weights))


def _names(files: Sequence[LoraFile]) -> list[str]:
    """What the libraries call loaded files: never names that strangers chose."""
    return [f"lora_{number}" for number in range(len(files))]


def _copy_into_memory(pipeline: Any) -> None:
    """Give the loaded layers memory of their own.

    They are views of the file, and reading a file that somebody cuts short ends the process.
    """
    for part in modules_of(pipeline).values():
        for name, parameter in part.named_parameters():
            if ".lora_" in name:
                parameter.data = parameter.data.clone()


def _load(pipeline: Any, file: LoraFile, name: str) -> None:
    lora_files.check_unchanged(file)
    try:
        with no_bars(), without_text_model():
            pipeline.load_lora_weights(
                str(file.path.parent),
                weight_name=file.path.name,
                adapter_name=name,
                use_safetensors=True,
                local_files_only=True,
            )
    except DwlabError:
        raise
    # the converters of files raise anything
    except Exception as error:
        raise ModelError(f"LoRA {file.path} does not load: {first_line(error)}") from error
    finally:
        lora_files.check_unchanged(file)
