"""Weights in 8 or 4 bits: which library does it, and when."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra, ModelError
from . import trust, weight_files
from .memory_estimate import is_quantised

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from diffusers import DiffusionPipeline

# the first part of a name, and the package that does it
_LIBRARIES = {"torchao": "torchao", "quanto": "optimum.quanto", "bitsandbytes": "bitsandbytes"}


def check(quantisation: str, model: str, *, has_folder: bool) -> None:
    """Raise for a quantisation that this machine or this model cannot have.

    has_folder: whether the model is a diffusers folder, which is read part by part. Raises
    MissingExtra if the library is not installed, ModelError for other models that it cannot do.
    """
    library = quantisation.partition("-")[0]
    if library not in _LIBRARIES:
        return
    if not _is_installed(_LIBRARIES[library]):
        raise MissingExtra(f"memory: {quantisation} (the library {library})", "quantised")
    if library == "bitsandbytes" and not has_folder:
        raise ModelError(
            f"model {model!r} is not a diffusers folder, which bitsandbytes needs to quantise it; "
            "take torchao or quanto"
        )


def is_here(quantisation: str) -> bool:
    """Whether the library that does it is installed; some need none."""
    library = quantisation.partition("-")[0]
    return library not in _LIBRARIES or _is_installed(_LIBRARIES[library])


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    # the package around it is missing
    except ModuleNotFoundError:
        return False


def while_reading(quantisation: str, folder: Path, dtype: str) -> dict[str, Any]:
    """The arguments of `from_pretrained` by which bitsandbytes quantises; none for others.

    dtype: computed in.
    """
    if not quantisation.startswith("bitsandbytes"):
        return {}
    import diffusers
    import transformers

    mapping = {}
    for name, library, cls in trust.parts(folder):
        if is_quantised(name) and weight_files.needs_weights(cls):
            owner = diffusers if library == "diffusers" else transformers
            mapping[name] = owner.BitsAndBytesConfig(**_bitsandbytes_options(quantisation, dtype))
    return {"quantization_config": diffusers.PipelineQuantizationConfig(quant_mapping=mapping)}


def _bitsandbytes_options(quantisation: str, dtype: str) -> dict[str, Any]:
    import torch

    if quantisation.endswith("8bit"):
        return {"load_in_8bit": True}
    return {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_compute_dtype": getattr(torch, dtype),
    }


def after_reading(pipeline: DiffusionPipeline, quantisation: str) -> None:
    """Quantise the linear layers of a pipeline's denoiser and text encoders with torchao or quanto.

    To 8 bits; for 4, quanto compiles code inside its own package when it is first used, and torchao
    needs one more library and an NVIDIA GPU.

    The decoder stays as it is: it is small, and its errors would be seen. The libraries are called
    themselves, because what transformers does around them gives layers new random weights.
    """
    library = quantisation.partition("-")[0]
    quantise = {"torchao": _torchao, "quanto": _quanto}.get(library)
    if quantise is None:
        return
    for name, part in pipeline.components.items():
        if is_quantised(name) and hasattr(part, "parameters"):
            quantise(part)


def _quanto(part: torch.nn.Module) -> None:
    from optimum import quanto

    # a convolution of a UNet is no linear layer
    linear = [name for name, module in part.named_modules() if _is_linear(module)]
    quanto.quantize(part, weights=quanto.qint8, include=linear)
    quanto.freeze(part)


def _is_linear(module: torch.nn.Module) -> bool:
    import torch

    return isinstance(module, torch.nn.Linear)


def _torchao(part: torch.nn.Module) -> None:
    from torchao import quantization

    quantization.quantize_(part, quantization.Int8WeightOnlyConfig())
