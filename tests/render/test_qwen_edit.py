"""Qwen-Image-Edit: the picture that is changed goes to the language model too, and several pictures may."""

from __future__ import annotations

import functools

import diffusers
import pytest
import tiny_edit
import torch
from side_by_side import Drawn, check_equal, fresh
from start_pictures import half_mask, noise_picture

from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.spec.params import GenerationParams

pytestmark = pytest.mark.slow
# prompt, negative prompt, seed, steps, guidance, start picture
MIXED = (("a red circle", "", 0, 1, 4.0, 0), ("a blue square", "blurry", 1, 2, 4.0, 0), ("a red circle", "", 2, 1, 4.0, 1))  # fmt: skip


class EditModel(Drawn):
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


@pytest.fixture(scope="module")
def edit_model(tmp_path_factory):
    return functools.cache(
        lambda name, **options: EditModel(name, tmp_path_factory.mktemp(name), **options)
    )


@pytest.mark.parametrize("name", ["qwen_edit", "qwen_edit_plus"])
def test_a_changed_picture_is_that_of_the_plain_stock_call(edit_model, name):
    one = edit_model(name)
    one.check_alone(one.cells, one.stock_pictures)
    assert len({picture.tobytes() for picture in one.stock_pictures}) == len(one.cells)
    one.check_packed(one.cells, one.stock_pictures, rows_at_once=1)


@pytest.mark.timeout(900)  # a megapixel, whatever the size
def test_what_changes_within_a_mask_is_that_of_the_plain_stock_call(edit_model):
    one = edit_model("qwen_edit", inpaints=True)
    cells = [params.replace(steps=1) for params in one.cells[:2]]
    expected = [one.stock(params) for params in cells]
    one.check_alone(cells[:1], expected[:1])
    # a megapixel each, which is why they do not share a forward
    check_equal(one.made(cells), expected)
