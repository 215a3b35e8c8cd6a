"""LoRA files: found, hashed, and checked before any model loads."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInput, MissingExtra, ModelError, first_line, shortened
from ..spec.loras import SHIPPED
from . import fingerprint, weight_files

if TYPE_CHECKING:
    from ..spec.loras import Lora

SIZE_LIMIT = 16 << 30  # bytes; the largest that people share have about 3
TENSORS_LIMIT = 100_000
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
# what diffusers keeps of a training in a file's metadata
_SETTINGS = "lora_adapter_metadata"
# Settings of peft that may have any value, and those that must be as peft has them by default:
# some name code to import, change the model's own weights, or are patterns that never end.
_NUMBERS = frozenset({"r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "lora_bias"})
_PATTERNS = frozenset({"rank_pattern", "alpha_pattern"})
_PLAIN_PATTERN = re.compile(r"\^?[\w.\-]{1,300}")
_INERT = frozenset({"base_model_name_or_path", "inference_mode", "peft_type", "peft_version"})
_STARTS = (True, False, "gaussian")


@dataclass(frozen=True)
class LoraFile:
    """A file as it was when it was identified."""

    path: Path
    sha256: str


def find(field: str, lora: Lora) -> LoraFile:
    """The file of a LoRA, checked as far as its header tells.

    field: where the recipe names it, like `loras[0]`. Raises InvalidInput for a file that is not
    there or not a LoRA in safetensors, and MissingExtra if the library for LoRAs is not installed.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingExtra("a LoRA", "models")
    path = _path_of(field, lora)
    _check_file(field, path)
    content = _hash_of(field, path)
    if lora.sha256 not in ("", content):
        allowed = f"the file with the SHA-256 {lora.sha256}; this one has {content}"
        raise InvalidInput(f"{field}.file", str(path), allowed)
    return LoraFile(path, content)


def check_unchanged(file: LoraFile) -> None:
    """Raise ModelError if a file is no longer the one that was identified."""
    try:
        content = fingerprint.of_file(file.path)
    # a file that cannot be read any more has changed too
    except ModelError:
        content = ""
    if content != file.sha256:
        raise ModelError(f"{file.path} changed since the run was planned; run the command again")


def _path_of(field: str, lora: Lora) -> Path:
    if lora.file in SHIPPED:
        return SHIPPED[lora.file]
    path = _existing(lora.file)
    if path:
        return path
    if lora.sha256:
        for known in fingerprint.files_with(lora.sha256):
            if known.is_file() and fingerprint.of_file(known) == lora.sha256:
                return known
    if lora.file:
        shipped = ", ".join(SHIPPED)
        allowed = f"a safetensors file that exists, or a LoRA that comes with dwlab: {shipped}"
        raise InvalidInput(f"{field}.file", lora.file, allowed)
    allowed = "the hash of a file that dwlab has read on this machine; name the file with file:"
    raise InvalidInput(f"{field}.sha256", lora.sha256, allowed)


def _existing(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError):
        # too long for a path, or ~name of an unknown user
        return None


def _hash_of(field: str, path: Path) -> str:
    try:
        return fingerprint.of_file(path)
    except ModelError as error:
        raise InvalidInput(f"{field}.file", str(path), f"a file to read ({error})") from error


def _check_file(field: str, path: Path) -> None:
    """Refuse what is not a complete safetensors file of a sensible size, without reading weights."""
    place = f"{field}.file"
    if path.suffix.lower() in _PICKLES:
        allowed = (
            "a .safetensors file; a pickle can run code. `dwlab convert FILE` makes a safe copy"
        )
        raise InvalidInput(place, str(path), allowed)
    if path.suffix != ".safetensors":
        raise InvalidInput(place, str(path), "a file whose name ends in .safetensors")
    flaw = weight_files.flaw(path)
    if flaw:
        raise InvalidInput(place, str(path), f"a complete safetensors file; this one {flaw}")
    size = path.stat().st_size
    if size > SIZE_LIMIT:
        allowed = f"at most {SIZE_LIMIT >> 30} GiB"
        raise InvalidInput(place, f"{path} with {size / (1 << 30):.1f} GiB", allowed)
    header = read_header(path)
    if not header.shapes or not any(
        "lora" in name.lower() or "lokr" in name for name in header.shapes
    ):
        raise InvalidInput(place, str(path), f"a LoRA; this file is {_kind(header)}")
    if len(header.shapes) > TENSORS_LIMIT:
        allowed = f"a LoRA of at most {TENSORS_LIMIT:,} tensors"
        raise InvalidInput(place, str(path), allowed)
    problem = _problem_of_settings(header.metadata.get(_SETTINGS))
    if problem:
        raise InvalidInput(place, str(path), f"a LoRA with plain settings; in this one {problem}")


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself: the shape of each tensor, and texts."""

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str]


def read_header(path: Path) -> Header:
    """The header of a safetensors file; its weights are not read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            return Header(shapes, dict(file.metadata() or {}))
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {first_line(error)}") from error


def _kind(header: Header) -> str:
    """What a file that is not a LoRA seems to be."""
    names = header.shapes
    if not names:
        return "empty"
    if any("hada_" in name for name in names):
        return "a LoHa (LyCORIS), which diffusers does not read"
    if any(name.startswith("model.diffusion_model.") for name in names):
        return "a whole checkpoint; give it as model:"
    if any("emb_params" in name or name in ("clip_l", "clip_g") for name in names):
        return "a textual inversion; give it in embeddings:"
    return f"something else (its first tensor is {shortened(next(iter(names)), 60)!r})"


def _problem_of_settings(text: str | None) -> str | None:
    """What is wrong with the settings of peft in a file's metadata; None if they are harmless."""
    if text is None:
        return None
    try:
        settings = json.loads(text)
        for name, value in settings.items():
            # the part that a setting is for comes first, as in `unet.r`
            setting = str(name).rpartition(".")[2]
            if not _is_harmless(setting, value):
                return f"{shortened(repr(name), 60)} is {shortened(repr(value), 60)}"
    except (ValueError, AttributeError, RecursionError):
        return "they are not JSON"
    return None


def _is_harmless(setting: str, value: object) -> bool:
    if setting in _INERT:
        return True
    if setting in _NUMBERS:
        return isinstance(value, int | float)
    if setting in _PATTERNS:
        return isinstance(value, dict) and all(map(_PLAIN_PATTERN.fullmatch, value))
    if setting == "target_modules":
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    if setting == "init_lora_weights":
        return value in _STARTS
    defaults = _defaults()
    return setting in defaults and value in (defaults[setting], None)


@functools.cache
def _defaults() -> dict[str, object]:
    from peft import LoraConfig

    # as JSON has them: lists instead of tuples, names instead of members of an enumeration
    settings = LoraConfig().to_dict()  # type: ignore[no-untyped-call]
    plain: dict[str, object] = json.loads(json.dumps(settings, default=str))
    return plain
