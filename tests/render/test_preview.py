"""Rough pictures of what is forming."""

import numpy as np
import pytest
import torch

import dwlab
from dwlab import shapes
from dwlab.render import preview


@pytest.fixture(scope="module")
def model():
    return dwlab.load("shapes")


def test_the_shipped_projection_is_what_a_fresh_fit_finds(model):
    assert np.allclose(preview.fit(model.pipeline), preview.SHAPES, atol=0.02)


def test_a_rough_picture_has_the_colours_of_the_finished_one(model):
    scene = shapes.Scene("large", "red", "square", "center", "white")
    picture = np.array(shapes.draw(scene, np.random.default_rng(0)))
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        latents = (
            model.pipeline.vae.encode(x).latent_dist.mode()[0]
            * model.pipeline.vae.config.scaling_factor
        )
    rough = preview.project(latents, model)
    assert rough.size == (16, 16)
    middle, corner = np.asarray(rough)[8, 8].astype(int), np.asarray(rough)[0, 0].astype(int)
    assert middle[0] - middle[2] > 80  # red
    assert corner.min() > 180  # white


def test_latents_of_another_form_have_no_rough_picture(model):
    assert preview.project(torch.zeros(64, 16), model) is None
    assert preview.project(torch.zeros(16, 8, 8), model) is None
