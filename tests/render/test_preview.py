"""Rough pictures of what is forming."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch
from diffusers import AutoencoderTiny

import dwlab
from dwlab import shapes
from dwlab.models import loading
from dwlab.render import preview, tiny_decoders
from dwlab.spec.params import GenerationParams
from dwlab.spec.schedulers import resolve

SCENE = shapes.Scene("large", "red", "square", "center", "white")


@pytest.fixture(scope="module")
def model():
    return dwlab.load("shapes")


def latents_of(picture, model):
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        encoded = model.pipeline.vae.encode(x).latent_dist.mode()[0]
    return encoded * model.pipeline.vae.config.scaling_factor


def test_the_preview_of_a_finished_picture_is_the_picture(model):
    drawing = shapes.draw(SCENE, np.random.default_rng(0))
    rough = preview.picture(latents_of(drawing, model), model)
    assert rough.size == (64, 64)
    verdict = shapes.judge(rough)
    assert (verdict.colour, verdict.background, verdict.shape) == ("red", "white", "square")


def test_latents_of_another_form_have_no_preview(model):
    assert preview.picture(torch.zeros(64, 16), model) is None
    assert preview.picture(torch.zeros(16, 8, 8), model) is None


@pytest.mark.parametrize("pack", [1, 4])
@pytest.mark.parametrize("scheduler", ["DDIM", "Euler a", "DPM++ 2M"])
def test_after_three_steps_of_ten_both_colours_are_there_alone_and_in_company(model, scheduler, pack):
    words = [("red", "white"), ("blue", "yellow"), ("white", "green"), ("black", "orange")]
    cells = [
        GenerationParams(
            f"a large {colour} circle at the center on a {background} background",
            seed=seed, steps=10, scheduler=scheduler, width=128, height=128,
        )
        for seed, (colour, background) in enumerate(words)
    ]  # fmt: skip
    seen = {}
    for event in dwlab.stream(cells, model=model, pack=pack, dropped=lambda index: index in seen):
        if event.kind == "step" and event.step == 3:
            verdict = shapes.judge(event.preview())
            seen[event.index] = (verdict.colour, verdict.background)
    right = [seen[index] == colours for index, colours in enumerate(words)]
    assert sum(right) >= 3
