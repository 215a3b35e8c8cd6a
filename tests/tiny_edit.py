"""Tiny models that change a picture by what a text says of it: Qwen-Image-Edit."""

from __future__ import annotations

import importlib.util
import json

import diffusers
import torch
import transformers
from diffusers import FlowMatchEulerDiscreteScheduler
from tiny_families import chat_tokenizer, denoiser, qwen_vl

HAS_TORCHVISION = importlib.util.find_spec("torchvision") is not None
MARKS = (
    "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip


def qwen_edit():
    return _qwen_edit(diffusers.QwenImageEditPipeline)


def qwen_edit_plus():
    return _qwen_edit(diffusers.QwenImageEditPlusPipeline)


def _qwen_edit(cls):
    tokenizer = chat_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": list(MARKS)})
    ids = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in MARKS}
    text_encoder = qwen_vl(vocab_size=160)
    for name, mark in (("image", "<|image_pad|>"), ("video", "<|video_pad|>")):
        setattr(text_encoder.config, f"{name}_token_id", ids[mark])
    text_encoder.config.vision_start_token_id = ids["<|vision_start|>"]
    return cls(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=_vae(), text_encoder=text_encoder, tokenizer=tokenizer,
        processor=_processor(tokenizer, ids),
        transformer=denoiser(
            "QwenImageTransformer2DModel", patch_size=2, in_channels=16, out_channels=4, num_layers=1,
            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16, axes_dims_rope=(8, 4, 4),
        ),
    )  # fmt: skip


def _vae():
    """A small one: these pipelines encode their picture with about a megapixel, whatever its size."""
    torch.manual_seed(0)
    return diffusers.AutoencoderKLQwenImage(
        base_dim=2, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, latents_mean=[0.0] * 4, latents_std=[1.0] * 4
    ).eval()  # fmt: skip


def _processor(tokenizer, ids):
    pixels = {"min_pixels": 28 * 28, "max_pixels": 56 * 56}
    images = transformers.Qwen2VLImageProcessor(**pixels)
    if HAS_TORCHVISION:
        videos = transformers.Qwen2VLVideoProcessor(**pixels)
        return transformers.Qwen2VLProcessor(images, tokenizer, videos)
    # without torchvision it cannot be made, but for videos it works
    processor = object.__new__(transformers.Qwen2VLProcessor)
    processor.image_processor, processor.tokenizer = images, tokenizer
    processor.video_processor = processor.chat_template = None
    for name in ("image", "video"):
        setattr(processor, f"{name}_token", f"<|{name}_pad|>")
        setattr(processor, f"{name}_token_id", ids[f"<|{name}_pad|>"])
    return processor


def save_without_processor(pipeline, folder):
    """Save what can be saved without torchvision, with an index that names all parts."""
    processor = pipeline.processor
    pipeline.register_modules(processor=None)
    pipeline.save_pretrained(folder)
    pipeline.register_modules(processor=processor)
    index = json.loads((folder / "model_index.json").read_text())
    index["processor"] = ["transformers", "Qwen2VLProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    processor.image_processor.save_pretrained(folder / "processor")
