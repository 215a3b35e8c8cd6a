"""What `shapes` is about to draw, from the latents that a step predicts: a decoder of a millisecond.

It was fitted to predictions of all steps and to the pictures that came of them:
`python -m dwlab.shapes.train_preview`.
"""

from __future__ import annotations

import functools
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

WEIGHTS = Path(__file__).parent / "preview" / "decoder.safetensors"
LATENT_CHANNELS = 4
CHANNELS = 64
ENLARGED = 4  # pixels of a latent's side


class PreviewDecoder(nn.Module):
    """Latents [B, 4, H, W] in the pipeline's scale to colours [B, 3, 4H, 4W] from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(LATENT_CHANNELS, CHANNELS, 3, padding=1)
        self.whole = nn.Linear(CHANNELS, CHANNELS)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.third = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.colours = nn.Conv2d(CHANNELS, 3 * ENLARGED**2, 3, padding=1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """Draw each of the latents."""
        # guided predictions, if there are no others, can be ten times as large as pictures
        x = F.silu(self.first(latents.asinh()))
        # the background is the same all over the picture
        x = x + self.whole(x.mean(dim=(2, 3)))[:, :, None, None]
        x = F.silu(self.second(x))
        x = F.silu(self.third(x) + x)
        return torch.sigmoid(F.pixel_shuffle(self.colours(x), ENLARGED))


@functools.cache
def shipped() -> PreviewDecoder:
    """The decoder that comes with dwlab, float32 on the CPU."""
    decoder = PreviewDecoder()
    weights = load_file(WEIGHTS)
    decoder.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return decoder.eval().requires_grad_(False)
