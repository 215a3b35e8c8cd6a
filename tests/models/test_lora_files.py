"""A LoRA file that cannot be used is refused in words, before any model loads."""

from __future__ import annotations

import json
import pickle
import struct

import numpy as np
import pytest
import tiny
import tiny_loras
import torch
from safetensors.torch import save_file

import dwlab
from dwlab.errors import InvalidInput, MissingExtra
from dwlab.models import fingerprint, loading, lora_files
from dwlab.models.lora_files import find
from dwlab.runs.sweep import Sweep
from dwlab.spec.loras import Lora


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny SD model, and the LoRA files of several families beside it."""
    folder = tmp_path_factory.mktemp("loras")
    tiny.sd().save_pretrained(folder / "model")
    for family in ("sd", "sdxl", "sd3", "flux"):
        tensors = tiny_loras.layers(getattr(tiny, family)())
        tiny_loras.write(folder / f"{family}.safetensors", tensors)
    return folder


def refused(path, **more):
    with pytest.raises(InvalidInput) as error:
        find("loras[0]", Lora(str(path), **more))
    return str(error.value)


def test_a_good_file_is_known_by_its_content(folder, tmp_path, monkeypatch):
    # hashes of files that changed a moment ago are not kept
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    file = find("loras[0]", Lora(str(folder / "sd.safetensors")))
    link = tmp_path / "link.safetensors"
    link.symlink_to(folder / "sd.safetensors")
    assert find("loras[0]", Lora(str(link))).sha256 == file.sha256
    assert find("loras[0]", Lora(sha256=file.sha256)).sha256 == file.sha256
    assert find("loras[0]", Lora("gone.safetensors", sha256=file.sha256)).sha256 == file.sha256
    assert "with the SHA-256" in refused(folder / "sdxl.safetensors", sha256=file.sha256)


def test_files_that_are_not_there_or_not_safetensors_are_refused(tmp_path, folder):
    assert "a safetensors file that exists" in refused(tmp_path / "none.safetensors")
    assert "dwlab has read on this machine" in refused("", sha256="0" * 64)
    for name in ("a.bin", "a.pt", "a.ckpt"):
        (tmp_path / name).write_bytes(pickle.dumps({}))
        assert "dwlab convert" in refused(tmp_path / name)
    (tmp_path / "a.txt").write_text("x")
    assert "ends in .safetensors" in refused(tmp_path / "a.txt")
    for name in ("~nobody-of-this-name/a.safetensors", "a" * 300 + ".safetensors"):
        assert "a safetensors file that exists" in refused(name, name="a")
    (tmp_path / "folder.safetensors").mkdir()
    assert "not a regular file" in refused(tmp_path / "folder.safetensors")


def test_hostile_safetensors_are_refused(tmp_path, folder):
    good = (folder / "sd.safetensors").read_bytes()
    hostile = {
        "empty": b"",
        "pickle": pickle.dumps({"lora": 1}),
        "truncated": good[:-10],
        "trailing": good + b"x",
        "huge header": struct.pack("<Q", 1 << 60) + b"{}",
        "not JSON": struct.pack("<Q", 2) + b"{{",
        "overflow": struct.pack("<Q", 80)
        + json.dumps({"lora": {"dtype": "F32", "shape": [1 << 62], "data_offsets": [0, 4]}})
        .ljust(80)
        .encode(),
    }
    for name, data in hostile.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(data)
        assert "complete safetensors file" in refused(path), name


def test_what_is_no_lora_is_told_by_what_it_seems_to_be(tmp_path):
    kinds = {
        "a whole checkpoint": "model.diffusion_model.input_blocks.0.0.weight",
        "a textual inversion": "emb_params",
        "a LoHa": "lora_unet_mid.hada_w1_a"[10:],
        "something else": "weight",
    }
    for kind, tensor in kinds.items():
        path = tmp_path / "file.safetensors"
        save_file({tensor: torch.zeros(2, 2)}, path)
        assert kind in refused(path)
    save_file({}, path)
    assert "empty" in refused(path)


@pytest.mark.parametrize(
    "settings",
    [
        {"unet.megatron_config": {"a": 1}, "unet.megatron_core": "antigravity"},
        {"unet.init_lora_weights": "pissa"},
        {"unet.auto_mapping": {"parent_library": "os"}},
        {"unet.target_modules": "(a+)+$"},
        {"unet.rank_pattern": {"(a+)+$": 4}},
        {"unet.layer_replication": [[0, 4]]},
        {"unet.no_such_setting": 1},
    ],
)
def test_settings_that_name_code_or_change_the_model_are_refused(settings, folder, tmp_path):
    tensors = tiny_loras.layers(tiny.sd())
    path = tmp_path / "file.safetensors"
    tiny_loras.write(path, tensors, {"lora_adapter_metadata": json.dumps(settings)})
    assert "plain settings" in refused(path)


def test_settings_that_diffusers_writes_are_read(folder, tmp_path):
    import diffusers
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft import LoraConfig, get_peft_model_state_dict

    pipeline = tiny.sd()
    pipeline.unet.add_adapter(LoraConfig(r=4, lora_alpha=2, target_modules=["to_q", "to_v"]))
    layers = {
        name: torch.randn_like(tensor)
        for name, tensor in get_peft_model_state_dict(pipeline.unet).items()
    }
    diffusers.StableDiffusionPipeline.save_lora_weights(
        tmp_path,
        unet_lora_layers=convert_state_dict_to_diffusers(layers),
        unet_lora_adapter_metadata=pipeline.unet.peft_config["default"].to_dict(),
    )
    (file,) = tmp_path.glob("*.safetensors")
    lora = {"file": str(file), "weight": 0.7}
    options = {"model": str(folder / "model"), "width": 16, "height": 16, "steps": 2}
    picture = dwlab.generate("a star", loras=[lora], **options)
    stock = tiny.sd()
    stock.load_lora_weights(str(file), adapter_name="a")
    stock.set_adapters(["a"], [0.7])
    expected = stock(
        "a star",
        num_inference_steps=2,
        guidance_scale=picture.params.guidance,
        width=16,
        height=16,
        generator=torch.Generator().manual_seed(0),
    ).images[0]
    assert np.abs(np.asarray(picture.image, int) - np.asarray(expected, int)).max() <= 1


def test_a_lora_of_another_family_is_refused_before_the_model_loads(folder, monkeypatch):
    def load(*_):
        pytest.fail("a model was loaded")

    monkeypatch.setattr(loading, "_load_pipeline", load)
    words = {
        "sdxl": "for layers of another size",
        "sd3": "changes layers that the model does not have",
        "flux": "made for FLUX.1",
    }
    for family, reason in words.items():
        spec = Sweep(
            "sweep",
            model=str(folder / "model"),
            base={"prompt": "x", "loras": [{"file": str(folder / f"{family}.safetensors")}]},
        )
        with pytest.raises(InvalidInput, match=reason):
            spec.plan(folder / "results", device="cpu")
        with pytest.raises(InvalidInput, match=reason):
            spec.run(folder / "results", device="cpu")


def test_a_model_for_measuring_takes_none(folder):
    with pytest.raises(InvalidInput, match="for measuring"):
        dwlab.generate("x", model="sd15-geometry", loras=[str(folder / "sd.safetensors")])


def test_without_the_library_the_command_that_installs_it_is_named(folder, monkeypatch):
    monkeypatch.setattr(lora_files.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[models\]"'):
        find("loras[0]", Lora(str(folder / "sd.safetensors")))


@pytest.mark.parametrize("bias", [False, True])
def test_a_control_lora_that_widens_the_first_layer_of_flux_is_refused(tmp_path, bias):
    """FLUX.1's LoRAs for depth and edges take a picture beside the latents: twice the channels."""
    flux = tiny.flux()
    flux.save_pretrained(tmp_path / "flux")
    layer = flux.transformer.x_embedder
    tensors = tiny_loras.layers(tiny.flux(), text=False)
    name = "transformer.x_embedder.lora_"
    tensors[f"{name}A.weight"] = torch.randn(4, 2 * layer.in_features)
    tensors[f"{name}B.weight"] = torch.randn(layer.out_features, 4)
    if bias:
        tensors[f"{name}B.bias"] = torch.randn(layer.out_features)
    file = tiny_loras.write(tmp_path / "depth.safetensors", tensors)
    with pytest.raises(InvalidInput, match=r"x_embedder takes 8 numbers.* the model's takes 4"):
        dwlab.generate(
            "x",
            model=str(tmp_path / "flux"),
            steps=1,
            width=16,
            height=16,
            loras=[{"file": str(file)}],
        )
