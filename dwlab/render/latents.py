"""How pipelines lay their latents out: as planes, or as tokens that hold 2 x 2 patches of them.

Layouts, as the table of families names them:

planes: [C, H, W].
normalized planes: the same, scaled by the decoder's mean and deviation only.
tokens: [H * W, C].
patches: [H/2 * W/2, 4C], each token a patch [C, 2, 2].
normalized patches: the same, scaled by the decoder's batch normalization of patches.
pixels: [3, H, W] from -1 to 1, of models without a decoder.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..models.settings import decoder_of
from ..spec import families

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

PATCH = 2  # latents of a side of a token's patch
CHANNELS_WITH_OPACITY = 4


def layout_of(pipeline: Any) -> str:
    """The layout of a pipeline's latents; planes if its class is not known."""
    family = families.of(type(pipeline).__name__)
    return family.latents if family else "planes"


def planes(latents: torch.Tensor, pipeline: Any, aspect: float) -> torch.Tensor | None:
    """The latents of one picture as [C, H, W]; None if they are of another form.

    latents: as the pipeline has them between steps, without the first dimension. aspect: the
    picture's width divided by its height.
    """
    layout = layout_of(pipeline)
    # of decoders for videos, which take a picture for one frame
    if latents.ndim == 4 and latents.shape[1] == 1:
        latents = latents[:, 0]
    if layout == "tokens":
        return _from_tokens(latents, 1, aspect)
    if layout.endswith("patches"):
        return _from_patches(latents, pipeline, aspect)
    return latents if latents.ndim == 3 else None


def encode(pipeline: Any, pictures: torch.Tensor) -> torch.Tensor | None:
    """Pictures [N, 3, H, W] from -1 to 1 as latents [N, C, h, w] in the scale of `planes`.

    It is None for pipelines without a decoder that also encodes.
    """
    decoder = decoder_of(pipeline)
    if not hasattr(decoder, "encode"):
        return None
    pictures = _with_opacity(pictures, decoder.config).to(decoder.device, decoder.dtype)
    takes_frames = hasattr(decoder.config, "temperal_downsample")
    encoded = decoder.encode(pictures[:, :, None] if takes_frames else pictures)
    if hasattr(encoded, "latent_dist"):
        latents = encoded.latent_dist.mode()
    else:
        latents = encoded.latent if hasattr(encoded, "latent") else encoded.latents
    latents = latents[:, :, 0] if takes_frames else latents
    return _scaled(latents.float().cpu(), decoder.config, layout_of(pipeline))


def decode(pipeline: Any, latents: torch.Tensor, aspect: float) -> NDArray[np.float32] | None:
    """The picture [height, width, 3], 0 to 1, of the latents of one picture.

    latents: as the pipeline has them between steps, with or without the first dimension. aspect: the
    picture's width divided by its height. It is None for pipelines with other decoders than SD's.
    """
    decoder = decoder_of(pipeline)
    scale = getattr(getattr(decoder, "config", None), "scaling_factor", None)
    if scale is None or not hasattr(pipeline, "image_processor"):
        return None
    plane = planes(latents[0] if len(latents) == 1 else latents, pipeline, aspect)
    if plane is None:
        return None
    shift = decoder.config.get("shift_factor") or 0.0
    unscaled = plane[None].to(decoder.dtype) / scale + shift
    pixels = decoder.decode(unscaled, return_dict=False)[0]
    (picture,) = pipeline.image_processor.postprocess(pixels, output_type="np")
    return picture


def _with_opacity(pictures: torch.Tensor, config: Any) -> torch.Tensor:
    """Pictures with a fourth channel for a decoder that has one: fully opaque."""
    if config.get("in_channels") != CHANNELS_WITH_OPACITY:
        return pictures
    import torch

    return torch.cat([pictures, torch.ones_like(pictures[:, :1])], dim=1)


def _scaled(latents: torch.Tensor, config: Any, layout: str) -> torch.Tensor:
    """Latents of a decoder in the scale that its pipeline works in."""
    if layout == "normalized patches":
        return latents
    mean = config.get("latents_mean") or config.get("shift_factor") or 0.0
    deviation = config.get("latents_std") or 1.0
    scale = config.get("scaling_factor") or 1.0
    if layout == "normalized planes":
        scale = 1.0
    # of Stable Cascade, which divides by it
    scale /= config.get("scale_factor") or 1.0
    return (latents - _by_channel(mean, latents)) / _by_channel(deviation, latents) * scale


def _by_channel(values: Any, latents: torch.Tensor) -> torch.Tensor:
    """A number, or one for each channel, to compute with [N, C, H, W]."""
    return latents.new_tensor(values).reshape(-1, 1, 1)


def _from_patches(tokens: torch.Tensor, pipeline: Any, aspect: float) -> torch.Tensor | None:
    if tokens.ndim != 2 or tokens.shape[1] % PATCH**2:
        return None
    if layout_of(pipeline) == "normalized patches":
        norm = pipeline.vae.bn
        deviation = (norm.running_var + pipeline.vae.config.batch_norm_eps).sqrt()
        tokens = tokens * deviation.to(tokens) + norm.running_mean.to(tokens)
    return _from_tokens(tokens, PATCH, aspect)


def _from_tokens(tokens: torch.Tensor, side: int, aspect: float) -> torch.Tensor | None:
    """Tokens that hold patches of `side` x `side` latents, as planes."""
    if tokens.ndim != 2:
        return None
    rows, columns = _grid(len(tokens), aspect)
    patches = tokens.reshape(rows, columns, -1, side, side)
    return patches.permute(2, 0, 3, 1, 4).reshape(-1, rows * side, columns * side)


def _grid(tokens: int, aspect: float) -> tuple[int, int]:
    """The rows and columns of so many tokens whose shape comes closest to the picture's."""
    heights = [rows for rows in range(1, tokens + 1) if tokens % rows == 0]
    rows = min(heights, key=lambda rows: abs(math.log(tokens / rows / rows / aspect)))
    return rows, tokens // rows
