"""Reads UNets of latent consistency models in the original layout, which diffusers reads in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec import layouts

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel

    from ..spec.tensor_header import Header
    from .checkpoint import Checkpoint

# the guidance goes into the time embedding: diffusers 0.42 leaves this tensor out
_PROJECTION = "time_embedding.cond_proj.weight"


def is_original(header: Header) -> bool:
    """Whether a file holds such a UNet under the names of the original code."""
    return layouts.detect(header) == "lcm" and header.has("model.diffusion_model.input_blocks.")


def read_unet(checkpoint: Checkpoint, dtype: torch.dtype) -> UNet2DConditionModel:
    """The UNet of such a file, with all of its tensors."""
    from diffusers import UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint
    from safetensors.torch import load_file

    configs = str(checkpoint.configs)
    config = UNet2DConditionModel.load_config(configs, subfolder="unet", local_files_only=True)
    tensors = load_file(checkpoint.file)
    converted = convert_ldm_unet_checkpoint(tensors, config)
    for name, tensor in tensors.items():
        if name.endswith(layouts.LCM_PROJECTIONS):
            converted[_PROJECTION] = tensor
    return UNet2DConditionModel.from_single_file(
        converted, config=configs, subfolder="unet", torch_dtype=dtype, local_files_only=True
    )
