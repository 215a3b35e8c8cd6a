"""What a folder or file is that is not a pipeline, and what to do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import ModelError
from . import safetensors_header

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

WEIGHTS = (".safetensors", ".bin", ".ckpt", ".pt", ".pth", ".gguf")
TAKES = "dwlab draws with whole text-to-image pipelines"
GIVE = "give the folder or hub id of one, with a model_index.json in it"
DOWNLOAD_IT = "download the file and give its path"
_GIVE_THE_OTHER = "give that other model, a folder or hub id"
PIPELINES_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What a folder or file is, and what to do with it."""

    description: str
    remedy: str


_LORA = Finding("a LoRA, which changes another model", _GIVE_THE_OTHER)
_EMBEDDING = Finding(
    "an embedding (textual inversion), which adds a word to another model", _GIVE_THE_OTHER
)
# files that tell what a folder is; the first that is there counts
_BY_FILE = {
    "pytorch_lora_weights.safetensors": _LORA,
    "adapter_config.json": _LORA,
    "learned_embeds.safetensors": _EMBEDDING,
    "learned_embeds.bin": _EMBEDDING,
    "modular_model_index.json": Finding(
        "a modular pipeline, whose parts are in other repositories", GIVE
    ),
    "scheduler_config.json": Finding("the scheduler of a pipeline alone", GIVE),
    "tokenizer_config.json": Finding("the tokenizer of a pipeline alone", GIVE),
    "preprocessor_config.json": Finding("the picture processor of a pipeline alone", GIVE),
    "snapshots": Finding(
        "a repository of the hub's cache",
        "give its id, owner/name, or one of the folders in snapshots/",
    ),
}
# what a folder is, by the class in its config.json
_BY_CLASS = {
    "ControlNet": "a ControlNet, which steers another model with a control picture",
    "T2IAdapter|MotionAdapter": "an adapter, which steers another model",
    "UNet|Transformer": "the denoiser of a pipeline alone",
    "Autoencoder|VQModel|Consistency.*VAE": "the autoencoder (VAE) of a pipeline alone",
    "Scheduler": "the scheduler of a pipeline alone",
    "Prior": "the prior of a pipeline alone",
}


def without_index(name: str, folder: Path) -> ModelError:
    """The error for a folder without a model_index.json: what it is, and what to do."""
    try:
        files = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        return ModelError(f"model is {name!r}, a folder that cannot be read ({error.strerror})")
    config = read(folder / "config.json")
    pipelines = [file for file in files if (folder / file / "model_index.json").is_file()]
    finding = _finding(files, config, pipelines, folder)
    return ModelError(
        f"model is {name!r}, {finding.description}, a folder without a model_index.json; "
        f"{TAKES}: {finding.remedy}"
    )


def of_repository(name: str, files: Collection[str], config: dict[str, object]) -> ModelError:
    """The error for a repository of the hub without a model_index.json.

    files: the paths of its files. config: its config.json.
    """
    index = "/model_index.json"
    pipelines = sorted(path.removesuffix(index) for path in files if path.endswith(index))
    roots = sorted({path.split("/")[0] for path in files})
    finding = _finding(roots, config, pipelines, folder=None)
    return ModelError(
        f"model is {name!r}, {finding.description}, a repository without a model_index.json; "
        f"{TAKES}: {finding.remedy}"
    )


def read(path: Path) -> dict[str, object]:
    """The JSON object in a file; an empty one if there is none."""
    try:
        return read_object(path) if path.is_file() else {}
    except ModelError:
        return {}


def _finding(
    files: list[str], config: dict[str, object], pipelines: list[str], folder: Path | None
) -> Finding:
    """What a folder without an index is.

    files: the names in it. pipelines: its folders that are pipelines. folder: None for a repository
    of the hub.
    """
    for file, finding in _BY_FILE.items():
        if file in files:
            return finding
    part = _part(config)
    if part:
        return Finding(part, GIVE)
    for file in files:
        if file.endswith(WEIGHTS):
            return _single_file(file, folder)
    if pipelines:
        return _several_pipelines(pipelines[:PIPELINES_SHOWN], folder)
    return Finding("nothing that diffusers saved", GIVE)


def _part(config: dict[str, object]) -> str | None:
    """What a folder with this config.json is a part of."""
    cls = str(config.get("_class_name") or "")
    for pattern, description in _BY_CLASS.items():
        if re.search(pattern, cls):
            return f"{description} ({cls})"
    if cls:
        return f"a part of a pipeline alone ({cls})"
    if kind := config.get("model_type"):
        return f"a transformers model alone ({kind})"
    return None


def _several_pipelines(pipelines: list[str], folder: Path | None) -> Finding:
    if folder is not None:
        paths = ", ".join(str(folder / name) for name in pipelines)
        return Finding("a folder of pipelines", f"give one of them: {paths}")
    names = ", ".join(pipelines)
    return Finding("several pipelines in one", f"download one of its folders ({names}) and give it")


def _single_file(name: str, folder: Path | None) -> Finding:
    """What a file of weights is, by its name, and by its tensors if it is in a folder here."""
    is_lora = "lora" in name.lower() or (folder is not None and _has_lora_tensors(folder / name))
    if is_lora:
        return Finding(f"a LoRA ({name}), which changes another model", _GIVE_THE_OTHER)
    if folder is None:
        return Finding(f"a single-file checkpoint ({name})", DOWNLOAD_IT)
    return Finding(f"a single-file checkpoint ({name})", f"give that file: {folder / name}")


def _has_lora_tensors(path: Path) -> bool:
    """Whether a safetensors file has tensors with the names of a LoRA's."""
    if path.suffix != ".safetensors":
        return False
    try:
        return any("lora" in name for name in safetensors_header.read(path).tensors)
    except ModelError:
        return False
