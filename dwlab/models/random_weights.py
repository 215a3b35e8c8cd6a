"""Stable Diffusion's shapes with random weights, for measuring speed.

Sizes are those of the published configs of stable-diffusion-v1-5 and stable-diffusion-xl-base-1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

SEED = 0
VOCABULARY = 49408  # of CLIP's own tokenizer; the one here uses the first few
START = 512  # the first token of a text
END = 513  # the last token of a text, and the padding
BETAS = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
}


def build(name: str, dtype: torch.dtype) -> DiffusionPipeline:
    """The pipeline of a catalog entry without weights, on the CPU.

    The weights are the same every time, rounded to `dtype`.
    """
    # modules on "meta" are not initialized, as that is done below
    with torch.device("meta"):
        parts = {"sd15-geometry": _sd15, "sdxl-geometry": _sdxl}[name]()
    generator = torch.Generator().manual_seed(SEED)
    for part in parts.values():
        if isinstance(part, torch.nn.Module):
            part.to_empty(device="cpu").eval()
            _fill(part, generator)
            part.to(dtype)
    if name == "sd15-geometry":
        return StableDiffusionPipeline(
            **parts,
            scheduler=PNDMScheduler(**BETAS, skip_prk_steps=True),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return StableDiffusionXLPipeline(
        **parts, scheduler=EulerDiscreteScheduler(**BETAS), add_watermarker=False
    )


def _fill(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Fill in weights so that values stay of order one through all layers.

    Matrices are uniform with a variance of 1/(3 fan-in), scales are 1, biases 0.
    """
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            bound = (parameter[0].numel() if "embedding" not in name else 2500) ** -0.5
            parameter.data.uniform_(-bound, bound, generator=generator)
        else:
            parameter.data.fill_(float(name.endswith(("weight", "scale"))))
    for name, buffer in module.named_buffers():
        if name.endswith("position_ids"):  # counts the tokens of a CLIP
            buffer.copy_(torch.arange(buffer.shape[-1]).expand_as(buffer))


def _sd15() -> dict[str, Any]:
    return {
        "tokenizer": _words(),
        "text_encoder": _clip(CLIPTextModel, 768, 12, 12, "quick_gelu"),
        "unet": UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8),
        "vae": _vae(512),
    }


def _sdxl() -> dict[str, Any]:
    return {
        "tokenizer": _words(),
        "tokenizer_2": _words(),
        "text_encoder": _clip(CLIPTextModel, 768, 12, 12, "quick_gelu"),
        "text_encoder_2": _clip(CLIPTextModelWithProjection, 1280, 32, 20, "gelu"),
        "unet": UNet2DConditionModel(
            sample_size=128,
            cross_attention_dim=2048,
            block_out_channels=(320, 640, 1280),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(5, 10, 20),
            transformer_layers_per_block=(1, 2, 10),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        ),
        "vae": _vae(1024, scaling_factor=0.13025, force_upcast=True),
    }


def _vae(side: int, **options: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        sample_size=side,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        **options,
    )


def _clip(cls: Any, width: int, layers: int, heads: int, activation: str) -> Any:
    return cls(
        CLIPTextConfig(
            vocab_size=VOCABULARY,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            hidden_act=activation,
            projection_dim=width,
            max_position_embeddings=77,
            bos_token_id=START,
            eos_token_id=END,
            pad_token_id=END,
        )
    )


def _words() -> CLIPTokenizer:
    """A tokenizer with one token per byte."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    tokens = [
        *letters,
        *(letter + "</w>" for letter in letters),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
