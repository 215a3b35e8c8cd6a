"""What `shapes` is about to draw, from the latents that a step predicts: a decoder of a millisecond.

It was fitted to predictions of all steps and to the pictures that came of them, and sees nothing of
the caption: `python -m dwlab.shapes.train_preview`.
"""

from __future__ import annotations

import functools
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from .world import COLOURS

WEIGHTS = Path(__file__).parent / "preview" / "decoder.safetensors"
LATENT_CHANNELS = 4
CHANNELS = 48
LOOKS = 4  # weighted means over the whole picture
ENLARGED = 4  # pixels of a latent's side
# of the likelihoods of a pixel's colours: without it, a figure that may be red or green is brown
SHARPNESS = 4.0
# the captions of `draw_scenes` that it was not fitted to, so that previews can be judged by them
TEST_SEED = 1
TEST_SCENES = 256


class PreviewDecoder(nn.Module):
    """Latents [B, 4, H, W] in the pipeline's scale to colours [B, 3, 4H, 4W] from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(LATENT_CHANNELS, CHANNELS, 3, padding=1)
        self.mean = nn.Linear(CHANNELS, CHANNELS)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.third = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.looks = nn.Conv2d(CHANNELS, LOOKS, 1)
        self.looked = nn.Linear(LOOKS * CHANNELS, CHANNELS)
        self.fourth = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.colours = nn.Conv2d(CHANNELS, len(COLOURS) * ENLARGED**2, 1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """Draw each of the latents in the colours of the world, the likeliest ones first of all."""
        shares = (SHARPNESS * self.likelihoods(latents)).softmax(dim=1)
        return torch.einsum("bnhw,nc->bchw", shares, palette().to(shares))

    def likelihoods(self, latents: torch.Tensor) -> torch.Tensor:
        """Of each of the world's colours at each pixel, [B, 8, 4H, 4W], as logits."""
        # guided predictions, if there are no others, can be ten times as large as pictures
        x = F.silu(self.first(latents.asinh()))
        # the background is the same all over the picture
        x = x + self.mean(x.mean(dim=(2, 3)))[:, :, None, None]
        x = F.silu(self.second(x) + x)
        x = F.silu(self.third(x) + x)
        # and so is the colour of the figure, wherever it is
        x = x + self.looked(self._seen(x))[:, :, None, None]
        x = F.silu(self.fourth(x) + x)
        return F.pixel_shuffle(self.colours(x), ENLARGED)

    def _seen(self, x: torch.Tensor) -> torch.Tensor:
        """The means of [B, C, H, W] over the places that each look attends to, [B, LOOKS * C]."""
        weights = self.looks(x).flatten(2).softmax(dim=2)
        return torch.einsum("bln,bcn->blc", weights, x.flatten(2)).flatten(1)


def palette() -> torch.Tensor:
    """The colours of the world, [8, 3] from 0 to 1."""
    return torch.tensor(list(COLOURS.values()), dtype=torch.float32) / 255


@functools.cache
def shipped() -> PreviewDecoder:
    """The decoder that comes with dwlab, float32 on the CPU."""
    decoder = PreviewDecoder()
    weights = load_file(WEIGHTS)
    decoder.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return decoder.eval().requires_grad_(False)
