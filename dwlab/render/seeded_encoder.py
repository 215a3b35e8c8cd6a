"""Control pictures of pipelines that encode them with torch's global generator.

Their own `generator` draws the starting noise only, so that equal calls make different pictures. Here
the global generator's part is taken by one of the cell's seed: the picture is that of a stock call
after `torch.manual_seed(seed)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput

from ..spec import control_kinds
from .packing.stand_ins import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable


def seed_encoder(pipeline: Any, seed: int) -> None:
    """Let a cell's own pipeline encode pictures by the cell's seed, if its class leaves that open."""
    kind = control_kinds.of_pipeline(type(pipeline).__name__)
    if kind is not None and kind.draws_unseeded:
        generator = torch.Generator().manual_seed(seed)
        vars(pipeline)["vae"] = _seeded(pipeline.vae, generator)


def _seeded(vae: Any, generator: torch.Generator) -> torch.nn.Module:
    encode: Callable[..., Any] = vae.encode

    def encode_with_seed(*args: Any, **kwargs: Any) -> AutoencoderKLOutput:
        distribution = encode(*args, **kwargs).latent_dist
        return AutoencoderKLOutput(latent_dist=_SeededDistribution(distribution, generator))

    return stand_in(vae, "encode", encode_with_seed)


class _SeededDistribution(DiagonalGaussianDistribution):
    """A distribution of latents that draws with one generator, unless another one is given."""

    def __init__(self, drawn: DiagonalGaussianDistribution, generator: torch.Generator) -> None:
        super().__init__(drawn.parameters, drawn.deterministic)
        self._generator = generator

    def sample(self, generator: torch.Generator | None = None) -> torch.Tensor:
        return super().sample(generator or self._generator)
