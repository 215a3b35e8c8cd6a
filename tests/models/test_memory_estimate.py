"""What a model needs is known from the headers of its weights."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from dwlab.models import loading
from dwlab.models.checkpoint import Checkpoint
from dwlab.models.identity import identify
from dwlab.models.loaded_models import _weights
from dwlab.models.memory_estimate import PartSize, size_of
from dwlab.models.memory_plan import fitted
from dwlab.models.settings import Settings
from dwlab.spec.catalog import SHAPES_FOLDER


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_bytes_of_the_embedded_model_are_those_it_has_once_loaded(dtype):
    loaded = _weights(loading.load("shapes", "cpu", dtype))
    assert size_of(SHAPES_FOLDER).weights(dtype) == pytest.approx(loaded, rel=0.01)


def test_eight_and_four_bits_and_float8_are_smaller_in_that_order():
    size = size_of(SHAPES_FOLDER)
    names = ("none", "torchao-8bit", "bitsandbytes-4bit")
    sizes = [size.weights("float32", name) for name in names]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3
    assert size.weights("float32", "float8-layers") < sizes[0]


def test_the_parts_of_a_single_file_are_told_apart_by_the_names_of_their_tensors(tmp_path):
    tensors = {
        "model.diffusion_model.blocks.0.weight": torch.zeros(8, 4),
        "model.diffusion_model.blocks.1.weight": torch.zeros(8, 4, dtype=torch.float16),
        "first_stage_model.decoder.weight": torch.zeros(2, 2, 3, 3),
        "cond_stage_model.embed.weight": torch.zeros(5, 4),
        "cond_stage_model.position_ids": torch.zeros(7, dtype=torch.int64),
    }
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    lent = (("text_encoder_2", SHAPES_FOLDER / "text_encoder"),)
    size = size_of(SHAPES_FOLDER, checkpoint=Checkpoint(path, SHAPES_FOLDER, lent))
    parts = {part.name: part for part in size.parts}
    assert parts["unet"] == PartSize("unet", matrices=64, group=0.5, tensor=0.5)
    assert parts["vae"].kernels == 36
    assert (parts["text_encoder"].others, parts["text_encoder"].fixed) == (20, 56)
    assert parts["text_encoder_2"].bytes("float32") > 10_000


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, (2).to_bytes(8, "little") + b"[]"])
def test_a_model_whose_headers_are_broken_has_no_known_size(pipeline, content):
    (pipeline / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(content)
    assert size_of(pipeline) is None
    assert size_of(pipeline / "unet") is None


def test_a_model_is_fitted_without_being_loaded_and_stays_the_same_model():
    identity = identify("shapes", "cpu")
    fit = fitted(identity, pixels=128 * 128, auto=True).fit
    assert fit.fits and fit.chosen == () and fit.is_automatic
    assert fitted(identity) == identity
    assert fit.needs.device > fit.demand.size.weights("float32")


def test_a_model_of_made_up_weights_has_no_known_size():
    identity = identify("sd15-geometry", "cpu")
    assert fitted(identity).fit is None


def test_offloaded_models_need_main_memory_instead():
    size = size_of(SHAPES_FOLDER)
    stock = size.needs(Settings(), "float16", 64 * 64)
    needs = [
        size.needs(Settings(offload=name), "float16", 64 * 64)
        for name in ("model", "group", "sequential")
    ]
    assert stock.host == 0
    assert all(each.host == size.weights("float16") for each in needs)
    assert stock.device > needs[0].device > needs[1].device > needs[2].device
