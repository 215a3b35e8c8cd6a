"""Tiny models as single files, with the tensors' names of the code that the models were published with."""

from __future__ import annotations

import re

import safetensors.torch
import torch

LDM = "model.diffusion_model."
RESNET = {
    "norm1.": "in_layers.0.", "conv1.": "in_layers.2.", "time_emb_proj.": "emb_layers.1.", "norm2.": "out_layers.0.",
    "conv2.": "out_layers.3.", "conv_shortcut.": "skip_connection.",
}  # fmt: skip
UNET = {
    "time_embedding.linear_1.": "time_embed.0.", "time_embedding.linear_2.": "time_embed.2.", "conv_in.": "input_blocks.0.0.",
    "conv_norm_out.": "out.0.", "conv_out.": "out.2.", "add_embedding.linear_1.": "label_emb.0.0.",
    "add_embedding.linear_2.": "label_emb.0.2.",
}  # fmt: skip


def save(path, tensors, metadata=None):
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(tensors, path, metadata)
    return path


def stable_diffusion(pipeline):
    return {
        **unet(pipeline.unet),
        **vae(pipeline.vae, "first_stage_model."),
        **clip(pipeline.text_encoder, "cond_stage_model.transformer."),
    }


def stable_diffusion_xl(pipeline):
    return {
        **unet(pipeline.unet),
        **vae(pipeline.vae, "first_stage_model."),
        **clip(pipeline.text_encoder, "conditioner.embedders.0.transformer."),
        **open_clip(pipeline.text_encoder_2, "conditioner.embedders.1.model."),
    }


def stable_diffusion_2(pipeline):
    return {
        **unet(pipeline.unet),
        **vae(pipeline.vae, "first_stage_model."),
        **open_clip(pipeline.text_encoder, "cond_stage_model.model."),
    }


def stable_diffusion_3(pipeline, t5=True):
    encoders = {
        **clip(pipeline.text_encoder, "text_encoders.clip_l.transformer."),
        **clip(pipeline.text_encoder_2, "text_encoders.clip_g.transformer."),
    }
    if t5:
        encoders |= prefixed(
            pipeline.text_encoder_3.state_dict(), "text_encoders.t5xxl.transformer."
        )
    return {**mmdit(pipeline.transformer), **vae(pipeline.vae, "first_stage_model."), **encoders}


def t5_tensors(model):
    """Without the second name of the embeddings, as files have them."""
    state = model.state_dict()
    state.pop("encoder.embed_tokens.weight", None)
    return state


def prefixed(tensors, prefix):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def replaced(name, words):
    for word, other in words.items():
        name = name.replace(word, other)
    return name


def unet(model):
    layers = model.config.layers_per_block
    tensors = {}
    for name, tensor in model.state_dict().items():
        start = next((start for start in UNET if name.startswith(start)), None)
        new = name.replace(start, UNET[start], 1) if start else unet_block(name, layers, model)
        tensors[LDM + new] = tensor
    return tensors


def unet_block(name, layers, model):
    if match := re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.*)", name):
        side, block, kind, layer, rest = match.groups()
        per_block = layers + 1
        if side == "down":
            start = f"input_blocks.{1 + int(block) * per_block + int(layer)}"
        else:
            start = f"output_blocks.{int(block) * per_block + int(layer)}"
        return f"{start}.0.{replaced(rest, RESNET)}" if kind == "resnets" else f"{start}.1.{rest}"
    if match := re.fullmatch(r"down_blocks\.(\d+)\.downsamplers\.0\.conv\.(.*)", name):
        return f"input_blocks.{(int(match[1]) + 1) * (layers + 1)}.0.op.{match[2]}"
    if match := re.fullmatch(r"up_blocks\.(\d+)\.upsamplers\.0\.(.*)", name):
        block = int(match[1])
        has_attention = "CrossAttn" in model.config.up_block_types[block]
        return (
            f"output_blocks.{block * (layers + 1) + layers}.{2 if has_attention else 1}.{match[2]}"
        )
    if match := re.fullmatch(r"mid_block\.resnets\.(\d)\.(.*)", name):
        return f"middle_block.{2 * int(match[1])}.{replaced(match[2], RESNET)}"
    match = re.fullmatch(r"mid_block\.attentions\.0\.(.*)", name)
    return f"middle_block.1.{match[1]}" if match else name


def vae(model, prefix):
    count = len(model.config.up_block_types)
    tensors = {}
    for name, tensor in model.state_dict().items():
        new = re.sub(r"down_blocks\.(\d+)\.resnets\.(\d+)", r"down.\1.block.\2", name)
        new = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", new)
        new = re.sub(
            r"up_blocks\.(\d+)\.resnets\.(\d+)",
            lambda m: f"up.{count - 1 - int(m[1])}.block.{m[2]}",
            new,
        )
        new = re.sub(
            r"up_blocks\.(\d+)\.upsamplers\.0",
            lambda m: f"up.{count - 1 - int(m[1])}.upsample",
            new,
        )
        new = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", new)
        new = replaced(new, {"conv_norm_out": "norm_out", "conv_shortcut": "nin_shortcut"})
        if "mid_block.attentions.0" in new:
            names = {
                "mid_block.attentions.0": "mid.attn_1", "group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v",
                "to_out.0": "proj_out",
            }  # fmt: skip
            new = replaced(new, names)
        # the original code attends with convolutions of one pixel
        is_linear = "attn_1" in new and tensor.ndim == 2
        tensors[prefix + new] = tensor[:, :, None, None] if is_linear else tensor
    return tensors


def clip(model, prefix):
    tensors = {}
    for name, tensor in model.state_dict().items():
        full = name if name.startswith(("text_model.", "text_projection")) else f"text_model.{name}"
        tensors[prefix + full] = tensor
    return tensors


def open_clip(model, prefix):
    names = {
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.final_layer_norm.": "ln_final.", "text_model.encoder.layers.": "transformer.resblocks.",
        "layer_norm1": "ln_1", "layer_norm2": "ln_2", ".fc1.": ".c_fc.", ".fc2.": ".c_proj.", ".self_attn.": ".attn.",
    }  # fmt: skip
    tensors = {}
    parts = {}
    for name, tensor in clip(model, "").items():
        new = replaced(name, names)
        if match := re.fullmatch(r"(.*\.attn)\.([qkv])_proj\.(weight|bias)", new):
            parts.setdefault(f"{match[1]}.in_proj_{match[3]}", {})[match[2]] = tensor
        elif new == "text_projection.weight":
            tensors[f"{prefix}text_projection"] = tensor.T
        else:
            tensors[prefix + new] = tensor
    for name, three in parts.items():
        tensors[prefix + name] = torch.cat([three["q"], three["k"], three["v"]])
    return tensors


def swapped(tensor):
    first, second = tensor.chunk(2)
    return torch.cat([second, first])


class Renaming:
    """Collects a model's tensors under other names; all of them have a weight and a bias."""

    def __init__(self, model, prefix=""):
        self.state = model.state_dict()
        self.prefix = prefix
        self.tensors = {}

    def single(self, new, old):
        self.tensors[self.prefix + new] = self.state[old]

    def move(self, new, old, change=lambda tensor: tensor):
        for kind in ("weight", "bias"):
            self.tensors[f"{self.prefix}{new}.{kind}"] = change(self.state[f"{old}.{kind}"])

    def join(self, new, *olds):
        for kind in ("weight", "bias"):
            joined = torch.cat([self.state[f"{old}.{kind}"] for old in olds])
            self.tensors[f"{self.prefix}{new}.{kind}"] = joined


def mmdit(model):
    names = Renaming(model, LDM)
    names.single("pos_embed", "pos_embed.pos_embed")
    names.move("x_embedder.proj", "pos_embed.proj")
    names.move("context_embedder", "context_embedder")
    for new, old in (("t_embedder", "timestep_embedder"), ("y_embedder", "text_embedder")):
        names.move(f"{new}.mlp.0", f"time_text_embed.{old}.linear_1")
        names.move(f"{new}.mlp.2", f"time_text_embed.{old}.linear_2")
    for number in range(model.config.num_layers):
        mmdit_block(names, model, number)
        mmdit_norms(names, model, number)
    names.move("final_layer.linear", "proj_out")
    names.move("final_layer.adaLN_modulation.1", "norm_out.linear", swapped)
    return names.tensors


def mmdit_block(names, model, number):
    block, old = f"joint_blocks.{number}", f"transformer_blocks.{number}"
    names.join(f"{block}.x_block.attn.qkv", *(f"{old}.attn.to_{letter}" for letter in "qkv"))
    added = (f"{old}.attn.add_{letter}_proj" for letter in "qkv")
    names.join(f"{block}.context_block.attn.qkv", *added)
    names.move(f"{block}.x_block.attn.proj", f"{old}.attn.to_out.0")
    names.move(f"{block}.x_block.adaLN_modulation.1", f"{old}.norm1.linear")
    names.move(f"{block}.x_block.mlp.fc1", f"{old}.ff.net.0.proj")
    names.move(f"{block}.x_block.mlp.fc2", f"{old}.ff.net.2")
    modulation = f"{block}.context_block.adaLN_modulation.1"
    if number == model.config.num_layers - 1:
        names.move(modulation, f"{old}.norm1_context.linear", swapped)
        return
    names.move(modulation, f"{old}.norm1_context.linear")
    names.move(f"{block}.context_block.attn.proj", f"{old}.attn.to_add_out")
    names.move(f"{block}.context_block.mlp.fc1", f"{old}.ff_context.net.0.proj")
    names.move(f"{block}.context_block.mlp.fc2", f"{old}.ff_context.net.2")


def mmdit_norms(names, model, number):
    """The norms and the second attention that SD3.5 added."""
    block, old = f"joint_blocks.{number}", f"transformer_blocks.{number}"
    if model.config.qk_norm:
        for letter in "qk":
            names.single(
                f"{block}.x_block.attn.ln_{letter}.weight", f"{old}.attn.norm_{letter}.weight"
            )
            added = f"{old}.attn.norm_added_{letter}.weight"
            names.single(f"{block}.context_block.attn.ln_{letter}.weight", added)
    if number in model.config.dual_attention_layers:
        names.join(f"{block}.x_block.attn2.qkv", *(f"{old}.attn2.to_{letter}" for letter in "qkv"))
        names.move(f"{block}.x_block.attn2.proj", f"{old}.attn2.to_out.0")
        for letter in "qk":
            names.single(
                f"{block}.x_block.attn2.ln_{letter}.weight", f"{old}.attn2.norm_{letter}.weight"
            )


def flux(model):
    names = Renaming(model)
    embedders = {"time_in": "timestep_embedder", "vector_in": "text_embedder"}
    if model.config.guidance_embeds:
        embedders["guidance_in"] = "guidance_embedder"
    for new, old in embedders.items():
        names.move(f"{new}.in_layer", f"time_text_embed.{old}.linear_1")
        names.move(f"{new}.out_layer", f"time_text_embed.{old}.linear_2")
    names.move("txt_in", "context_embedder")
    names.move("img_in", "x_embedder")
    for number in range(model.config.num_layers):
        flux_double_block(names, number)
    for number in range(model.config.num_single_layers):
        flux_single_block(names, number)
    names.move("final_layer.linear", "proj_out")
    names.move("final_layer.adaLN_modulation.1", "norm_out.linear", swapped)
    return names.tensors


# per side: the norm, the three projections, the feed-forward, the output and the norms' prefix
FLUX_SIDES = {
    "img": ("norm1", ("to_q", "to_k", "to_v"), "ff", "to_out.0", ""),
    "txt": (
        "norm1_context", ("add_q_proj", "add_k_proj", "add_v_proj"), "ff_context", "to_add_out", "added_",
    ),
}  # fmt: skip


def flux_double_block(names, number):
    old, block = f"transformer_blocks.{number}", f"double_blocks.{number}"
    for side, (norm, projections, feed, out, added) in FLUX_SIDES.items():
        names.move(f"{block}.{side}_mod.lin", f"{old}.{norm}.linear")
        names.join(f"{block}.{side}_attn.qkv", *(f"{old}.attn.{name}" for name in projections))
        names.move(f"{block}.{side}_attn.proj", f"{old}.attn.{out}")
        names.move(f"{block}.{side}_mlp.0", f"{old}.{feed}.net.0.proj")
        names.move(f"{block}.{side}_mlp.2", f"{old}.{feed}.net.2")
        for new, letter in (("query_norm", "q"), ("key_norm", "k")):
            norm_name = f"{old}.attn.norm_{added}{letter}.weight"
            names.single(f"{block}.{side}_attn.norm.{new}.scale", norm_name)


def flux_single_block(names, number):
    old, block = f"single_transformer_blocks.{number}", f"single_blocks.{number}"
    parts = ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")
    names.move(f"{block}.modulation.lin", f"{old}.norm.linear")
    names.join(f"{block}.linear1", *(f"{old}.{name}" for name in parts))
    names.move(f"{block}.linear2", f"{old}.proj_out")
    for new, letter in (("query_norm", "q"), ("key_norm", "k")):
        names.single(f"{block}.norm.{new}.scale", f"{old}.attn.norm_{letter}.weight")
