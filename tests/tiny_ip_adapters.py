"""IP-Adapter files for the tiny pipelines, with random weights, and the image encoder that they see through."""

from __future__ import annotations

import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

HIDDEN = 32  # numbers of a hidden state of the encoder
PROJECTED = 24  # numbers that it makes of a whole picture


def image_encoder(seed=0):
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=HIDDEN,
        intermediate_size=37,
        projection_dim=PROJECTED,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=32,
        patch_size=8,
    )
    return CLIPVisionModelWithProjection(config).eval()


def attention(unet, seed=0):
    """Keys and values of each layer of cross-attention, numbered as people's files number them."""
    torch.manual_seed(seed)
    tensors = {}
    number = 1
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            continue
        shape = unet.get_submodule(name.removesuffix(".processor")).to_k.weight.shape
        for half in ("to_k_ip", "to_v_ip"):
            tensors[f"ip_adapter.{number}.{half}.weight"] = torch.randn(shape) * 0.3
        number += 2
    return tensors


def plain(unet, seed=0):
    """An adapter that sees a picture as one vector, which becomes four tokens."""
    size = unet.config.cross_attention_dim
    tensors = attention(unet, seed)
    tensors["image_proj.proj.weight"] = torch.randn(4 * size, PROJECTED) * 0.3
    tensors["image_proj.proj.bias"] = torch.randn(4 * size) * 0.1
    tensors["image_proj.norm.weight"] = torch.ones(size)
    tensors["image_proj.norm.bias"] = torch.zeros(size)
    return tensors


def plus(unet, seed=0):
    """One that sees the encoder's hidden states, through a resampler of four layers."""
    size = unet.config.cross_attention_dim
    inner = 64
    shapes = {
        "latents": (1, 4, inner),
        "proj_in.weight": (inner, HIDDEN),
        "proj_in.bias": (inner,),
        "proj_out.weight": (size, inner),
        "proj_out.bias": (size,),
        "norm_out.weight": (size,),
        "norm_out.bias": (size,),
    }
    for layer in range(4):
        shapes |= {
            f"layers.{layer}.0.norm1.weight": (inner,),
            f"layers.{layer}.0.norm1.bias": (inner,),
            f"layers.{layer}.0.norm2.weight": (inner,),
            f"layers.{layer}.0.norm2.bias": (inner,),
            f"layers.{layer}.0.to_q.weight": (inner, inner),
            f"layers.{layer}.0.to_kv.weight": (2 * inner, inner),
            f"layers.{layer}.0.to_out.weight": (inner, inner),
            f"layers.{layer}.1.0.weight": (inner,),
            f"layers.{layer}.1.0.bias": (inner,),
            f"layers.{layer}.1.1.weight": (4 * inner, inner),
            f"layers.{layer}.1.3.weight": (inner, 4 * inner),
        }
    tensors = attention(unet, seed)
    for name, shape in shapes.items():
        tensors[f"image_proj.{name}"] = torch.randn(shape) * 0.3
    return tensors


def write(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return str(path)
