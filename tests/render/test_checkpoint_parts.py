"""Parts of a model as training scripts save them draw what the plain stock call draws with them."""

from __future__ import annotations

import json
import shutil

import diffusers
import pytest
import tiny
import tiny_families
import torch
import transformers
from diffusers.training_utils import EMAModel
from safetensors.torch import save_file
from side_by_side import fresh, made, stock_picture
from start_pictures import difference

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models import loading, part_loading
from dwlab.models.loaded_models import LOADED
from dwlab.spec.params import GenerationParams

SIZE = {"width": 16, "height": 16, "steps": 2}


def trained(module, seed):
    """The same module with other weights, which show in a picture."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return module


def whole(module):
    """The tensors of a module, as accelerate saves them; each once."""
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Tiny models, and beside each the checkpoints of its parts in the forms of training scripts."""
    folder = tmp_path_factory.mktemp("models")
    stable_diffusion(folder / "sd")
    sdxl(folder / "sdxl")
    flux(folder / "flux")
    pixart(folder / "pixart")
    return folder


def stable_diffusion(folder):
    pipeline = tiny.sd()
    pipeline.save_pretrained(folder / "model")
    unet = trained(pipeline.unet, 1)
    state = folder / "checkpoint-500"
    unet.save_pretrained(state / "unet")
    # accelerate's own files, which nobody opens
    (state / "optimizer.bin").write_bytes(b"x")
    ema = EMAModel(unet.parameters(), model_cls=type(unet), model_config=unet.config)
    trained(unet, 2)
    ema.step(unet.parameters())
    ema.save_pretrained(state / "unet_ema")
    unet.save_pretrained(folder / "sharded", max_shard_size="200KB")
    (folder / "state").mkdir()
    save_file(whole(unet), folder / "state" / "model.safetensors")
    encoder = trained(pipeline.text_encoder, 3)
    encoder.save_pretrained(folder / "checkpoint-500" / "text_encoder")
    save_file(whole(encoder), folder / "text_encoder.safetensors")


def sdxl(folder):
    pipeline = tiny.sdxl()
    pipeline.save_pretrained(folder / "model")
    trained(pipeline.unet, 1).save_pretrained(folder / "unet")
    trained(pipeline.vae, 2).save_pretrained(folder / "vae")
    trained(pipeline.text_encoder_2, 3).save_pretrained(folder / "text_encoder_2")


def flux(folder):
    pipeline = tiny.flux()
    pipeline.save_pretrained(folder / "model")
    transformer = trained(pipeline.transformer, 1)
    transformer.save_pretrained(folder / "checkpoint-20" / "transformer")
    save_file(whole(transformer), folder / "transformer.safetensors")


def pixart(folder):
    pipeline = tiny_families.pixart()
    pipeline.save_pretrained(folder / "model")
    transformer = trained(pipeline.transformer, 1)
    transformer.save_pretrained(folder / "transformer")
    # a class without a reader of single files of its own
    save_file(whole(transformer), folder / "transformer.safetensors")


def cell(models, family, sources, **changes):
    parts = {name: str(models / family / path) for name, path in sources.items()}
    params = {"model": str(models / family / "model"), "parts": parts, **SIZE, **changes}
    return GenerationParams.of(prompt="a red circle", **params)


CALLS = {
    "flux": {"max_sequence_length": 32},
    "pixart": {"max_sequence_length": 32, "use_resolution_binning": False},
}
UNET = diffusers.UNet2DConditionModel
# family, the parts as a recipe names them, and the same as a stock call loads them
CASES = [
    ("sd", {"unet": "checkpoint-500"}, {"unet": (UNET, "checkpoint-500/unet")}),
    ("sd", {"unet": "checkpoint-500/unet_ema"}, {"unet": (UNET, "checkpoint-500/unet_ema")}),
    ("sd", {"unet": "sharded"}, {"unet": (UNET, "sharded")}),
    ("sd", {"unet": "state"}, {"unet": (UNET, "sharded")}),
    ("sd", {"unet": "state/model.safetensors"}, {"unet": (UNET, "sharded")}),
    (
        "sd",
        {"text_encoder": "checkpoint-500"},
        {"text_encoder": (transformers.CLIPTextModel, "checkpoint-500/text_encoder")},
    ),
    (
        "sd",
        {"text_encoder": "text_encoder.safetensors"},
        {"text_encoder": (transformers.CLIPTextModel, "checkpoint-500/text_encoder")},
    ),
    (
        "sdxl",
        {"unet": "unet", "vae": "vae", "text_encoder_2": "text_encoder_2"},
        {
            "unet": (UNET, "unet"),
            "vae": (diffusers.AutoencoderKL, "vae"),
            "text_encoder_2": (transformers.CLIPTextModelWithProjection, "text_encoder_2"),
        },
    ),
    (
        "flux",
        {"transformer": "checkpoint-20"},
        {"transformer": (diffusers.FluxTransformer2DModel, "checkpoint-20/transformer")},
    ),
    (
        "flux",
        {"transformer": "transformer.safetensors"},
        {"transformer": (diffusers.FluxTransformer2DModel, "checkpoint-20/transformer")},
    ),
    (
        "pixart",
        {"transformer": "transformer"},
        {"transformer": (diffusers.PixArtTransformer2DModel, "transformer")},
    ),
    (
        "pixart",
        {"transformer": "transformer.safetensors"},
        {"transformer": (diffusers.PixArtTransformer2DModel, "transformer")},
    ),
]


def stock(models, family, parts, params):
    loaded = {
        name: cls.from_pretrained(models / family / path) for name, (cls, path) in parts.items()
    }
    pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(
        models / family / "model", **loaded
    )
    return stock_picture(fresh(pipeline), params)


@pytest.mark.slow
def test_parts_of_training_scripts_draw_exactly_what_stock_draws_alone_and_packed(models):
    cells = [cell(models, family, parts, call=CALLS.get(family, {})) for family, parts, _ in CASES]
    expected = [
        stock(models, family, parts, params)
        for (family, _, parts), params in zip(CASES, cells, strict=True)
    ]
    alone = made(cells, device="cpu", pack=1)
    assert [difference(*pair) for pair in zip([p.image for p in alone], expected, strict=True)] == [
        0
    ] * len(cells)
    packed = made(cells, device="cpu")
    assert max(difference(a.image, b) for a, b in zip(packed, expected, strict=True)) <= 1
    plain = made([cell(models, family, {}, call=CALLS.get(family, {})) for family, _, _ in CASES])
    assert min(difference(a.image, b.image) for a, b in zip(plain, alone, strict=True)) > 1
    # the same files in a folder and by their own name are the same part
    assert alone[3].key == alone[4].key
    assert len({picture.key for picture in alone}) == len(cells) - 1


def test_checkpoints_of_a_denoiser_share_the_other_parts_in_memory(models, monkeypatch):
    LOADED.clear()
    read = []
    original = part_loading.read_folder

    def noted(library, cls, folder, dtype):
        read.append(cls)
        return original(library, cls, folder, dtype)

    monkeypatch.setattr(part_loading, "read_folder", noted)
    pipelines = []
    loaded = loading._pipeline

    def kept(identity, shared):
        pipelines.append(sorted(shared))
        return loaded(identity, shared)

    monkeypatch.setattr(loading, "_pipeline", kept)
    cells = [
        cell(models, "sd", {"unet": path}, seed=seed)
        for path in ("checkpoint-500", "checkpoint-500/unet_ema", "sharded")
        for seed in (0, 1)
    ]
    made(cells, device="cpu")
    # each checkpoint once, and everything else once
    assert read == ["UNet2DConditionModel"] * 3
    assert pipelines[0] == []
    assert all({"vae", "text_encoder", "tokenizer"} <= set(shared) for shared in pipelines[1:])
    assert len(LOADED) == 1


def refusal(models, family, sources, monkeypatch):
    monkeypatch.setattr(loading, "_load_pipeline", None)
    with pytest.raises(InvalidInput) as caught:
        made([cell(models, family, sources)], device="cpu")
    return str(caught.value)


def test_tensors_of_other_shapes_are_named_before_anything_loads(models, tmp_path, monkeypatch):
    unet = tiny.sd().unet
    tensors = whole(unet)
    tensors["conv_out.weight"] = torch.zeros(4, 16, 3, 3)
    save_file(tensors, tmp_path / "wide.safetensors")
    text = refusal(models, "sd", {"unet": tmp_path / "wide.safetensors"}, monkeypatch)
    assert "conv_out.weight is [4, 16, 3, 3] instead of [4, 32, 3, 3]" in text
    del tensors["conv_out.weight"]
    save_file(tensors, tmp_path / "short.safetensors")
    text = refusal(models, "sd", {"unet": tmp_path / "short.safetensors"}, monkeypatch)
    assert "1 tensors are missing (conv_out.weight)" in text
    save_file(whole(unet) | {"more.weight": torch.zeros(1)}, tmp_path / "more.safetensors")
    text = refusal(models, "sd", {"unet": tmp_path / "more.safetensors"}, monkeypatch)
    assert "1 tensors are no part of it (more.weight)" in text

    shutil.copytree(models / "sd" / "checkpoint-500" / "unet", tmp_path / "unet")
    config = tmp_path / "unet" / "config.json"
    config.write_text(
        json.dumps({**json.loads(config.read_text()), "block_out_channels": [32, 32]})
    )
    text = refusal(models, "sd", {"unet": tmp_path / "unet"}, monkeypatch)
    assert ".weight is [" in text
    assert "that fits its config" in text


def test_the_part_of_another_family_is_refused_with_a_tensor(models, monkeypatch):
    text = refusal(models, "sd", {"unet": models / "sdxl" / "unet"}, monkeypatch)
    assert "whose cross_attention_dim is 32 (this has 64)" in text
    assert "proj_in.weight is [64, 64] instead of [64, 64, 1, 1]" in text


def test_a_text_encoder_in_a_file_of_other_tensors_is_refused(models, tmp_path, monkeypatch):
    encoder = whole(tiny.sd().text_encoder)
    name = next(each for each in encoder if each.endswith("token_embedding.weight"))
    encoder[name] = torch.zeros(7, 32)
    save_file(encoder, tmp_path / "encoder.safetensors")
    text = refusal(models, "sd", {"text_encoder": tmp_path / "encoder.safetensors"}, monkeypatch)
    assert "token_embedding.weight is [7, 32] instead of [514, 32]" in text
    save_file({"lora.down": torch.zeros(2, 2)}, tmp_path / "lora.safetensors")
    text = refusal(models, "sd", {"text_encoder": tmp_path / "lora.safetensors"}, monkeypatch)
    assert "tensors are missing" in text


def test_a_checkpoint_without_the_part_names_those_that_it_has(models, tmp_path, monkeypatch):
    shutil.copytree(
        models / "sd" / "checkpoint-500" / "unet_ema", tmp_path / "checkpoint-1" / "unet_ema"
    )
    text = refusal(models, "sd", {"unet": tmp_path / "checkpoint-1"}, monkeypatch)
    assert "name one of the folders in it: unet_ema" in text


def test_a_part_in_a_file_is_made_again_from_its_hash(models, monkeypatch):
    # hashes of files that changed a moment ago are not kept
    monkeypatch.setattr("dwlab.models.fingerprint.SETTLED", -1.0)
    params = cell(models, "sd", {"unet": "state"})
    (first,) = made([params], device="cpu")
    (part,) = first.params.components
    assert part.weights
    (again,) = made([params.replace(components={"unet": {"weights": part.weights}})], device="cpu")
    assert again.key == first.key
    assert difference(again.image, first.image) == 0
    assert dwlab.generate("a red circle", **_options(params)).key == first.key


def _options(params):
    values = params.as_dict()
    values.pop("prompt")
    return {**values, "device": "cpu"}
