"""The fourth stage: the denoiser, on the pool of latents, with fresh captions at each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from diffusers import DDPMScheduler
from torch.optim.swa_utils import AveragedModel

from ..captions import training_caption
from . import architecture
from .export import save_checkpoint_of
from .loop import learn

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    from ..world import Scene
    from .latent_pool import LatentPool
    from .training_run import TrainingRun

TIMESTEPS = 1000
DROPPED_CAPTIONS = 0.1  # share of captions that are left empty, for guidance

# how much more than the background a figure's latents count, without noise
FIGURE_WEIGHT = 4.0

# how many times stronger a signal is made at most, at full noise
OVERDRIVE = 5.0


def train_denoiser(
    run: TrainingRun,
    model: UNet2DConditionModel,
    text: CLIPTextModel,
    pool: LatentPool,
    samples: int,
    *,
    scale: float,
    batch: int = 64,
    checkpoints: int = 0,
) -> UNet2DConditionModel:
    """v-prediction (Salimans & Ho 2022) on the pool; returns the moving average of the weights.

    text: stays as it is. scale: what the latents are multiplied by. checkpoints: how many of the
    moving average are left along the way, at equal distances, the last at the end.

    Two things are not textbook: figures weigh more than the background once they show through the
    noise, because a small one covers a twentieth of the latents; and half of the samples come with
    too strong a signal (see `overdriven`).
    """
    figures = figure_masks(pool.latents)
    latents = pool.latents * scale
    scheduler = DDPMScheduler.from_config(architecture.scheduler().config)
    signal = scheduler.alphas_cumprod.to(run.device)
    model.to(run.device, memory_format=torch.channels_last)
    text.to(run.device).eval()
    ema = AveragedModel(model, avg_fn=_moving_average)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        picks = rng.integers(len(pool.scenes), size=batch)
        captions = [_caption(pool.scenes[pick], rng) for pick in picks]
        t = torch.from_numpy(rng.integers(TIMESTEPS, size=batch)).to(run.device)
        x = latents[picks].to(run.device, memory_format=torch.channels_last)
        with torch.no_grad():
            context = text(run.tokens(captions)).last_hidden_state
        noise = Noise(t, signal[t])
        return denoising_loss(model, x, context, noise, figures[picks].to(run.device), rng)

    def reached(step: int) -> None:
        save_checkpoint_of(run, ema.module, step)

    marks = _equal_distances(-(-samples // batch), checkpoints)
    learn(
        run,
        "unet",
        model,
        loss_of,
        rate=6e-4,
        batch=batch,
        samples=samples,
        ema=ema,
        marks=marks,
        reached=reached,
    )
    return cast("UNet2DConditionModel", ema.module)


def _equal_distances(steps: int, count: int) -> set[int]:
    """The steps at which `count` checkpoints are left; fewer for very few steps."""
    return {round(steps * number / count) for number in range(1, count + 1)} - {0}


def forget_words(model: UNet2DConditionModel) -> None:
    """Let the layers begin anew through which a denoiser reads its caption."""
    fresh = architecture.unet().state_dict()
    weights = {name: value for name, value in fresh.items() if ".attn2." in name}
    model.load_state_dict(weights, strict=False)


@dataclass(frozen=True)
class Noise:
    """How noisy each picture of a batch is: its timestep and the variance of its signal, both [B]."""

    t: torch.Tensor
    signal: torch.Tensor


def denoising_loss(
    model: torch.nn.Module,
    x: torch.Tensor,
    context: torch.Tensor,
    noise: Noise,
    figures: torch.Tensor,
    rng: np.random.Generator,
) -> torch.Tensor:
    """The weighted error of the v that a denoiser predicts for noisy latents.

    x: clean latents [B, 4, H, W]. context: encoded captions [B, 77, D]. figures: [B, 1, H, W],
    1 where the figure is.
    """
    alpha = _per_picture(noise.signal)
    sigma = _per_picture(1 - noise.signal)
    noisy = alpha * overdriven(x, sigma, rng) + sigma * torch.randn_like(x)
    # the v that leads from here back to x
    target = (alpha * noisy - x) / sigma
    error = (model(noisy, noise.t, context).sample.float() - target) ** 2
    weight = 1 + FIGURE_WEIGHT * alpha * figures
    return (error * weight).mean()


def _caption(scene: Scene, rng: np.random.Generator) -> str:
    return "" if rng.random() < DROPPED_CAPTIONS else training_caption(scene, rng)


def _per_picture(variances: torch.Tensor) -> torch.Tensor:
    """Standard deviations [B, 1, 1, 1] of variances [B]."""
    return variances.sqrt()[:, None, None, None]


def figure_masks(latents: torch.Tensor) -> torch.Tensor:
    """Where latents [N, 4, H, W] differ from their background, as [N, 1, H, W] of 0 and 1.

    The background covers most of each picture.
    """
    ground = latents.flatten(2).median(dim=2).values[..., None, None]
    return ((latents - ground).norm(dim=1, keepdim=True) > latents.std()).float()


def overdriven(x: torch.Tensor, sigma: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Half of the clean latents `x` [B, 4, H, W], by up to 1 + OVERDRIVE times stronger.

    sigma: the noise [B, 1, 1, 1] in 0..1; the more there is, the stronger the signal becomes.
    Guidance of 7.5 drives a sampler there: from words alone the model knows the picture almost
    exactly, so the difference that is multiplied is large. Seen in training, such states lead back
    to the picture.
    """
    extra = np.where(rng.random(len(x)) < 0.5, 0, OVERDRIVE * rng.random(len(x)) ** 2)
    return x * (1 + torch.from_numpy(extra).to(x)[:, None, None, None] * sigma**2)


def _moving_average(
    average: torch.Tensor, current: torch.Tensor, updates: torch.Tensor | int
) -> torch.Tensor:
    """An exponential moving average: close at first, over some 1,000 steps later."""
    decay = min(0.999, (1 + float(updates)) / (10 + float(updates)))
    return average * decay + current * (1 - decay)


def last_average(run: TrainingRun) -> tuple[UNet2DConditionModel, int]:
    """The averaged denoiser of the last checkpoint, finished or not, and its number of samples."""
    model = architecture.unet()
    state = torch.load(run.work / "unet.pt", map_location="cpu", weights_only=True)
    weights = {}
    for name, value in state["ema"].items():
        if name.startswith("module."):
            weights[name.removeprefix("module.")] = value
    model.load_state_dict(weights)
    return model, state["done"]
