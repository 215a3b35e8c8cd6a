"""Folders of tiny networks like CLIP with random weights, as transformers saves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import transformers
from tiny import clip_tokenizer, t5_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 32
_LAYERS = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
_CLIP_TEXT = {
    **_LAYERS,
    "vocab_size": 514,
    "max_position_embeddings": 77,
    "bos_token_id": 512,
    "eos_token_id": 513,
    "pad_token_id": 513,
}
_BERT_TEXT = {**_LAYERS, "vocab_size": 128, "max_position_embeddings": 66, "pad_token_id": 0}
_SIGLIP_TEXT = {
    **_LAYERS,
    "vocab_size": 128,
    "max_position_embeddings": 64,
    "projection_size": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
_VISION = {**_LAYERS, "image_size": SIDE, "patch_size": 8}
# kind -> class, configs of texts and pictures, image processor
_KINDS = {
    "clip": ("CLIP", _CLIP_TEXT, _VISION, "CLIPImageProcessorPil"),
    "metaclip_2": ("MetaClip2", _CLIP_TEXT, _VISION, "CLIPImageProcessorPil"),
    "siglip": ("Siglip", _SIGLIP_TEXT, _VISION, "SiglipImageProcessorPil"),
    "siglip2": (
        "Siglip2",
        _SIGLIP_TEXT,
        {**_LAYERS, "patch_size": 8, "num_patches": 16},
        "Siglip2ImageProcessorPil",
    ),
    "chinese_clip": ("ChineseCLIP", _BERT_TEXT, _VISION, "ChineseCLIPImageProcessorPil"),
    "altclip": ("AltCLIP", {**_BERT_TEXT, "project_dim": 32}, _VISION, "CLIPImageProcessorPil"),
}
KINDS = tuple(_KINDS)


def save(folder: Path, kind: str = "clip", seed: int = 0) -> Path:
    """A folder with a network of a kind; returns it."""
    name, text, vision, processor = _KINDS[kind]
    torch.manual_seed(seed)
    config = getattr(transformers, f"{name}Config")(
        text_config=text, vision_config=vision, projection_dim=32
    )
    model = getattr(transformers, f"{name}Model")(config).eval()
    model.save_pretrained(folder)
    tokenizer = clip_tokenizer() if text is _CLIP_TEXT else t5_tokenizer()
    tokenizer.save_pretrained(folder)
    image_processor(processor).save_pretrained(folder)
    return folder


def image_processor(name: str):
    """An image processor for small pictures."""
    cls = getattr(transformers, name)
    if name.startswith("Siglip2"):
        return cls(patch_size=8, max_num_patches=16)
    if name.startswith("Siglip"):
        return cls(size={"height": SIDE, "width": SIDE})
    size = {"shortest_edge": SIDE}
    if name.startswith("Chinese"):
        size = {"height": SIDE, "width": SIDE}
    return cls(size=size, crop_size={"height": SIDE, "width": SIDE})
