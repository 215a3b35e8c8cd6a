"""AUTOMATIC1111's starting noise: its published first values, and a stock call that is given them."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models.arguments import check_arguments
from dwlab.models.identity import identify
from dwlab.render import philox
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.params import GenerationParams

# of seed 0, as AUTOMATIC1111 documents them
PUBLISHED = [
    [-0.92466259, -0.42534415, -2.6438457, 0.14518388],
    [-0.12086647, -0.57972564, -0.62285122, -0.32838709],
    [-1.07454231, -0.36314407, -1.67105067, 2.26550497],
]
SMALL = {"width": 64, "height": 64, "steps": 3}


def cells():
    for seed in (0, 7, 2**40):
        for noise in ("cpu", "a1111-cuda"):
            yield GenerationParams("a red circle", seed=seed, noise=noise, **SMALL)


def test_the_first_values_are_the_published_ones():
    assert np.allclose(philox.randn(0, (3, 4)), PUBLISHED, rtol=0, atol=5e-7)


def test_the_numbers_of_large_seeds_are_normal_and_differ():
    first, second = philox.randn(2**63 - 1, (4, 64, 64)), philox.randn(2**31, (4, 64, 64))
    assert abs(first.mean()) < 0.05
    assert abs(first.std() - 1) < 0.05
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("pack", [1, None])
def test_a_picture_is_the_stock_call_s_that_is_given_this_noise(pack):
    stock = StableDiffusionPipeline.from_pretrained(SHAPES_FOLDER, safety_checker=None)
    stock.set_progress_bar_config(disable=True)
    events = dwlab.stream(list(cells()), pack=pack)
    pictures = {event.params: event.result for event in events if event.kind == "done"}
    assert len(pictures) == 6
    for params, picture in pictures.items():
        noise = {"generator": torch.Generator("cpu").manual_seed(params.seed)}
        if params.noise == "a1111-cuda":
            noise["latents"] = torch.from_numpy(philox.randn(params.seed, (1, 4, 8, 8)))
        image = stock(
            "a red circle", num_inference_steps=3, guidance_scale=3.0, width=64, height=64, **noise
        ).images[0]
        difference = np.abs(np.asarray(image, int) - np.asarray(picture.image, int))
        assert difference.max() <= 1, params


def test_a_family_that_automatic1111_does_not_draw_with_is_refused(tmp_path):
    tiny.flux().save_pretrained(tmp_path)
    identity = identify(str(tmp_path), "cpu")
    cell = GenerationParams("x", model=str(tmp_path), noise="a1111-cuda")
    with pytest.raises(
        InvalidInput, match=r"noise is 'a1111-cuda'; allowed: cpu; .* another family"
    ):
        check_arguments([cell], identity)


def test_it_is_refused_beside_a_picture_to_start_from():
    picture = Image.new("RGB", (64, 64))
    cell = GenerationParams("x", noise="a1111-cuda", image=picture, **SMALL)
    with pytest.raises(InvalidInput, match=r"noise is 'a1111-cuda'; allowed: cpu beside an image"):
        check_arguments([cell], identify("shapes", "cpu"))
