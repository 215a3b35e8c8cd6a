"""Tiny models in one file, with the folder of configs that each needs; made once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import diffusers
import original_layouts
import tiny
import tiny_families
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class SingleFile:
    """A file, its folder of configs, and what stock needs beside the two."""

    file: Path
    configs: Path
    pipeline: type
    options: dict
    call: dict


def wide_text_encoder(width=64):
    """An encoder of another width than the first: the two of SDXL are told apart by it."""
    config = CLIPTextConfig(
        vocab_size=514, hidden_size=width, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, bos_token_id=512, eos_token_id=513, pad_token_id=513, projection_dim=width,
    )  # fmt: skip
    return tiny_families.lively(CLIPTextModelWithProjection(config))


def sdxl():
    pipeline = tiny.sdxl()
    changes = {"cross_attention_dim": 96, "projection_class_embeddings_input_dim": 6 * 8 + 64}
    config = {name: value for name, value in pipeline.unet.config.items() if name[0] != "_"}
    components = pipeline.components | {
        "unet": tiny_families.lively(UNet2DConditionModel(**config | changes)),
        "text_encoder_2": wide_text_encoder(),
    }
    return diffusers.StableDiffusionXLPipeline(**components, add_watermarker=False)


def sd3():
    pipeline = tiny.sd3()
    return diffusers.StableDiffusion3Pipeline(
        **pipeline.components
        | {
            "text_encoder_2": wide_text_encoder(48),
            "transformer": tiny_families.denoiser(
                "SD3Transformer2DModel", sample_size=8, patch_size=1, in_channels=4, out_channels=4, num_layers=2,
                attention_head_dim=8, num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=32,
                pooled_projection_dim=80,
            ),
        }
    )  # fmt: skip


def write(folder, name, pipeline, tensors, call=None, **options):
    """Save a model as a file, and its configs without the weights that are in the file."""
    configs = folder / f"{name}-configs"
    pipeline.save_pretrained(configs)
    for part in ("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3"):
        if part not in options.get("lent", ()):
            (configs / part / "model.safetensors").unlink(missing_ok=True)
            (configs / part / "diffusion_pytorch_model.safetensors").unlink(missing_ok=True)
    file = original_layouts.save(folder / f"{name}.safetensors", tensors)
    return SingleFile(file, configs, type(pipeline), options.get("stock", {}), call or {})


def make(folder):
    """All of them, by the name of their layout."""
    sd, xl, three, flux, lcm = tiny.sd(), sdxl(), sd3(), tiny.flux(), tiny_families.lcm()
    beside_flux = ("vae", "text_encoder", "text_encoder_2")
    beside_lcm = ("vae", "text_encoder")
    return {
        "sd15": write(folder, "sd15", sd, original_layouts.stable_diffusion(sd)),
        "sdxl": write(folder, "sdxl", xl, original_layouts.stable_diffusion_xl(xl)),
        "sd3": write(folder, "sd3", three, original_layouts.stable_diffusion_3(three)),
        # diffusers converts the original names of FLUX.1 at its full width only
        "flux": write(
            folder, "flux", flux, flux.transformer.state_dict(), lent=beside_flux,
            stock={name: getattr(flux, name) for name in beside_flux},
        ),
        "lcm": write(
            folder, "lcm", lcm, lcm.unet.state_dict(), lent=beside_lcm,
            stock={name: getattr(lcm, name) for name in beside_lcm},
        ),
    }  # fmt: skip
