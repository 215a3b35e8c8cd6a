"""LoRA files for the tiny pipelines, with random weights, in the layouts that people's files have."""

from __future__ import annotations

import tiny
import torch
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import save_file

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj"]
RANK = 4


def layers(pipeline, seed=0, *, text=True):
    """Tensors [rank, inputs] and [outputs, rank] by part and layer, in peft's names.

    text: whether text encoders are changed too, those that diffusers loads LoRAs into.
    """
    torch.manual_seed(seed)
    tensors = {}
    for part in type(pipeline)._lora_loadable_modules:
        module = getattr(pipeline, part, None)
        is_text = part.startswith("text_encoder")
        if module is None or (is_text and not text):
            continue
        config = LoraConfig(r=RANK, target_modules=TEXT if is_text else ATTENTION)
        module.add_adapter(config)
        for name, tensor in get_peft_model_state_dict(module).items():
            tensors[f"{part}.{name}"] = torch.randn_like(tensor) * 0.3
    return tensors


def as_peft(tensors):
    return tensors


def as_diffusers(tensors):
    """The layout of older files: `to_q.lora.down`, and `q_proj.lora_linear_layer.down` in text encoders."""
    named = {}
    for name, tensor in tensors.items():
        layer, _, half = name.removesuffix(".weight").rpartition(".lora_")
        kind = "lora_linear_layer" if name.startswith("text_encoder") else "lora"
        named[f"{layer}.{kind}.{'down' if half == 'A' else 'up'}.weight"] = tensor
    return named


def as_kohya(tensors):
    """The layout of A1111 and ComfyUI, with an alpha of half the rank."""
    starts = {"unet": "lora_unet", "text_encoder": "lora_te", "text_encoder_2": "lora_te2"}
    if any(name.startswith("text_encoder_2.") for name in tensors):
        starts["text_encoder"] = "lora_te1"
    named = {}
    for name, tensor in tensors.items():
        part, _, layer = name.partition(".")
        layer, half, _ = layer.rpartition(".lora_")
        half = name.rpartition(".lora_")[2].removesuffix(".weight")
        if part != "unet" and not layer.startswith("text_model."):
            layer = f"text_model.{layer}"
        start = f"{starts[part]}_{layer.replace('.', '_')}"
        named[f"{start}.lora_{'down' if half == 'A' else 'up'}.weight"] = tensor
        named[f"{start}.alpha"] = torch.tensor(RANK / 2)
    return named


def write(path, tensors, metadata=None):
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)
    return path


def save_model_with_adapters(folder, vae="vae"):
    """Write a tiny model into folder/model, LoRAs beside it (ink, oil), and another VAE for it."""
    tiny.sd().save_pretrained(folder / "model")
    for seed, name in enumerate(("ink", "oil")):
        write(folder / f"{name}.safetensors", layers(tiny.sd(), seed))
    torch.manual_seed(3)
    other = tiny.vae()
    for parameter in other.decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    other.save_pretrained(folder / vae)
