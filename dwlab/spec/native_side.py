"""The size that a model was trained for, from its family and its small files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .side_limits import LARGEST, SMALLEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .family import Family

    Config = Mapping[str, object]

# pixels per latent of decoders that do not say
_USUAL_SCALE = 8
# entries of an autoencoder's config that have an item for each halving of the picture, and one more
_STAGES = ("block_out_channels", "encoder_block_out_channels")


def of(family: Family | None, index: Config, denoiser: Config, decoder: Config) -> int | None:
    """The pixels of a side that a model was trained for; None if its files do not tell.

    As diffusers computes it: `default_sample_size` times the pixels per latent, unless the
    pipeline's call has a size of its own. index: the model_index.json. denoiser, decoder: the
    configs of these parts.
    """
    if family is not None and family.side is not None:
        return family.side
    latents = family.sample_size if family else None
    if latents is None:
        latents = _whole(denoiser.get("sample_size"))
    if latents is None:
        # of PRX: pixels, not latents
        return _plausible(_whole(index.get("default_sample_size")))
    has_decoder = family is None or family.decoder
    return _plausible(latents * (pixels_per_latent(decoder) if has_decoder else 1))


def multiple(family: Family | None, decoder: Config) -> int:
    """The pixels that each side must be a multiple of."""
    if family is None or not family.decoder:
        return SMALLEST
    return max(SMALLEST, pixels_per_latent(decoder) * family.patch)


def pixels_per_latent(decoder: Config) -> int:
    """How many pixels the side of a latent has, by the config of the autoencoder."""
    ratio = _whole(decoder.get("spatial_compression_ratio"))
    if ratio is not None:
        return ratio
    halvings = decoder.get("temperal_downsample")
    if isinstance(halvings, list):
        return _power(len(halvings))
    for name in _STAGES:
        stages = decoder.get(name)
        if isinstance(stages, list):
            return _power(len(stages) - 1)
    return _USUAL_SCALE


def _power(halvings: int) -> int:
    return 2**halvings if 0 <= halvings <= 8 else _USUAL_SCALE


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _plausible(side: int | None) -> int | None:
    return side if side is not None and SMALLEST <= side <= LARGEST else None
