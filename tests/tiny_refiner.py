"""A tiny SDXL refiner with random weights: it takes a picture, has one text encoder and is told a score."""

from __future__ import annotations

import diffusers
import tiny
import torch
from tiny_families import lively
from transformers import CLIPTextModelWithProjection


def pipeline():
    base = tiny.sdxl()
    torch.manual_seed(5)
    config = {name: value for name, value in base.unet.config.items() if name[0] != "_"}
    config |= {
        "cross_attention_dim": 32,
        # five numbers of sizes and score, each in eight, beside the text
        "projection_class_embeddings_input_dim": 5 * 8 + 32,
    }
    return diffusers.StableDiffusionXLImg2ImgPipeline(
        vae=lively(tiny.vae()),
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=tiny.text_encoder(CLIPTextModelWithProjection, 5),
        tokenizer_2=tiny.clip_tokenizer(),
        unet=lively(diffusers.UNet2DConditionModel(**config)),
        scheduler=base.scheduler,
        requires_aesthetics_score=True,
        force_zeros_for_empty_prompt=False,
        add_watermarker=False,
    )
