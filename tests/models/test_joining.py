"""A prior and a decoder in two folders become one model, which draws as diffusers' combined pipeline does."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest
import tiny_one_by_one
import tiny_rare
import torch
from family_pictures import HUB_FORMS, _name_module
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput, ModelError
from dwlab.models.identity import identify
from dwlab.models.joining import join

HALVES = {
    "kandinsky22": ("KandinskyV22Pipeline", "KandinskyV22PriorPipeline", {}),
    "kandinsky21": ("KandinskyPipeline", "KandinskyPriorPipeline", {}),
    "stable_cascade": ("StableCascadeDecoderPipeline", "StableCascadePriorPipeline", {}),
    "wuerstchen": ("WuerstchenDecoderPipeline", "WuerstchenPriorPipeline", {}),
}
MODULES = {"stable_cascade": [("vqgan",), ()], "wuerstchen": [("vqgan", "decoder"), ("prior",)]}
GUIDANCE = {"stable_cascade": "prior_guidance_scale", "wuerstchen": "prior_guidance_scale"}


def combined(name):
    build = getattr(tiny_rare, name, None) or getattr(tiny_one_by_one, name)
    return build()


def halves(name, folder):
    """The decoder and the prior of a tiny model, saved as they are published."""
    whole = combined(name)
    decoder_class, prior_class, _ = HALVES[name]
    folders = folder / "decoder", folder / "prior"
    parts = {key: part for key, part in whole.components.items() if not key.startswith("prior_")}
    getattr(diffusers, decoder_class)(**parts).save_pretrained(folders[0])
    prior = {
        key.removeprefix("prior_"): part
        for key, part in whole.components.items()
        if key.startswith("prior_")
    }
    getattr(diffusers, prior_class)(**prior).save_pretrained(folders[1])
    for place, names in zip(folders, MODULES.get(name, ()), strict=False):
        _name_module("wuerstchen", *names)(place)
    return whole, *folders


@pytest.mark.parametrize("name", HALVES)
def test_two_halves_become_a_model_that_draws_as_the_combined_pipeline(name, tmp_path):
    whole, decoder, prior = halves(name, tmp_path)
    folder = join(decoder, prior, tmp_path / "both")
    side = 128 if name in GUIDANCE else 16
    picture = dwlab.generate(
        "a star", model=str(folder), seed=3, steps=2, guidance=4.0, width=side, height=side,
        call={"prior_num_inference_steps": 2}, device="cpu",
    )  # fmt: skip
    whole.set_progress_bar_config(disable=True)
    expected = whole(
        "a star", generator=torch.Generator().manual_seed(3), num_inference_steps=2, width=side, height=side,
        prior_num_inference_steps=2, **{GUIDANCE.get(name, "guidance_scale"): 4.0},
    ).images[0]  # fmt: skip
    assert np.abs(np.asarray(picture.image, int) - np.asarray(expected, int)).max() <= 1
    assert name in HUB_FORMS or folder.joinpath("unet").is_dir()


def test_the_key_is_that_of_the_contents_and_the_halves_stay(tmp_path):
    _, decoder, prior = halves("kandinsky22", tmp_path)
    runner = CliRunner()
    words = ["models", "join", str(decoder), str(prior), str(tmp_path / "both")]
    result = runner.invoke(app, words)
    assert result.exit_code == 0 and "--model" in result.stdout
    again = join(decoder, prior, tmp_path / "again")
    assert identify(str(tmp_path / "both")).weights == identify(str(again)).weights
    assert (decoder / "unet").is_dir() and (prior / "prior").is_dir()
    repeated = runner.invoke(app, words)
    assert repeated.exit_code != 0 and "does not exist yet" in repeated.output


def test_a_half_alone_names_the_command_and_a_wrong_pair_is_refused(tmp_path):
    _, decoder, prior = halves("kandinsky22", tmp_path)
    with pytest.raises(ModelError, match="dwlab models join DECODER PRIOR FOLDER"):
        identify(str(decoder))
    with pytest.raises(InvalidInput, match=r"decoder is .*; allowed: a decoder, like"):
        join(prior, decoder, tmp_path / "both")
    with pytest.raises(InvalidInput, match="allowed: a KandinskyV22PriorPipeline for"):
        join(decoder, decoder, tmp_path / "both")
    with pytest.raises(InvalidInput, match="the folder of a diffusers pipeline"):
        join(decoder, tmp_path, tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_a_half_with_pickles_is_refused_and_nothing_is_made(tmp_path):
    _, decoder, prior = halves("kandinsky22", tmp_path)
    (prior / "prior" / "diffusion_pytorch_model.safetensors").rename(prior / "prior" / "model.bin")
    with pytest.raises(ModelError, match="pickle"):
        join(decoder, prior, tmp_path / "both")
    assert not (tmp_path / "both").exists()
