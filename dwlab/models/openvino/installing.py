"""Which models OpenVINO computes here, and putting it in the place of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ..settings import decoder_of, denoiser_of
from .support import DENOISERS

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from ..identity import Identity


# autoencoders whose decoder is a module of its own, which gets latents only
DECODERS = frozenset({"AutoencoderKL"})


def install(pipeline: Any, identity: Identity) -> None:
    """Let OpenVINO compute a freshly loaded pipeline's denoiser, and its decoder."""
    denoiser = denoiser_of(pipeline)
    if type(denoiser).__name__ not in DENOISERS:
        name = type(denoiser).__name__
        raise ModelError(
            f"backend openvino: not for a {name}; leave the profile or the backend out"
        )
    _replace(denoiser, "denoiser", identity, _denoised)
    vae = decoder_of(pipeline)
    if type(vae).__name__ in DECODERS:
        _replace(vae.decoder, "decoder", identity, _itself)


def _replace(
    module: torch.nn.Module, part: str, identity: Identity, wrap: Callable[[torch.Tensor], Any]
) -> None:
    from .computing import Forward
    from .conversion import Source

    source = Source(module, identity.weights, part, identity.dtype)
    vars(module)["forward"] = Forward(source, wrap)


def _denoised(sample: torch.Tensor) -> Any:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput

    return UNet2DConditionOutput(sample=sample)


def _itself(tensor: torch.Tensor) -> torch.Tensor:
    return tensor
