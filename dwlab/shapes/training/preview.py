"""The training of the decoder for previews: what steps predict against the pictures that come of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import diffusers
import numpy as np
import torch
import torch.nn.functional as F

from ...models.watched_steps import watched
from ...spec.schedulers import resolve
from ..captions import full_caption
from ..evaluate import draw_scenes
from ..preview_decoder import ENLARGED, TEST_SCENES, TEST_SEED, PreviewDecoder, palette
from ..world import random_scene
from .architecture import LATENT_SIDE
from .loop import learn, save_checkpoint
from .training_run import PREVIEW

if TYPE_CHECKING:
    from pathlib import Path

    from diffusers import StableDiffusionPipeline

    from ..world import Scene
    from .training_run import TrainingRun

SCHEDULERS = ("DDIM", "Euler a", "DPM++ 2M Karras", "Heun", "UniPC", "DDPM", "DPM++ 2M", "LCM")
STEPS = (8, 12, 16, 20)
GUIDANCES = (1.0, 3.0, 5.0, 7.5, 7.5, 7.5, 7.5, 12.0)
DRAWN_TOGETHER = 16
BATCH = 64
# from a pixel to its colour of the world; pixels of an edge are further from all
LARGEST_DISTANCE = 0.3
LEAST_AREA = 16  # pixels; what has less of a colour is an edge too


@dataclass(frozen=True)
class PredictionPool:
    """What steps predicted, float16 [N, 4, 16, 16], and the pictures that came of it.

    pictures: bytes [M, 3, 64, 64]. picture_of: for each of the N, which of the M.
    """

    predicted: torch.Tensor
    pictures: torch.Tensor
    picture_of: torch.Tensor


def make_pool(run: TrainingRun, pipeline: StableDiffusionPipeline, pictures: int) -> PredictionPool:
    """Draw scenes under many settings, or read what an earlier run drew.

    Settings are the same within a batch, and drawn anew for the next. Predictions of scenes that
    previews are judged by are left out.
    """
    test = frozenset(draw_scenes(TEST_SCENES, TEST_SEED))
    folder = run.work / "predictions"
    folder.mkdir(exist_ok=True)
    predicted: list[torch.Tensor] = []
    drawn: list[torch.Tensor] = []
    picture_of: list[torch.Tensor] = []
    for start in range(0, pictures, DRAWN_TOGETHER):
        settings = batch_settings(run.seed, start)
        batch = draw_batch(run, pipeline, settings, folder / f"{start:06}.pt")
        drawn.append(batch["pictures"])
        steps = len(batch["predicted"]) // DRAWN_TOGETHER
        is_taught = torch.tensor([scene not in test for scene in settings.scenes]).repeat(steps)
        predicted.append(batch["predicted"][is_taught])
        pictures_of = torch.arange(start, start + DRAWN_TOGETHER).repeat(steps)
        picture_of.append(pictures_of[is_taught])
    return PredictionPool(torch.cat(predicted), torch.cat(drawn), torch.cat(picture_of))


@dataclass(frozen=True)
class BatchSettings:
    """How the pictures of a batch are drawn. noise: the seed of their generator."""

    scheduler: str
    scenes: tuple[Scene, ...]
    steps: int
    guidance: float
    noise: int


def batch_settings(seed: int, start: int) -> BatchSettings:
    """Those of the batch that begins with the picture `start`, by the seed of the training."""
    rng = np.random.default_rng([seed, 11, start])
    return BatchSettings(
        scheduler=str(rng.choice(SCHEDULERS)),
        scenes=tuple(random_scene(rng) for _ in range(DRAWN_TOGETHER)),
        steps=int(rng.choice(STEPS)),
        guidance=float(rng.choice(GUIDANCES)),
        noise=int(rng.integers(2**31)),
    )


def draw_batch(
    run: TrainingRun, pipeline: StableDiffusionPipeline, settings: BatchSettings, path: Path
) -> dict[str, torch.Tensor]:
    """The predictions of one batch after the other step, and the pictures; kept in a file."""
    if path.exists():
        return torch.load(path, weights_only=True)
    steps, finished = _draw(run, pipeline, settings)
    batch = {"predicted": torch.cat(steps), "pictures": finished}
    save_checkpoint(batch, path)
    run.log(stage="predictions", file=path.name)
    return batch


def _draw(
    run: TrainingRun, pipeline: StableDiffusionPipeline, settings: BatchSettings
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """What each step of a batch predicts, and the finished pictures, small."""
    shipped = pipeline.scheduler
    scheduler_class, options = resolve(settings.scheduler)
    pipeline.scheduler = getattr(diffusers, scheduler_class).from_config(shipped.config, **options)
    predicted: list[torch.Tensor] = []
    with watched(pipeline.scheduler) as last, run.autocast():
        hook = pipeline.unet.register_forward_hook(last.hear)

        def keep(
            _pipeline: object, _step: int, _time: object, tensors: dict[str, Any]
        ) -> dict[str, Any]:
            clean = last.prediction.clean() if last.prediction else None
            if clean is not None:
                predicted.append(clean.half().cpu())
            return tensors

        pictures = pipeline(
            [full_caption(scene) for scene in settings.scenes],
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            generator=torch.Generator().manual_seed(settings.noise),
            callback_on_step_end=keep,
            output_type="pt",
        ).images
    hook.remove()
    pipeline.scheduler = shipped
    small = F.interpolate(pictures.float().cpu(), (LATENT_SIDE * ENLARGED,) * 2, mode="area")
    return predicted, (255 * small).round().byte()


def train_decoder(run: TrainingRun, pool: PredictionPool, samples: int) -> PreviewDecoder:
    """Fit a decoder to name the colour of each pixel."""
    model = PreviewDecoder().to(run.device)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        picks = torch.from_numpy(rng.integers(len(pool.predicted), size=BATCH))
        predicted = pool.predicted[picks].float().to(run.device)
        pictures = pool.pictures[pool.picture_of[picks]].float().to(run.device) / 255
        return naming_loss(model.likelihoods(predicted).float(), pictures)

    learn(run, PREVIEW, model, loss_of, rate=3e-3, batch=BATCH, samples=samples)
    return model


def naming_loss(likelihoods: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """How unlikely the true colours are, plus how far the expected ones are from the pictures.

    likelihoods: logits [B, 8, H, W]. pictures: [B, 3, H, W] from 0 to 1. A colour of a picture
    counts by the root of its area, because most figures are small.
    """
    colours = palette().to(pictures)
    distances = torch.cdist(pictures.flatten(2).transpose(1, 2), colours)
    distance, name = distances.min(dim=2)
    is_named = distance <= LARGEST_DISTANCE
    areas = (F.one_hot(name, len(colours)) * is_named[:, :, None]).sum(dim=1).gather(1, name)
    weights = areas.clamp(min=1).rsqrt() * (is_named & (areas >= LEAST_AREA))
    unlikelihoods = F.cross_entropy(likelihoods.flatten(2), name, reduction="none")
    expected = torch.einsum("bnhw,nc->bchw", likelihoods.softmax(dim=1), colours)
    return (unlikelihoods * weights).sum() / weights.sum() + F.l1_loss(expected, pictures)
