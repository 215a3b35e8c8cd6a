"""Tiny models that start from pictures, and what plain stock calls make of them."""

from __future__ import annotations

import functools
import inspect

import diffusers
import tiny
import tiny_families
import torch
from side_by_side import Drawn, fresh
from start_pictures import half_mask, noise_picture

from dwlab.models import loading
from dwlab.spec import tasks
from dwlab.spec.params import GenerationParams

SHORT = {"max_sequence_length": 32}
CALLS = {"sd3": SHORT, "sd3_sixteen": SHORT, "flux": SHORT}
AUTOMATIC = {
    tasks.IMAGE: diffusers.AutoPipelineForImage2Image,
    tasks.INPAINTING: diffusers.AutoPipelineForInpainting,
}
# prompt, seed, steps, guidance, strength, start picture
MIXED = (
    ("a red circle", 0, 4, 1.0, 0.5, 0), ("a red circle", 7, 3, 4.0, 0.7, 0), ("a small blue square", 0, 4, 4.0, 1.0, 1),
    ("a small blue square", 7, 4, 1.0, 0.5, 1), ("a small blue square", 1, 5, 4.0, 0.8, 0), ("a red circle", 2, 4, 7.0, 0.3, 1),
)  # fmt: skip


def with_nine_channels(pipeline):
    torch.manual_seed(0)
    config = {name: v for name, v in pipeline.unet.config.items() if not name.startswith("_")}
    unet = diffusers.UNet2DConditionModel(**config | {"in_channels": 9, "out_channels": 4}).eval()
    kind = tasks.pipeline_for(type(pipeline).__name__, tasks.INPAINTING)
    pipeline.register_modules(unet=unet)
    return getattr(diffusers, kind).from_pipe(pipeline)


def sd3_sixteen():
    """With as many channels as SD3 has: its inpainting refuses any other number."""
    pipeline = tiny.sd3()
    config = {k: v for k, v in pipeline.transformer.config.items() if not k.startswith("_")}
    torch.manual_seed(0)
    transformer = diffusers.SD3Transformer2DModel(
        **config | {"in_channels": 16, "out_channels": 16}
    ).eval()
    pipeline.register_modules(transformer=transformer, vae=tiny.vae(16, quant=False))
    return pipeline


def built(name):
    if name == "sd3_sixteen":
        return sd3_sixteen()
    if name.endswith("_nine"):
        return with_nine_channels(built(name.removesuffix("_nine")))
    return (getattr(tiny_families, name, None) or getattr(tiny, name))()


class TaskFamily(Drawn):
    """A tiny model, saved and loaded as any other, with cells that start from pictures."""

    def __init__(self, name, folder):
        built(name).save_pretrained(folder)
        self.name, self.model = name, loading.load(str(folder), "cpu")
        self.pictures = [noise_picture(seed) for seed in range(2)]
        self.masks = [half_mask(side) for side in range(2)]
        self._stock = {}

    def cells(self, task):
        return [
            GenerationParams(
                prompt, seed=seed, steps=steps, guidance=guidance, strength=strength,
                image=self.pictures[picture], mask=self.masks[seed % 2] if task == tasks.INPAINTING else None,
                model=self.model.identity.name, width=16, height=16, call=CALLS.get(self.name, {}),
            )
            for prompt, seed, steps, guidance, strength, picture in MIXED
        ]  # fmt: skip

    @functools.cache  # noqa: B019  # as long as the model
    def pipeline(self, task):
        """What a person makes of the model to start from a picture."""
        kind = tasks.pipeline_for(type(self.model.pipeline).__name__, task)
        if self.name == "chroma":  # which the automatic class does not know
            made = getattr(diffusers, kind).from_pipe(self.model.pipeline)
        else:
            made = AUTOMATIC[task].from_pipe(self.model.pipeline)
        made.set_progress_bar_config(disable=True)
        return made

    def stock(self, params, **more):
        pipeline = fresh(self.pipeline(tasks.task_of(params)))
        known = inspect.signature(type(pipeline).__call__).parameters
        given = {"width": params.width, "height": params.height} if "width" in known else {}
        if params.mask is not None:
            given["mask_image"] = params.mask.picture
        return pipeline(
            prompt=params.prompt, image=params.image.picture, strength=params.strength,
            num_inference_steps=params.steps, guidance_scale=params.guidance,
            generator=torch.Generator().manual_seed(params.seed), **given | params.call | more,
        ).images[0]  # fmt: skip

    def stock_pictures(self, task):
        if task not in self._stock:
            self._stock[task] = [self.stock(params) for params in self.cells(task)]
        return self._stock[task]
