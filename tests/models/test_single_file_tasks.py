"""Drawing with models in one file of other kinds: inpainting, FLUX.1 Fill and Depth, Stable Diffusion 2; as stock `from_single_file` does."""

from __future__ import annotations

import diffusers
import numpy as np
import original_layouts
import pytest
import single_files
import tiny
import tiny_families
import torch
from start_pictures import half_mask, noise_picture

from dwlab import generate

SIDE = {"width": 32, "height": 32}
BESIDE_FLUX = ("vae", "text_encoder", "text_encoder_2")
IMAGE = noise_picture(4, (32, 32))
MASK = half_mask(0, (32, 32))


def flux(folder, name, channels, cls):
    """Diffusers converts the original names of FLUX.1 at its full width only."""
    pipeline = tiny_families.flux_with(channels, cls)
    lent = {part: getattr(pipeline, part) for part in BESIDE_FLUX}
    tensors = pipeline.transformer.state_dict()
    return single_files.write(folder, name, pipeline, tensors, lent=BESIDE_FLUX, stock=lent)


def inpainting(folder):
    parts = tiny.sd().components
    parts["unet"] = with_channels(parts["unet"], 9)
    pipeline = diffusers.StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
    tensors = original_layouts.stable_diffusion(pipeline)
    return single_files.write(folder, "sd15-inpainting", pipeline, tensors)


def xl_inpainting(folder):
    parts = single_files.sdxl().components
    parts["unet"] = with_channels(parts["unet"], 9)
    pipeline = diffusers.StableDiffusionXLInpaintPipeline(**parts, add_watermarker=False)
    tensors = original_layouts.stable_diffusion_xl(pipeline)
    return single_files.write(folder, "sdxl-inpainting", pipeline, tensors)


def with_channels(unet, channels):
    config = {name: value for name, value in unet.config.items() if not name.startswith("_")}
    torch.manual_seed(0)
    return diffusers.UNet2DConditionModel(
        **config | {"in_channels": channels, "out_channels": 4}
    ).eval()


def sd2(folder, name, prediction):
    parts = tiny.sd().components
    parts["scheduler"] = diffusers.DDIMScheduler(
        steps_offset=1, clip_sample=False, prediction_type=prediction
    )
    pipeline = diffusers.StableDiffusionPipeline(**parts, requires_safety_checker=False)
    return single_files.write(folder, name, pipeline, original_layouts.stable_diffusion_2(pipeline))


BUILD = {
    "sd15-inpainting": inpainting,
    "sdxl-inpainting": xl_inpainting,
    "flux-fill": lambda folder: flux(folder, "flux-fill", 24, diffusers.FluxFillPipeline),
    "flux-depth": lambda folder: flux(folder, "flux-depth", 8, diffusers.FluxControlPipeline),
    "sd2": lambda folder: sd2(folder, "sd2", "v_prediction"),
    "sd2-base": lambda folder: sd2(folder, "sd2-base", "epsilon"),
}
# what a recipe has beside the prompt, and what the stock call of it has
RECIPES = {
    "sd15-inpainting": ({"image": IMAGE, "mask": MASK}, {"image": IMAGE, "mask_image": MASK}),
    "sdxl-inpainting": ({"image": IMAGE, "mask": MASK}, {"image": IMAGE, "mask_image": MASK}),
    "flux-fill": ({"image": IMAGE, "mask": MASK}, {"image": IMAGE, "mask_image": MASK}),
    "flux-depth": ({"image": IMAGE}, {"control_image": IMAGE}),
    "sd2": ({}, {}),
    "sd2-base": ({}, {}),
}


def stock(file, **call):
    pipeline = file.pipeline.from_single_file(
        str(file.file), config=str(file.configs), local_files_only=True, **file.options
    )
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(3)
    return pipeline(
        "a cat", generator=generator, num_inference_steps=3, guidance_scale=5.0, **SIDE, **call
    ).images[0]


@pytest.mark.parametrize("kind", BUILD)
def test_pictures_are_those_of_stock_from_single_file(kind, tmp_path):
    file = BUILD[kind](tmp_path)
    recipe, call = RECIPES[kind]
    picture = generate(
        "a cat", model=str(file.file), config=str(file.configs), seed=3, steps=3, guidance=5.0,
        **SIDE, **recipe,
    )  # fmt: skip
    expected = stock(file, **call)
    distance = np.abs(np.asarray(picture.image, int) - np.asarray(expected, int)).max()
    assert distance <= 1
    assert np.asarray(expected).std() > 5
