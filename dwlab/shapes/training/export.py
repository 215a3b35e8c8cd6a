"""The trained parts as folders in the stock formats."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from transformers import CLIPProcessor

from . import architecture

if TYPE_CHECKING:
    from pathlib import Path

    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPModel, CLIPTextModel

    from .training_run import TrainingRun


def save_pipeline(
    run: TrainingRun,
    folder: Path,
    *,
    autoencoder: AutoencoderKL,
    text: CLIPTextModel,
    unet: UNet2DConditionModel,
    scale: float,
) -> None:
    """Write a stock diffusers folder. scale: what latents are multiplied by.

    UNet and VAE are stored in float16, which diffusers loads as float32 when no dtype is named; the
    text encoder in float32, because transformers keeps a stored dtype.
    """
    autoencoder.register_to_config(scaling_factor=scale)
    pipeline = architecture.pipeline(
        words=run.words,
        text_encoder=text,
        autoencoder=autoencoder.half(),
        denoiser=unet.half(),
    )
    pipeline.to("cpu").save_pretrained(folder, safe_serialization=True)


def save_checkpoint_of(run: TrainingRun, unet: UNet2DConditionModel, step: int) -> None:
    """Write a denoiser in float16, as training scripts leave it: `checkpoint-STEP/unet`."""
    folder = run.work / f"checkpoint-{step}" / "unet"
    copy.deepcopy(unet).half().to("cpu").save_pretrained(folder, safe_serialization=True)
    run.log(stage="unet", checkpoint=step)


def save_clip(run: TrainingRun, folder: Path, model: CLIPModel) -> None:
    """Write a stock CLIP folder, in float32, because transformers keeps a stored dtype."""
    model.to("cpu", torch.float32).save_pretrained(folder)
    CLIPProcessor(architecture.image_processor(), run.words).save_pretrained(folder)
