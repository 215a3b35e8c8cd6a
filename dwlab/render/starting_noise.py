"""The noise that a picture starts from, if the pipeline is not to draw it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..models.settings import denoiser_of
from . import philox

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from ..spec.params import GenerationParams


def cuda_noise(pipeline: Any, cells: Sequence[GenerationParams]) -> torch.Tensor:
    """The starting noise that AUTOMATIC1111 draws on an NVIDIA GPU for these cells' seeds.

    Returns [cells, channels, height, width] in latent pixels, in the denoiser's dtype. Only the
    first noise: what ancestral and SDE samplers add at each step comes from the cell's generator.
    """
    import torch

    denoiser = denoiser_of(pipeline)
    scale = pipeline.vae_scale_factor
    noise = []
    for params in cells:
        shape = (
            denoiser.config.in_channels,
            (params.height or 0) // scale,
            (params.width or 0) // scale,
        )
        noise.append(torch.from_numpy(philox.randn(params.seed, shape)))
    return torch.stack(noise).to(denoiser.dtype)
