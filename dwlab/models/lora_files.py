"""LoRA files: found, and checked before any model loads."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InvalidInput, MissingExtra, shortened
from . import adapter_files, fingerprint

if TYPE_CHECKING:
    from ..spec.loras import Lora
    from .adapter_files import AdapterFile, Header

# what diffusers keeps of a training in a file's metadata
_SETTINGS = "lora_adapter_metadata"
# Settings of peft that may have any value, and those that must be as peft has them by default:
# some name code to import, change the model's own weights, or are patterns that never end.
_NUMBERS = frozenset({"r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "lora_bias"})
_PATTERNS = frozenset({"rank_pattern", "alpha_pattern"})
_PLAIN_PATTERN = re.compile(r"\^?[\w.\-]{1,300}")
_INERT = frozenset({"base_model_name_or_path", "inference_mode", "peft_type", "peft_version"})
_STARTS = (True, False, "gaussian")


def find(field: str, lora: Lora) -> AdapterFile:
    """The file of a LoRA, checked as far as its header tells.

    field: where the recipe names it, like `loras[0]`. Raises InvalidInput for a file that is not
    there or not a LoRA in safetensors, and MissingExtra if the library for LoRAs is not installed.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingExtra("a LoRA", "models")
    file = adapter_files.find(field, lora.file, lora.sha256, adapter_files.source_of(lora))
    header = adapter_files.read_header(file.path)
    if not any("lora" in name.lower() or "lokr" in name for name in header.shapes):
        allowed = f"a LoRA; this file is {_kind(header)}"
        raise InvalidInput(f"{field}.file", str(file.path), allowed)
    problem = _problem_of_settings(header.metadata.get(_SETTINGS))
    if problem:
        allowed = f"a LoRA with plain settings; in this one {problem}"
        raise InvalidInput(f"{field}.file", str(file.path), allowed)
    return replace(file, tensors=fingerprint.of_tensors(file.path))


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
