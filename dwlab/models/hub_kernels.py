"""Kernels from the hub: code that diffusers and transformers would download and run.

They do so if a variable of the environment, or a model's own config, asks for it and the package
`kernels` is installed. Here that needs the user's word besides, and rows say so.
"""

from __future__ import annotations

import os
import re

from ..errors import ModelError

# the user's word, if it is 1; requests over HTTP cannot give it
FLAG = "DWLAB_HUB_KERNELS"
ATTENTION = "DIFFUSERS_ATTN_BACKEND"
GGUF = "DIFFUSERS_GGUF_CUDA_KERNELS"
_YES = ("1", "true", "yes")
# ways to quantise that fetch nothing; others, like nunchaku_lite and mxfp4, do
_QUANTISED_BY = ("bitsandbytes", "gguf", "modelopt", "quanto", "torchao")
_EXPERTS_BY = ("batched_mm", "eager", "grouped_mm")


def are_allowed() -> bool:
    """Whether the user allows kernels from the hub."""
    return os.environ.get(FLAG) == "1"


def asked() -> dict[str, str]:
    """The variables that make diffusers fetch kernels, with their values."""
    values = {name: os.environ.get(name, "") for name in (ATTENTION, GGUF)}
    return {
        name: value
        for name, value in values.items()
        if value.endswith("_hub") or (name == GGUF and value.lower() in _YES)
    }


def check() -> None:
    """Raise ModelError if kernels would be fetched that the user did not allow."""
    if are_allowed():
        return
    for name, value in asked().items():
        raise ModelError(
            f"{name} is {value!r}, with which diffusers downloads code from the hub and runs it; unset "
            f"it, or set {FLAG}=1 to allow that"
        )


def is_named_by(name: str, value: object) -> bool:
    """Whether an entry of a model's config can make a library fetch kernels."""
    if "attn_implementation" in name:
        return not re.fullmatch(r"\w+", str(value))
    if "experts_implementation" in name:
        return value is not None and value not in _EXPERTS_BY
    return name == "quant_method" and value not in _QUANTISED_BY


def facts() -> dict[str, str]:
    """What rows say of it, beside versions; nothing if no kernels are allowed."""
    if not are_allowed():
        return {}
    named = ", ".join(f"{name}={value}" for name, value in asked().items())
    return {"hub kernels": named or "allowed"}
