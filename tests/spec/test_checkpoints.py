"""A folder or file that is not a pipeline is described, with what to do about it."""

from __future__ import annotations

import pytest
import safetensors.torch
import torch
from checkpoint_folders import write

from dwlab.errors import ModelError
from dwlab.models.identity import identify


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def lora(folder, name="pytorch_lora_weights.safetensors"):
    safetensors.torch.save_file({"unet.down.lora_A.weight": torch.zeros(2)}, folder / name)


def component(**config):
    return lambda folder: write(folder / "config.json", config)


NO_PIPELINES = {
    "a ControlNet": (
        component(_class_name="ControlNetModel"),
        r"a ControlNet, .*\(ControlNetModel\)",
    ),
    "a FLUX ControlNet": (component(_class_name="FluxControlNetModel"), "a ControlNet"),
    "a T2I adapter": (component(_class_name="T2IAdapter"), "an adapter"),
    "a UNet": (component(_class_name="UNet2DConditionModel"), "the denoiser of a pipeline alone"),
    "a transformer": (
        component(_class_name="SD3Transformer2DModel"),
        "the denoiser of a pipeline alone",
    ),
    "a VAE": (component(_class_name="AutoencoderKL"), "the autoencoder"),
    "a text encoder": (component(model_type="clip_text_model"), "a transformers model alone"),
    "another part": (
        component(_class_name="StableDiffusionSafetyChecker"),
        "a part of a pipeline alone",
    ),
    "a scheduler": (lambda f: write(f / "scheduler_config.json", {}), "the scheduler"),
    "a tokenizer": (lambda f: write(f / "tokenizer_config.json", {}), "the tokenizer"),
    "a LoRA": (lora, "a LoRA, which changes another model"),
    "a LoRA of PEFT": (lambda f: write(f / "adapter_config.json", {}), "a LoRA"),
    "a LoRA of another name": (
        lambda f: lora(f, "style.safetensors"),
        r"a LoRA \(style.safetensors\)",
    ),
    "an embedding": (lambda f: write(f / "learned_embeds.safetensors", ""), "an embedding"),
    "a single file": (
        lambda f: write(f / "v1-5-pruned.safetensors", "x"),
        r"single-file.*give that file: .*v1-5-pruned",
    ),
    "an old single file": (lambda f: write(f / "model.ckpt", "x"), "single-file checkpoint"),
    "the hub's cache": (lambda f: (f / "snapshots").mkdir(), "a repository of the hub's cache"),
    "a folder of pipelines": (
        lambda f: write(f / "mine" / "model_index.json", {}),
        "a folder of pipelines.*mine",
    ),
    "a modular pipeline": (
        lambda f: write(f / "modular_model_index.json", {}),
        "a modular pipeline",
    ),
    "a config that is none": (
        lambda f: write(f / "config.json", "["),
        "nothing that diffusers saved",
    ),
    "nothing": (lambda _: None, "nothing that diffusers saved"),
}


@pytest.mark.parametrize("case", NO_PIPELINES)
def test_the_error_about_a_folder_without_a_pipeline_says_what_is_in_it(empty, case):
    make, words = NO_PIPELINES[case]
    make(empty)
    with pytest.raises(ModelError, match=f"(?s){words}") as caught:
        identify(str(empty))
    assert "dwlab draws with whole text-to-image pipelines" in str(caught.value)
    assert "give " in str(caught.value)


def test_the_error_about_a_file_instead_of_a_folder_says_what_it_is(empty):
    lora(empty, "style.safetensors")
    write(empty / "notes.txt", "hello")
    write(empty / "old.ckpt", "x")
    for name, words in {
        "style.safetensors": "a LoRA",
        "notes.txt": "a file that holds no model",
        "old.ckpt": "a pickle .*`dwlab convert .*old.ckpt`",
    }.items():
        with pytest.raises(ModelError, match=words):
            identify(str(empty / name))
