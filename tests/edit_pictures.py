"""Tiny models that need a picture by their class, and what plain stock calls make of it."""

from __future__ import annotations

import functools

import diffusers
import tiny
import tiny_families
import torch
from side_by_side import Drawn, fresh
from start_pictures import half_mask, noise_picture

from dwlab.models import loading
from dwlab.spec.params import GenerationParams

SHORT = {"max_sequence_length": 32}
CALLS = {
    "kontext": {**SHORT, "_auto_resize": False},
    "kontext_inpainting": {**SHORT, "_auto_resize": False},
    "fill": SHORT,
    "control": SHORT,
    "pix2pix": {"image_guidance_scale": 2.0},
}
ARGUMENTS = {"control": "control_image"}


def pix2pix():
    parts = tiny.sd().components
    config = {k: v for k, v in parts["unet"].config.items() if not k.startswith("_")}
    torch.manual_seed(0)
    parts["unet"] = diffusers.UNet2DConditionModel(**config | {"in_channels": 8}).eval()
    return diffusers.StableDiffusionInstructPix2PixPipeline(**parts, requires_safety_checker=False)


BUILD = {
    "kontext": lambda: tiny_families.flux_with(4, diffusers.FluxKontextPipeline),
    "kontext_inpainting": lambda: tiny_families.flux_with(4, diffusers.FluxKontextPipeline),
    # latents, the masked picture's latents, and 4 x 4 pixels of the mask
    "fill": lambda: tiny_families.flux_with(4 + 4 + 16, diffusers.FluxFillPipeline),
    "control": lambda: tiny_families.flux_with(8, diffusers.FluxControlPipeline),
    "pix2pix": pix2pix,
}
WITH_A_MASK = ("fill", "kontext_inpainting")
KONTEXT = ("kontext", "kontext_inpainting")
MIXED = (
    ("a red circle", 0, 2, 2.0), ("a red circle", 7, 3, 4.0), ("a blue square", 0, 3, 4.0), ("a blue square", 3, 2, 7.0),
)  # fmt: skip


class EditModel(Drawn):
    def __init__(self, name, folder):
        BUILD[name]().save_pretrained(folder)
        self.name, self.model = name, loading.load(str(folder), "cpu")
        self.cells = [
            GenerationParams(
                prompt, seed=seed, steps=steps, guidance=guidance, image=noise_picture(seed),
                mask=half_mask(seed % 2) if name in WITH_A_MASK else None,
                model=str(folder), width=16, height=16, call=CALLS[name],
            )
            for prompt, seed, steps, guidance in MIXED
        ]  # fmt: skip

    def stock(self, params):
        pipeline = fresh(self.model.pipeline)
        if self.name == "kontext_inpainting":
            pipeline = diffusers.FluxKontextInpaintPipeline(**pipeline.components)
        given = {ARGUMENTS.get(self.name, "image"): params.image.picture, **params.call}
        if params.mask is not None:
            given["mask_image"] = params.mask.picture
        if self.name != "pix2pix":
            given |= {"width": params.width, "height": params.height}
        if self.name in KONTEXT:
            given["max_area"] = params.width * params.height  # else a megapixel
        return pipeline(
            prompt=params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance,
            generator=torch.Generator().manual_seed(params.seed), **given,
        ).images[0]  # fmt: skip

    @functools.cached_property
    def stock_pictures(self):
        return [self.stock(params) for params in self.cells]
