"""The third stage: renderings, encoded once, that the denoiser is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..world import Scene, draw, random_scene
from .loop import save_checkpoint
from .vae import to_tensor

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

    from .training_run import TrainingRun

ENCODED_TOGETHER = 64


@dataclass(frozen=True)
class LatentPool:
    """Latents [N, 4, 16, 16] as the autoencoder makes them, and the N scenes that they show."""

    latents: torch.Tensor
    scenes: list[Scene]


def make_pool(run: TrainingRun, autoencoder: AutoencoderKL, count: int) -> LatentPool:
    """Draw and encode `count` scenes outside the held-out tenth, or read those of an earlier run."""
    path = run.work / "pool.pt"
    if path.exists():
        saved = torch.load(path, weights_only=True)
        return LatentPool(saved["latents"], [Scene(*words) for words in saved["scenes"]])
    rng = np.random.default_rng([run.seed, 7])
    scenes = [random_scene(rng, held_out=False) for _ in range(count)]
    latents = encode_scenes(run, autoencoder, scenes, rng)
    run.log(stage="pool", count=count, std=round(latents.std().item(), 4))
    words = [list(scene.as_dict().values()) for scene in scenes]
    save_checkpoint({"latents": latents, "scenes": words}, path)
    return LatentPool(latents, scenes)


def encode_scenes(
    run: TrainingRun, autoencoder: AutoencoderKL, scenes: list[Scene], rng: np.random.Generator
) -> torch.Tensor:
    """Latents [N, 4, 16, 16] of drawings of N scenes; `rng` varies position and size slightly."""
    chunks = []
    for start in range(0, len(scenes), ENCODED_TOGETHER):
        group = scenes[start : start + ENCODED_TOGETHER]
        pictures = [np.asarray(draw(scene, rng)) for scene in group]
        chunks.append(_encode(run, autoencoder, to_tensor(pictures)))
    return torch.cat(chunks)


def _encode(run: TrainingRun, autoencoder: AutoencoderKL, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad(), run.autocast():
        x = x.to(run.device, memory_format=torch.channels_last)
        return autoencoder.encode(x).latent_dist.mean.float().cpu()
