"""LoRAs and parts from elsewhere beside settings that save memory or time: right, or refused in words."""

from __future__ import annotations

import diffusers
import numpy as np
import pytest
import tiny
import tiny_loras
import torch
from models.test_single_files import gguf_file

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.models.settings import Settings
from dwlab.render.renderer import render
from dwlab.runs.resolve import resolve
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams

SIZE = {"width": 16, "height": 16, "steps": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny model with two LoRAs and a VAE for it."""
    folder = tmp_path_factory.mktemp("made")
    tiny_loras.save_model_with_adapters(folder)
    return folder


def cells(folder):
    ink = {"file": str(folder / "ink.safetensors"), "weight": 0.8}
    oil = {"file": str(folder / "oil.safetensors"), "weight": 0.5}
    vae = str(folder / "vae")
    recipes = [
        {},
        {"loras": [ink]},
        {"loras": [ink, oil]},
        {"vae": vae},
        {"vae": vae, "loras": [oil]},
    ]
    return [
        GenerationParams.of(prompt="a cat", model=str(folder / "model"), **SIZE, **recipe)
        for recipe in recipes
    ]


def drawn(asked, settings):
    """The pictures of cells with settings, drawn one after the other and once more together."""
    identities = {
        cell.choice: identify(cell.model, "cpu", parts=cell.parts, settings=settings)
        for cell in asked
    }
    resolved = resolve(asked, identities)
    events = list(render(resolved, compute=Compute(device="cpu")))
    assert [event.error for event in events if event.kind == "failed"] == []
    pictures = {event.index: event.result for event in events if event.kind == "done"}
    return [np.asarray(pictures[index].image).astype(int) for index in range(len(asked))]


@pytest.fixture(scope="module")
def plain(folder):
    return drawn(cells(folder), Settings())


def farthest(first, second):
    return max(np.abs(one - other).max() for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        (Settings(slicing="both", channels_last=True), 1),
        # 8 bits change the pictures themselves
        (Settings(quantisation="quanto-8bit"), 8),
    ],
    ids=["slicing", "quanto"],
)
def test_pictures_are_those_without_the_setting(folder, plain, settings, limit):
    pictures = drawn(cells(folder), settings)
    assert farthest(pictures, plain) <= limit
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_compiled_model_takes_a_lora(folder, plain):
    pictures = drawn(cells(folder)[:2], Settings(compile="default"))
    assert farthest(pictures, plain[:2]) <= 1


@pytest.mark.parametrize("offload", ["model", "group"])
def test_offloaded_models_take_loras_and_give_them_up_again(folder, plain, offload, monkeypatch):
    # moving nothing anywhere, but with the hooks that a GPU has
    monkeypatch.setattr(Settings, "check", lambda *_: None)
    pictures = drawn([*cells(folder), cells(folder)[0]], Settings(offload=offload))
    assert farthest(pictures, [*plain, plain[0]]) <= 1
    # hooks that renew themselves would be for this machine's first GPU
    model = loading.load_identified(
        identify(str(folder / "model"), "cpu", settings=Settings(offload=offload))
    )
    assert bool(getattr(model.pipeline, "_all_hooks", [])) == (offload == "model")


def test_a_lora_beside_float8_layers_is_refused_with_what_works(folder):
    asked = cells(folder)[1]
    with pytest.raises(InvalidInput, match=r"memory is 'float8-layers'.* quanto-8bit works"):
        list(dwlab.stream([asked], device="cpu", memory="float8-layers"))
    list(dwlab.stream([cells(folder)[0]], device="cpu", memory="float8-layers"))


def test_a_gguf_transformer_takes_a_lora_as_stock_does(tmp_path):
    flux = tiny.flux()
    flux.save_pretrained(tmp_path / "flux")
    file = gguf_file(tmp_path / "flux.gguf", flux.transformer)
    layers = tiny_loras.layers(tiny.flux(), text=False)
    lora = tiny_loras.write(tmp_path / "ink.safetensors", layers)
    transformer = diffusers.FluxTransformer2DModel.from_single_file(
        str(file),
        config=str(tmp_path / "flux"),
        subfolder="transformer",
        quantization_config=diffusers.GGUFQuantizationConfig(compute_dtype=torch.float32),
        torch_dtype=torch.float32,
    )
    pipeline = diffusers.FluxPipeline.from_pretrained(tmp_path / "flux", transformer=transformer)
    pipeline.load_lora_weights(str(lora), adapter_name="ink")
    pipeline.set_adapters(["ink"], [0.7])
    call = {"num_inference_steps": 2, "width": 32, "height": 32, "guidance_scale": 3.5}
    expected = pipeline("a cat", generator=torch.Generator().manual_seed(3), **call).images[0]
    options = {"model": str(file), "config": str(tmp_path / "flux"), "device": "cpu"}
    recipe = {"seed": 3, "steps": 2, "width": 32, "height": 32, "guidance": 3.5}
    picture = dwlab.generate(
        "a cat", loras=[{"file": str(lora), "weight": 0.7}], **options, **recipe
    )
    assert farthest([np.asarray(picture.image).astype(int)], [np.asarray(expected)]) <= 1
    without = dwlab.generate("a cat", **options, **recipe)
    assert farthest([np.asarray(without.image).astype(int)], [np.asarray(expected)]) > 1
