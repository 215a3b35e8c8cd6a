"""Qwen-Image-Edit: the picture that is changed goes to the language model too, and several pictures may."""

from __future__ import annotations

import functools

import pytest
import tiny_edit
import torch
from side_by_side import Drawn, fresh
from start_pictures import noise_picture

from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.spec.params import GenerationParams

pytestmark = pytest.mark.slow
# prompt, negative prompt, seed, steps, guidance, start picture
MIXED = (("a red circle", "", 0, 1, 4.0, 0), ("a blue square", "blurry", 1, 2, 4.0, 0), ("a red circle", "", 2, 1, 4.0, 1))  # fmt: skip


class EditModel(Drawn):
    def __init__(self, name, folder):
        self.name = name
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
        base = {"model": self.model.identity.name, "width": 32, "height": 16}
        return [
            GenerationParams(
                prompt, negative_prompt=negative, seed=seed, steps=steps, guidance=guidance,
                image=noise_picture(picture, (48, 16)), **base,
            )
            for prompt, negative, seed, steps, guidance, picture in MIXED
        ]  # fmt: skip

    def stock(self, params):
        pictures = [params.image.picture]
        given = {"image": pictures if len(pictures) > 1 else pictures[0]}
        if params.negative_prompt:
            given["negative_prompt"] = params.negative_prompt
        return fresh(self.model.pipeline)(
            prompt=params.prompt, num_inference_steps=params.steps, true_cfg_scale=params.guidance,
            width=params.width, height=params.height,
            generator=torch.Generator().manual_seed(params.seed), **given,
        ).images[0]  # fmt: skip

    @functools.cached_property
    def stock_pictures(self):
        return [self.stock(params) for params in self.cells]


@pytest.fixture(scope="module")
def edit_model(tmp_path_factory):
    return functools.cache(lambda name: EditModel(name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", ["qwen_edit", "qwen_edit_plus"])
def test_a_changed_picture_is_that_of_the_plain_stock_call(edit_model, name):
    one = edit_model(name)
    one.check_alone(one.cells, one.stock_pictures)
    assert len({picture.tobytes() for picture in one.stock_pictures}) == len(one.cells)
    one.check_packed(one.cells, one.stock_pictures, rows_at_once=1)
