"""What a folder or file holds that is not a pipeline, told from its small files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

WEIGHTS = (".safetensors", ".bin", ".ckpt", ".pt", ".pth", ".gguf")
TAKES = "dwlab draws with whole text-to-image pipelines"
GIVE = "give the folder or hub id of one, with a model_index.json in it"

# What a folder without a model_index.json is, by the class in its config.json.
_PARTS = (
    ("ControlNet", "a ControlNet, which steers another model with a control picture"),
    ("T2IAdapter|MotionAdapter", "an adapter, which steers another model"),
    ("UNet|Transformer", "the denoiser of a pipeline alone"),
    ("Autoencoder|VQModel|Consistency.*VAE", "the autoencoder (VAE) of a pipeline alone"),
    ("Scheduler", "the scheduler of a pipeline alone"),
    ("Prior", "the prior of a pipeline alone"),
)


CONVERT = (
    "make a folder of it with diffusers' `StableDiffusionPipeline.from_single_file(FILE).save_pretrained(FOLDER)`, "
    "or the class of its family"
)
_ADDED = "give that other model, a folder or hub id"
# Files that tell what a folder is, with what it is and what to do; the first that is there counts.
_MARKS = (
    ("pytorch_lora_weights.safetensors", "a LoRA, which changes another model", _ADDED),
    ("adapter_config.json", "a LoRA, which changes another model", _ADDED),
    (
        "learned_embeds.safetensors",
        "an embedding (textual inversion), which adds a word to another model",
        _ADDED,
    ),
    (
        "learned_embeds.bin",
        "an embedding (textual inversion), which adds a word to another model",
        _ADDED,
    ),
    ("modular_model_index.json", "a modular pipeline, whose parts lie in other repositories", GIVE),
    ("scheduler_config.json", "the scheduler of a pipeline alone", GIVE),
    ("tokenizer_config.json", "the tokenizer of a pipeline alone", GIVE),
    ("preprocessor_config.json", "the picture processor of a pipeline alone", GIVE),
    (
        "snapshots",
        "a repository of the hub's cache",
        "give its id, owner/name, or one of the folders in snapshots/",
    ),
)


def without_index(name: str, folder: Path) -> ModelError:
    """The error for a folder without a model_index.json: what it holds, what dwlab takes, what to do."""
    try:
        files = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        return ModelError(f"model is {name!r}, a folder that cannot be read ({error.strerror})")
    inside = [file for file in files if (folder / file / "model_index.json").is_file()]
    what, remedy = _held(files, read(folder / "config.json"), inside, folder)
    return ModelError(
        f"model is {name!r}, {what}, a folder without a model_index.json; {TAKES}: {remedy}"
    )


def of_repository(name: str, files: Collection[str], config: dict[str, Any]) -> ModelError:
    """The same for a repository of the hub, by the names of its files and its config.json."""
    inside = sorted(
        file.removesuffix("/model_index.json")
        for file in files
        if file.endswith("/model_index.json")
    )
    roots = sorted({file.split("/")[0] for file in files})
    what, remedy = _held(roots, config, inside, None)
    return ModelError(
        f"model is {name!r}, {what}, a repository without a model_index.json; {TAKES}: {remedy}"
    )


def _held(
    files: list[str], config: dict[str, Any], inside: list[str], folder: Path | None
) -> tuple[str, str]:
    """What a folder without an index holds, and what to do with it. inside: pipelines in it."""
    for mark, what, remedy in _MARKS:
        if mark in files:
            return what, remedy
    if part := _part(config):
        return part, GIVE
    if weights := next((file for file in files if file.endswith(WEIGHTS)), None):
        return _single_file(weights, folder)
    if inside and folder:
        return (
            "a folder of pipelines",
            f"give one of them: {', '.join(str(folder / name) for name in inside[:5])}",
        )
    if inside:
        return (
            "several pipelines in one",
            f"download one of its folders ({', '.join(inside[:5])}) and give that",
        )
    return "nothing that diffusers saved", GIVE


def _part(config: dict[str, Any]) -> str | None:
    """What a folder with this config.json is a part of."""
    cls = str(config.get("_class_name") or "")
    if what := next((what for words, what in _PARTS if re.search(words, cls)), None):
        return f"{what} ({cls})"
    if cls:
        return f"a part of a pipeline alone ({cls})"
    if kind := config.get("model_type"):
        return f"a transformers model alone ({kind})"
    return None


def for_a_file(name: str, path: Path) -> ModelError:
    """The error for a model that is the path of a file."""
    what, remedy = (
        _single_file(path.name, path.parent) if path.suffix in WEIGHTS else ("a file", GIVE)
    )
    return ModelError(f"model is {name!r}, {what}; {TAKES}, which are folders: {remedy}")


def _single_file(name: str, folder: Path | None) -> tuple[str, str]:
    """What a file of weights is, and what to do with it; its tensors are looked at if it lies in a folder here."""
    if "lora" in name.lower() or (folder and _is_lora(folder / name)):
        return f"a LoRA ({name}), which changes another model", _ADDED
    return f"a single-file checkpoint ({name})", CONVERT


def _is_lora(path: Path) -> bool:
    """Whether the tensors of a safetensors file have the names of a LoRA's."""
    if path.suffix != ".safetensors":
        return False
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return any("lora" in tensor for tensor in file.keys())  # noqa: SIM118  # no map
    except (SafetensorError, OSError):
        return False


def read(path: Path) -> dict[str, Any]:
    """A JSON object in a file; an empty one for whatever is not."""
    try:
        return read_object(path) if path.is_file() else {}
    except ModelError:
        return {}
