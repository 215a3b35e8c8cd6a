"""Loads single parts of a pipeline: from folders of their own, or from single files."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line
from . import size_limits, trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from .components import ModelPart


# the file that each library looks for in the folder of a part
WEIGHTS_NAMES = {
    "diffusers": "diffusion_pytorch_model.safetensors",
    "transformers": "model.safetensors",
}


def read_all(parts: Sequence[ModelPart], configs: Path, dtype: torch.dtype) -> dict[str, Any]:
    """The parts that a recipe puts into a model, by name. configs: the model's own folder.

    Raises ModelError for one that does not load.
    """
    return {part.name: _read(part, configs, dtype) for part in parts}


def size_of(parts: Sequence[ModelPart]) -> trust.Weights:
    """The tensors and bytes of the weights of parts; refuses folders that are not to be trusted."""
    tensors = size = 0
    for part in parts:
        if part.is_file:
            tensors += size_limits.tensors_in(part.path)
            size += part.path.stat().st_size
        else:
            weights = trust.check_part(part.path)
            tensors += weights.tensors
            size += weights.bytes
    return trust.Weights(tensors, size)


def _read(part: ModelPart, configs: Path, dtype: torch.dtype) -> Any:
    try:
        if not part.is_file:
            return read_folder(part.library, part.cls, part.path, dtype)
        if not hasattr(class_of(part.library, part.cls), "from_single_file"):
            return _read_beside_config(part, configs / part.name, dtype)
        return class_of(part.library, part.cls).from_single_file(
            str(part.path),
            config=str(configs),
            subfolder=part.name,
            torch_dtype=dtype,
            local_files_only=True,
        )
    # a part's files and class may raise anything
    except Exception as error:
        raise ModelError(f"{part.name} {part.path} does not load: {first_line(error)}") from error


def _read_beside_config(part: ModelPart, own: Path, dtype: torch.dtype) -> Any:
    """The part in a file of weights. own: the folder with the config of the model's own part."""
    name = WEIGHTS_NAMES[part.library]
    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder)
        for config in own.glob("*config.json"):
            shutil.copy(config, beside / config.name)
        _link(part.path, beside / name)
        return read_folder(part.library, part.cls, beside, dtype)


def _link(file: Path, link: Path) -> None:
    try:
        link.symlink_to(file.absolute())
    # Windows makes links for administrators only
    except OSError:
        shutil.copy(file, link)


def read_folder(library: str, cls: str, folder: Path, dtype: torch.dtype) -> Any:
    """The part in a folder; raises whatever its library raises."""
    part = class_of(library, cls)
    if "Tokenizer" in cls:
        return part.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return part.from_pretrained(folder, dtype=dtype, use_safetensors=True, local_files_only=True)


def class_of(library: str, cls: str) -> Any:
    """A class of one of the two libraries."""
    return getattr(importlib.import_module(library), cls)
