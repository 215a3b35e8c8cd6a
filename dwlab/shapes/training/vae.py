"""The first stage: an autoencoder, on crops of renderings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from ..world import draw, random_scene
from . import architecture
from .loop import learn

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

    from .training_run import TrainingRun

LATENT_PIXELS = 8  # a latent stands for a square of this side


def train_vae(run: TrainingRun, samples: int, *, batch: int = 32, crop: int = 64) -> AutoencoderKL:
    """Train an autoencoder on crops that hold an edge, because edges are what is hard to learn."""
    model = architecture.vae().to(run.device, memory_format=torch.channels_last)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        pictures = [np.asarray(draw(random_scene(rng), rng)) for _ in range(batch)]
        crops = to_tensor([edge_crop(picture, crop, rng) for picture in pictures])
        return _loss(model, crops.to(run.device, memory_format=torch.channels_last))

    learn(run, "vae", model, loss_of, rate=1.5e-3, batch=batch, samples=samples)
    return model


def _loss(model: AutoencoderKL, x: torch.Tensor) -> torch.Tensor:
    """Plain error, error of the finite differences (sharp edges), and a light pull to N(0, 1)."""
    posterior = model.encode(x).latent_dist
    mean = posterior.mean.float()
    logvar = posterior.logvar.float()
    z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
    y = model.decode(z).sample.float()
    rows = (y.diff(dim=2) - x.diff(dim=2)).abs().mean()
    columns = (y.diff(dim=3) - x.diff(dim=3)).abs().mean()
    kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
    return F.l1_loss(y, x) + 2 * F.mse_loss(y, x) + 0.5 * (rows + columns) + 1e-4 * kl


def edge_crop(picture: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A crop of `side` pixels, on the grid of latents, that holds a piece of the figure's edge."""
    rows, columns = np.nonzero((picture != picture[0, 0]).any(axis=2))
    pick = rng.integers(len(rows))
    top = _crop_start(rows[pick], side, len(picture), rng)
    left = _crop_start(columns[pick], side, len(picture), rng)
    return picture[top : top + side, left : left + side]


def _crop_start(at: int, side: int, length: int, rng: np.random.Generator) -> int:
    """Where a crop of `side` pixels that holds the pixel `at` begins."""
    start = int(np.clip(at - rng.integers(side), 0, length - side))
    return start // LATENT_PIXELS * LATENT_PIXELS


def to_tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    """Pictures [H, W, 3] of bytes as one tensor [B, 3, H, W] in -1..1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
