"""Loads a model in one file, with diffusers' own readers of such files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra, ModelError
from ..spec import layouts, single_file
from . import clip_tokenizer, lcm, part_loading, size_limits, tensor_check, trust
from .checkpoint import DENOISERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from diffusers import DiffusionPipeline

    from ..spec.tensor_header import Header
    from .checkpoint import Checkpoint

GGUF = ".gguf"


def read(
    name: str,
    checkpoint: Checkpoint,
    cls: Any,
    dtype: torch.dtype,
    others: Mapping[str, Any],
) -> DiffusionPipeline:
    """The pipeline of a model in one file. cls: its class. others: parts that are here already.

    Raises ModelError for tensors that are missing or of other shapes, and whatever diffusers raises.
    """
    # checked once more, because files may have changed since the model was identified
    trust.check_folder(checkpoint.configs)
    header = single_file.read_header(name, checkpoint.file)
    weights = _size(checkpoint, header)
    with trust.no_code(), size_limits.building(name, weights.tensors, weights.bytes):
        parts = {**_parts_beside(checkpoint, dtype), **others}
        try:
            pipeline = _assembled(checkpoint, header, cls, parts, dtype)
        # diffusers' own errors say nothing of the file
        except (KeyError, IndexError, NotImplementedError, RuntimeError, ValueError):
            faults = tensor_check.faults(name, checkpoint, header)
            if not faults:
                raise
            raise ModelError(
                f"model {name!r} does not fit its configs: {'; '.join(faults)}; the file is not "
                "whole, or of another layout: name that one with config:"
            ) from None
    _forget_map(pipeline)
    _stop_training(pipeline)
    _tell_prediction(header, pipeline)
    return pipeline


def _assembled(
    checkpoint: Checkpoint, header: Header, cls: Any, parts: dict[str, Any], dtype: torch.dtype
) -> DiffusionPipeline:
    """The pipeline. parts: those that do not come from the file."""
    is_gguf = checkpoint.file.suffix == GGUF
    if lcm.is_original(header):
        parts.setdefault("unet", lcm.read_unet(checkpoint, dtype))
    elif is_gguf or not hasattr(cls, "from_single_file"):
        parts = _denoiser(checkpoint, dtype) | parts
        return cls.from_pretrained(
            checkpoint.configs, local_files_only=True, use_safetensors=True, **parts
        )
    return cls.from_single_file(
        str(checkpoint.file),
        config=str(checkpoint.configs),
        torch_dtype=dtype,
        local_files_only=True,
        **parts,
    )


def check_library(file_name: str) -> None:
    """Raise MissingExtra if a file needs a library that is not installed."""
    import importlib.util

    if file_name.endswith(GGUF) and importlib.util.find_spec("gguf") is None:
        raise MissingExtra("a model in a GGUF file", "quantised")


def _size(checkpoint: Checkpoint, header: Header) -> trust.Weights:
    """The tensors and bytes of all weights that are read."""
    tensors = len(header.tensors)
    size = header.size
    for _, folder in checkpoint.lent:
        part = trust.check_part(folder)
        tensors += part.tensors
        size += part.bytes
    return trust.Weights(tensors, size)


def _parts_beside(checkpoint: Checkpoint, dtype: torch.dtype) -> dict[str, Any]:
    """The parts that do not come from the file; None for those that the model is drawn without."""
    parts: dict[str, Any] = dict.fromkeys(checkpoint.absent)
    lent = dict(checkpoint.lent)
    for part, library, cls in trust.parts(checkpoint.configs):
        if part in lent:
            parts[part] = part_loading.read_folder(str(library), str(cls), lent[part], dtype)
        elif clip_tokenizer.lacks_vocabulary(checkpoint.configs / part):
            parts[part] = clip_tokenizer.build(checkpoint.configs / part)
    return parts


def _denoiser(checkpoint: Checkpoint, dtype: torch.dtype) -> dict[str, Any]:
    """The denoiser of a file that holds nothing else."""
    import diffusers

    options: dict[str, Any] = {}
    if checkpoint.file.suffix == GGUF:
        check_library(checkpoint.file.name)
        options["quantization_config"] = diffusers.GGUFQuantizationConfig(compute_dtype=dtype)
    for part, _, cls in trust.parts(checkpoint.configs):
        if part in DENOISERS:
            denoiser = getattr(diffusers, str(cls)).from_single_file(
                str(checkpoint.file),
                config=str(checkpoint.configs),
                subfolder=part,
                torch_dtype=dtype,
                local_files_only=True,
                **options,
            )
            return {part: denoiser}
    raise ModelError(f"{checkpoint.configs} describes no denoiser ({' or '.join(DENOISERS)})")


def _forget_map(pipeline: DiffusionPipeline) -> None:
    """Remove diffusers' note that a part lies on one device, which looks like an offloaded part."""
    for part in pipeline.components.values():
        if hasattr(part, "hf_device_map"):
            del part.hf_device_map


def _stop_training(pipeline: DiffusionPipeline) -> None:
    """Switch dropout off: diffusers 0.42 leaves a T5 of a single file in training mode."""
    for part in pipeline.components.values():
        if hasattr(part, "eval"):
            part.eval()


def _tell_prediction(header: Header, pipeline: DiffusionPipeline) -> None:
    """Set what the file says of its training in the scheduler, which is made from the configs."""
    changes: dict[str, Any] = {}
    prediction = layouts.prediction(header)
    scheduler = pipeline.scheduler
    if prediction and "prediction_type" in scheduler.config:
        changes["prediction_type"] = prediction
    if layouts.has_zero_terminal_snr(header):
        changes["rescale_betas_zero_snr"] = True
    if changes:
        pipeline.scheduler = type(scheduler).from_config(scheduler.config, **changes)
