"""Tiny models of Qwen-Image-Edit, and what plain stock calls make of pictures."""

from __future__ import annotations

import functools

import diffusers
import tiny_edit
import torch
from side_by_side import Drawn, fresh
from start_pictures import half_mask, noise_picture

from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.spec.params import GenerationParams

# prompt, negative prompt, seed, steps, guidance, start picture
MIXED = (("a red circle", "", 0, 1, 4.0, 0), ("a blue square", "blurry", 1, 2, 4.0, 0), ("a red circle", "", 2, 1, 4.0, 1))  # fmt: skip


class QwenEditModel(Drawn):
    def __init__(self, name, folder, inpaints=False):
        self.inpaints = inpaints
        pipeline = getattr(tiny_edit, name)()
        if tiny_edit.HAS_TORCHVISION:
            pipeline.save_pretrained(folder)
            self.model = loading.load(str(folder), "cpu")
        else:
            # its processor cannot be loaded, so that the pipeline stays as it was made
            tiny_edit.save_without_processor(pipeline, folder)
            self.model = loading.Model(identify(str(folder), "cpu"), pipeline)

    @functools.cached_property
    def cells(self):
        # with a mask, stock takes the size from the picture
        size = {} if self.inpaints else {"width": 32, "height": 16}
        base = {"model": self.model.identity.name, **size}
        return [
            GenerationParams(
                prompt, negative_prompt=negative, seed=seed, steps=steps, guidance=guidance,
                image=noise_picture(picture, (48, 16)),
                mask=half_mask(seed % 2, (48, 16)) if self.inpaints else None, **base,
            )
            for prompt, negative, seed, steps, guidance, picture in MIXED
        ]  # fmt: skip

    def stock(self, params):
        pictures = [params.image.picture]
        given = {"image": pictures if len(pictures) > 1 else pictures[0]}
        if params.negative_prompt:
            given["negative_prompt"] = params.negative_prompt
        pipeline = fresh(self.model.pipeline)
        if self.inpaints:
            pipeline = diffusers.QwenImageEditInpaintPipeline(**pipeline.components)
            given["mask_image"] = params.mask.picture
        else:
            given |= {"width": params.width, "height": params.height}
        return pipeline(
            prompt=params.prompt, num_inference_steps=params.steps, true_cfg_scale=params.guidance,
            generator=torch.Generator().manual_seed(params.seed), **given,
        ).images[0]  # fmt: skip

    @functools.cached_property
    def stock_pictures(self):
        return [self.stock(params) for params in self.cells]
