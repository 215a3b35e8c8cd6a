"""Measures that save memory draw what stock diffusers draws with the same switches."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

import dwlab
from dwlab.errors import InvalidInput, MissingExtra, ModelError
from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.models.settings import Settings
from dwlab.render.packing.refusal import refusal
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.params import GenerationParams

SWITCHES = {
    "attention-slicing": lambda pipe: pipe.enable_attention_slicing(),
    "vae-slicing": lambda pipe: pipe.vae.enable_slicing(),
    "vae-tiling": lambda pipe: pipe.vae.enable_tiling(),
    "channels-last": lambda pipe: pipe.unet.to(memory_format=torch.channels_last),
    "float8-layers": lambda pipe: pipe.unet.enable_layerwise_casting(
        torch.float8_e4m3fn, torch.float32
    ),
}
# larger than a tile of the embedded model's decoder
SIDE = 192
INSTALLED = {
    "torchao-8bit": importlib.util.find_spec("torchao"),
    "bitsandbytes-8bit": importlib.util.find_spec("bitsandbytes"),
    "bitsandbytes-4bit": importlib.util.find_spec("bitsandbytes"),
}


def recipe(seed=0, steps=2, side=SIDE):
    return GenerationParams(
        "a large red circle", seed=seed, steps=steps, guidance=3.0, width=side, height=side
    )


def stock(switch, seed=0):
    """The picture of stock diffusers, as a user would make it."""
    pipe = StableDiffusionPipeline.from_pretrained(SHAPES_FOLDER)
    pipe.set_progress_bar_config(disable=True)
    if switch:
        switch(pipe)
    call = pipe(
        "a large red circle", num_inference_steps=2, guidance_scale=3.0, width=SIDE, height=SIDE,
        generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    return np.asarray(call.images[0], int)


@pytest.fixture(scope="module")
def plain():
    return made("none")[0]


def made(memory, recipes=None, device="cpu", **options):
    events = dwlab.stream(recipes or [recipe()], device=device, memory=memory, **options)
    pictures = {event.index: event.result for event in events if event.kind == "done"}
    return [pictures[index] for index in sorted(pictures)]


def difference(one, other):
    return np.abs(
        np.asarray(one.image, int) - np.asarray(getattr(other, "image", other), int)
    ).max()


@pytest.mark.parametrize("name", SWITCHES)
def test_a_measure_draws_what_stock_draws_with_that_switch(name, plain):
    (picture,) = made(name)
    assert difference(picture, stock(SWITCHES[name])) <= 1
    changes = name in ("vae-tiling", "float8-layers")
    assert (difference(picture, plain) > 1) == changes
    assert (picture.key != plain.key) == changes
    assert picture.weights == plain.weights + (f"+{name}" if changes else "")
    assert picture.settings and not plain.settings


@pytest.mark.parametrize("name", [*SWITCHES, "quanto-8bit"])
def test_pictures_in_company_are_those_made_alone(name):
    side = SIDE if name == "vae-tiling" else 64
    recipes = [recipe(seed, steps=2 + seed % 2, side=side) for seed in range(3)]
    assert refusal(loading.load("shapes", "cpu", memory=name).pipeline, "cpu") is None
    together = made(name, recipes)
    alone = made(name, recipes, pack=1)
    assert max(map(difference, together, alone)) <= 1


def test_eight_bits_of_quanto_are_another_picture_of_smaller_weights(plain):
    from optimum import quanto

    model = loading.load("shapes", "cpu", memory="quanto-8bit")
    layers = [
        module
        for module in model.pipeline.unet.modules()
        if isinstance(module, quanto.QModuleMixin)
    ]
    assert layers and all(layer.weight.qtype == quanto.qint8 for layer in layers)
    (picture,) = made("quanto-8bit")
    assert picture.key != plain.key
    assert 1 < difference(picture, plain) < 100
    assert (
        dwlab.generate(**recipe().as_dict(), device="cpu", memory="quanto-8bit").key == picture.key
    )


def test_a_picture_of_a_loaded_model_has_the_key_of_its_measures(plain):
    model = loading.load("shapes", "cpu", memory=["quanto-8bit", "vae_slicing"])
    (picture,) = (
        event.result for event in dwlab.stream([recipe()], model=model) if event.kind == "done"
    )
    assert picture.key == made("quanto-8bit")[0].key != plain.key
    assert picture.settings == {"slicing": "vae", "quantisation": "quanto-8bit"}


@pytest.mark.parametrize("name", ["model-offload", "group-offload", "sequential-offload"])
def test_there_is_nothing_to_offload_from_a_cpu(name):
    with pytest.raises(InvalidInput, match=r"offload is .* nothing to move away from"):
        identify("shapes", "cpu", memory=(name,))


def test_bitsandbytes_needs_cuda():
    with pytest.raises(InvalidInput, match=r"torchao-8bit, quanto-8bit .* bitsandbytes needs CUDA"):
        Settings(quantisation="bitsandbytes-4bit").check("cpu")


@pytest.mark.parametrize("name", INSTALLED)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(name):
    if INSTALLED[name]:
        pytest.skip("it is installed")
    with pytest.raises(MissingExtra, match=rf'{name} .* pip install "dwlab\[quantised\]"'):
        identify("shapes", "cpu", memory=(name,))


def test_a_quantisation_that_reads_folders_part_by_part_refuses_other_models(monkeypatch):
    monkeypatch.setattr("dwlab.models.quantisation._is_installed", lambda _: True)
    with pytest.raises(ModelError, match="not a diffusers folder, which bitsandbytes needs"):
        identify("sd15-geometry", "cpu", memory=("bitsandbytes-8bit",))


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["model-offload", "group-offload", "sequential-offload"])
def test_offloaded_models_draw_the_same_and_run_alone(name):
    recipes = [
        GenerationParams(**{**recipe(seed).as_dict(), "dtype": "float32"}) for seed in (0, 1)
    ]
    usual, offloaded = (made(memory, recipes, "cuda", pack=1) for memory in ("none", name))
    assert max(map(difference, usual, offloaded)) <= 1
    assert [picture.key for picture in usual] == [picture.key for picture in offloaded]
    model = loading.load("shapes", "cuda", "float32", memory=name)
    assert refusal(model.pipeline, "cuda")


@pytest.mark.gpu
@pytest.mark.parametrize(
    "name",
    ["torchao-8bit", "quanto-8bit", "bitsandbytes-8bit", "bitsandbytes-4bit"],
)
def test_quantised_models_draw_on_a_gpu(name):
    pytest.importorskip({"quanto": "optimum.quanto"}.get(name.split("-")[0], name.split("-")[0]))
    bfloat16 = GenerationParams(**{**recipe().as_dict(), "dtype": "bfloat16"})
    whole, quantised = (made(memory, [bfloat16], "cuda")[0] for memory in ("none", name))
    assert whole.key != quantised.key
    assert difference(whole, quantised) < 128
