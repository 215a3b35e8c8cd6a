"""Tiny ControlNets with random weights, and the models that they go with."""

from __future__ import annotations

import diffusers
import tiny
import tiny_families
import torch


def lively(net, seed):
    """A net whose layers all do something; as they start, those at its ends give zero."""
    torch.manual_seed(seed)
    for name, parameter in net.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3 if _is_end(name) else 0.1)
    return net.eval()


def _is_end(name):
    return "controlnet" in name or "input_block" in name or "pos_embed_input" in name


def _config(part, *names):
    return {name: part.config[name] for name in names}


def for_unet(pipeline, seed):
    net = diffusers.ControlNetModel.from_unet(
        pipeline.unet, conditioning_embedding_out_channels=(16, 32)
    )
    torch.manual_seed(seed)
    for name, parameter in net.named_parameters():
        if "controlnet" in name and parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return net.eval()


def union_for_unet(pipeline, seed):
    names = (
        "block_out_channels", "down_block_types", "layers_per_block", "cross_attention_dim", "attention_head_dim",
        "norm_num_groups", "transformer_layers_per_block", "use_linear_projection", "addition_embed_type",
        "addition_time_embed_dim", "projection_class_embeddings_input_dim",
    )  # fmt: skip
    net = diffusers.ControlNetUnionModel(
        **_config(pipeline.unet, *names), conditioning_embedding_out_channels=(16, 32),
        num_trans_channel=32, num_trans_head=2, num_proj_channel=32,
    )  # fmt: skip
    return lively(net, seed)


def for_sd3(pipeline, seed):
    names = (
        "sample_size", "patch_size", "in_channels", "out_channels", "attention_head_dim", "num_attention_heads",
        "joint_attention_dim", "caption_projection_dim", "pooled_projection_dim",
    )  # fmt: skip
    return lively(
        diffusers.SD3ControlNetModel(**_config(pipeline.transformer, *names), num_layers=1), seed
    )


def for_flux(pipeline, seed, **changes):
    names = (
        "patch_size", "in_channels", "num_layers", "num_single_layers", "attention_head_dim", "num_attention_heads",
        "joint_attention_dim", "pooled_projection_dim", "axes_dims_rope", "guidance_embeds",
    )  # fmt: skip
    config = _config(pipeline.transformer, *names) | changes
    return lively(diffusers.FluxControlNetModel(**config), seed)


def union_for_flux(pipeline, seed):
    # nor all of them add something to the blocks of the second half
    return for_flux(pipeline, seed, num_mode=4, num_single_layers=0)


def for_qwen(pipeline, seed):
    names = (
        "patch_size", "in_channels", "out_channels", "attention_head_dim", "num_attention_heads", "joint_attention_dim",
        "axes_dims_rope",
    )  # fmt: skip
    config = _config(pipeline.transformer, *names)
    return lively(diffusers.QwenImageControlNetModel(**config, num_layers=2), seed)


def for_hunyuandit(pipeline, seed):
    names = (
        "sample_size", "patch_size", "attention_head_dim", "num_attention_heads", "in_channels", "hidden_size",
        "cross_attention_dim", "cross_attention_dim_t5", "pooled_projection_dim",
    )  # fmt: skip
    config = _config(pipeline.transformer, *names)
    return lively(diffusers.HunyuanDiT2DControlNetModel(**config, transformer_num_layers=4), seed)


def for_sana(pipeline, seed):
    names = (
        "patch_size", "in_channels", "out_channels", "num_attention_heads", "attention_head_dim", "sample_size",
        "num_cross_attention_heads", "cross_attention_head_dim", "cross_attention_dim", "caption_channels",
    )  # fmt: skip
    config = _config(pipeline.transformer, *names)
    return lively(diffusers.SanaControlNetModel(**config, num_layers=1), seed)


def sd3_of_two_blocks():
    """The last block of SD3 takes nothing from a ControlNet."""
    return _deeper(tiny.sd3(), num_layers=2)


def hunyuandit_of_four_blocks():
    """Two of its blocks take nothing from a ControlNet."""
    return _deeper(tiny_families.hunyuandit(), num_layers=4)


def _deeper(pipeline, **changes):
    config = {k: v for k, v in pipeline.transformer.config.items() if not k.startswith("_")}
    name = type(pipeline.transformer).__name__
    pipeline.register_modules(transformer=tiny_families.denoiser(name, **config | changes))
    return pipeline
