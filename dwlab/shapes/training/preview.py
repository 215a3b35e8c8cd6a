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
from ..preview_decoder import ENLARGED, PreviewDecoder
from ..world import random_scene
from .architecture import LATENT_SIDE
from .loop import learn, save_checkpoint
from .training_run import PREVIEW

if TYPE_CHECKING:
    from pathlib import Path

    from diffusers import StableDiffusionPipeline

    from .training_run import TrainingRun

SCHEDULERS = ("DDIM", "Euler a", "DPM++ 2M Karras", "Heun", "UniPC", "DDPM", "DPM++ 2M", "LCM")
STEPS = (8, 12, 16, 20)
GUIDANCES = (1.0, 3.0, 5.0, 7.5, 7.5, 7.5, 7.5, 12.0)
DRAWN_TOGETHER = 16
BATCH = 64


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

    Settings are the same within a batch, and drawn anew for the next.
    """
    folder = run.work / "predictions"
    folder.mkdir(exist_ok=True)
    predicted: list[torch.Tensor] = []
    drawn: list[torch.Tensor] = []
    picture_of: list[torch.Tensor] = []
    for start in range(0, pictures, DRAWN_TOGETHER):
        batch = draw_batch(run, pipeline, start, folder / f"{start:06}.pt")
        drawn.append(batch["pictures"])
        predicted.append(batch["predicted"])
        steps = len(batch["predicted"]) // DRAWN_TOGETHER
        picture_of.append(torch.arange(start, start + DRAWN_TOGETHER).repeat(steps))
    return PredictionPool(torch.cat(predicted), torch.cat(drawn), torch.cat(picture_of))


def draw_batch(
    run: TrainingRun, pipeline: StableDiffusionPipeline, start: int, path: Path
) -> dict[str, torch.Tensor]:
    """The predictions of one batch after the other step, and the pictures; kept in a file."""
    if path.exists():
        return torch.load(path, weights_only=True)
    rng = np.random.default_rng([run.seed, 11, start])
    steps, finished = _draw(run, pipeline, rng)
    batch = {"predicted": torch.cat(steps), "pictures": finished}
    save_checkpoint(batch, path)
    run.log(stage="predictions", pictures=start + DRAWN_TOGETHER)
    return batch


def _draw(
    run: TrainingRun, pipeline: StableDiffusionPipeline, rng: np.random.Generator
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """What each step of a batch predicts, and the finished pictures, small."""
    shipped = pipeline.scheduler
    scheduler_class, options = resolve(str(rng.choice(SCHEDULERS)))
    pipeline.scheduler = getattr(diffusers, scheduler_class).from_config(shipped.config, **options)
    scenes = [random_scene(rng) for _ in range(DRAWN_TOGETHER)]
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
            [full_caption(scene) for scene in scenes],
            num_inference_steps=int(rng.choice(STEPS)),
            guidance_scale=float(rng.choice(GUIDANCES)),
            generator=torch.Generator().manual_seed(int(rng.integers(2**31))),
            callback_on_step_end=keep,
            output_type="pt",
        ).images
    hook.remove()
    pipeline.scheduler = shipped
    small = F.interpolate(pictures.float().cpu(), (LATENT_SIDE * ENLARGED,) * 2, mode="area")
    return predicted, (255 * small).round().byte()


def train_decoder(run: TrainingRun, pool: PredictionPool, samples: int) -> PreviewDecoder:
    """Fit a decoder by the mean absolute error, whose best answer to a doubt is one clear colour."""
    model = PreviewDecoder().to(run.device)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        picks = torch.from_numpy(rng.integers(len(pool.predicted), size=BATCH))
        predicted = pool.predicted[picks].float().to(run.device)
        pictures = pool.pictures[pool.picture_of[picks]].float().to(run.device) / 255
        return F.l1_loss(model(predicted), pictures)

    learn(run, PREVIEW, model, loss_of, rate=3e-3, batch=BATCH, samples=samples)
    return model
