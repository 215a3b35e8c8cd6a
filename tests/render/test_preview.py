"""Rough pictures of what is forming."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch
from diffusers import AutoencoderTiny
from PIL import ImageChops

import dwlab
from dwlab import shapes
from dwlab.models import loading
from dwlab.render import preview, projection
from dwlab.spec.params import GenerationParams

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
def test_after_three_steps_of_ten_both_colours_are_there_alone_and_in_company(
    model, scheduler, pack
):
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


def steps_and_pictures(cells, model, *, pack, previewed):
    """The previews of each step, by index and step, and the finished pictures."""
    previews, pictures = {}, {}
    for event in dwlab.stream(cells, model=model, pack=pack):
        if event.kind == "step" and previewed:
            previews[event.index, event.step] = event.preview()
        elif event.kind == "done":
            pictures[event.index] = event.result.image
    return previews, pictures


def largest_difference(image, other):
    return max(high for _low, high in ImageChops.difference(image, other).getextrema())


def test_previews_change_no_picture_and_are_the_same_alone_and_in_company(model):
    base = {"steps": 3, "width": 64, "height": 64}
    cells = [
        GenerationParams("a red circle", seed=1, **base),
        GenerationParams("a blue square", seed=2, scheduler="Euler a", guidance=3.0, **base),
    ]
    alone, pictures = steps_and_pictures(cells, model, pack=1, previewed=True)
    _, unseen = steps_and_pictures(cells, model, pack=1, previewed=False)
    assert all(pictures[index].tobytes() == unseen[index].tobytes() for index in pictures)
    together, _ = steps_and_pictures(cells, model, pack=2, previewed=True)
    assert len(alone) == 6 and alone.keys() == together.keys()
    assert all(largest_difference(alone[step], together[step]) <= 2 for step in alone)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A tiny autoencoder for the models of the family sd, and the variable that names its folder."""
    network = AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )
    network.save_pretrained(tmp_path / "sd")
    monkeypatch.setenv("DWLAB_PREVIEWS", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "sd"
    tiny.sd().save_pretrained(folder)
    return loading.load(str(folder), "cpu")


def test_a_tiny_autoencoder_of_the_users_own_draws_the_previews_of_its_family(folders, tiny_model):
    latents = torch.randn(4, 8, 12, generator=torch.Generator().manual_seed(0))
    drawn = preview.picture(latents, tiny_model)
    network = AutoencoderTiny.from_pretrained(folders / "sd")
    with torch.inference_mode():
        expected = network.decode(latents[None]).sample[0] / 2 + 0.5
    assert drawn.size == (expected.shape[2], expected.shape[1])
    pixels = torch.from_numpy(np.array(drawn)).permute(2, 0, 1) / 255
    assert torch.allclose(pixels, expected.clamp(0, 1), atol=0.01)


def test_a_preview_is_at_most_256_pixels_wide_and_high(folders, tiny_model):
    assert preview.picture(torch.zeros(4, 160, 320), tiny_model).size == (256, 128)


@pytest.mark.parametrize("fault", ["pickle", "other class", "channels"])
def test_an_autoencoder_that_does_not_fit_is_reported_and_a_projection_draws(
    folders, tiny_model, fault, monkeypatch, caplog
):
    monkeypatch.setattr(projection, "PICTURES", 2)
    if fault == "pickle":
        weights = folders / "sd" / "diffusion_pytorch_model.safetensors"
        weights.rename(weights.with_suffix(".bin"))
    elif fault == "other class":
        (folders / "sd" / "config.json").write_text("{}")
    else:
        AutoencoderTiny(latent_channels=16).save_pretrained(folders / "sd")
    assert preview.picture(torch.zeros(4, 8, 8), tiny_model).size == (8, 8)
    assert fault == "channels" or "no previews by" in caplog.text
