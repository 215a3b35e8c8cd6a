"""Tiny pipelines of the transformer families that are packed, with random weights, built from their configs."""

from __future__ import annotations

import inspect

import diffusers
import torch
import transformers
from diffusers import FlowMatchEulerDiscreteScheduler
from tiny import clip_tokenizer, flux, sd, sdxl, t5_encoder, t5_tokenizer, vae

CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def chat_tokenizer():
    tokenizer = t5_tokenizer()
    tokenizer.chat_template = CHAT
    return tokenizer


def decoder_config(name, **changes):
    """A config of a small language model whose vocabulary is that of `t5_tokenizer`."""
    base = {
        "vocab_size": 128, "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
    }  # fmt: skip
    return getattr(transformers, name)(**base | changes)


def lively(module):
    """Weights large enough that text, time and guidance show in the picture; as they start, many layers pass on nothing."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=1.5 * parameter.shape[-1] ** -0.5)
    return module.eval()


def encoder(model, config):
    return lively(getattr(transformers, model)(config))


def denoiser(model, **config):
    return lively(getattr(diffusers, model)(**config))


def sd_pag():
    pipeline = sd()
    return diffusers.StableDiffusionPAGPipeline(
        **pipeline.components, requires_safety_checker=False, pag_applied_layers=["mid"]
    )


def sdxl_pag():
    return diffusers.StableDiffusionXLPAGPipeline(**sdxl().components, pag_applied_layers=["mid"])


def lcm():
    torch.manual_seed(0)
    components = sd().components
    config = {
        name: value for name, value in components["unet"].config.items() if not name.startswith("_")
    }
    components["unet"] = diffusers.UNet2DConditionModel(
        **config | {"time_cond_proj_dim": 16}
    ).eval()
    components["scheduler"] = diffusers.LCMScheduler()
    return diffusers.LatentConsistencyModelPipeline(**components, requires_safety_checker=False)


def auraflow():
    return diffusers.AuraFlowPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=encoder(
            "UMT5EncoderModel",
            transformers.UMT5Config(
                vocab_size=128, d_model=32, d_ff=37, d_kv=8, num_heads=4, num_layers=2, pad_token_id=0, eos_token_id=1
            ),
        ),
        vae=vae(),
        transformer=denoiser(
            "AuraFlowTransformer2DModel", sample_size=16, patch_size=2, in_channels=4, num_mmdit_layers=1,
            num_single_dit_layers=1, attention_head_dim=8, num_attention_heads=4, caption_projection_dim=32,
            joint_attention_dim=32, pos_embed_max_size=256,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip


def chroma():
    return diffusers.ChromaPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(1, quant=False), text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(),
        transformer=denoiser(
            "ChromaTransformer2DModel", patch_size=1, in_channels=4, num_layers=1, num_single_layers=1,
            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32, axes_dims_rope=(4, 4, 8),
            approximator_hidden_dim=32, approximator_layers=1, approximator_num_channels=16,
        ),
    )  # fmt: skip


def cogview3plus():
    return diffusers.CogView3PlusPipeline(
        tokenizer=t5_tokenizer(), text_encoder=t5_encoder(), vae=vae(),
        transformer=denoiser(
            "CogView3PlusTransformer2DModel", patch_size=2, in_channels=4, num_layers=1, attention_head_dim=8,
            num_attention_heads=4, out_channels=4, text_embed_dim=32, time_embed_dim=8, condition_dim=2,
            pos_embed_max_size=8, sample_size=8,
        ),
        scheduler=diffusers.CogVideoXDDIMScheduler(),
    )  # fmt: skip


def cogview4():
    return diffusers.CogView4Pipeline(
        tokenizer=t5_tokenizer(), text_encoder=encoder("GlmModel", decoder_config("GlmConfig")), vae=vae(),
        transformer=denoiser(
            "CogView4Transformer2DModel", patch_size=2, in_channels=4, num_layers=1, attention_head_dim=8,
            num_attention_heads=4, out_channels=4, text_embed_dim=32, time_embed_dim=8, condition_dim=4,
            rope_axes_dim=(16, 16),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(
            base_shift=0.25, max_shift=0.75, base_image_seq_len=256, use_dynamic_shifting=True, time_shift_type="linear"
        ),
    )  # fmt: skip


def klein():
    torch.manual_seed(0)
    return diffusers.Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLFlux2(
            block_out_channels=(32, 64), norm_num_groups=8, sample_size=16, latent_channels=1, layers_per_block=1,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        ).eval(),
        text_encoder=encoder("Qwen3ForCausalLM", decoder_config("Qwen3Config", num_hidden_layers=28)),
        tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "Flux2Transformer2DModel", patch_size=1, in_channels=4, num_layers=1, num_single_layers=1,
            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=96,
            timestep_guidance_channels=16, axes_dims_rope=[4, 4, 4, 4], guidance_embeds=False,
        ),
    )  # fmt: skip


def hunyuandit():
    bert = transformers.BertConfig(
        vocab_size=514,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
    )
    return diffusers.HunyuanDiTPipeline(
        vae=vae(), text_encoder=encoder("BertModel", bert), tokenizer=clip_tokenizer(), text_encoder_2=t5_encoder(),
        tokenizer_2=t5_tokenizer(),
        transformer=denoiser(
            "HunyuanDiT2DModel", sample_size=8, num_layers=2, patch_size=2, attention_head_dim=8, num_attention_heads=4,
            in_channels=4, hidden_size=32, cross_attention_dim=32, cross_attention_dim_t5=32, pooled_projection_dim=16,
        ),
        scheduler=diffusers.DDPMScheduler(), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def gemma():
    return encoder("Gemma2Model", decoder_config("Gemma2Config"))


def deep_vae():
    """A decoder of eight pixels a latent, which Lumina2 takes for granted."""
    torch.manual_seed(0)
    return diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), norm_num_groups=4, latent_channels=4, use_quant_conv=False,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, use_post_quant_conv=False,
        shift_factor=0.06, scaling_factor=1.5,
    ).eval()  # fmt: skip


def lumina2():
    return diffusers.Lumina2Pipeline(
        transformer=denoiser(
            "Lumina2Transformer2DModel", sample_size=4, patch_size=2, in_channels=4, hidden_size=32, num_layers=1,
            num_refiner_layers=1, num_attention_heads=2, num_kv_heads=1, multiple_of=16, axes_dim_rope=(4, 8, 4),
            axes_lens=(300, 64, 64), cap_feat_dim=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=deep_vae(), text_encoder=gemma(), tokenizer=t5_tokenizer(),
    )  # fmt: skip


def ovis():
    return diffusers.OvisImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(1, quant=False),
        text_encoder=encoder("Qwen3Model", decoder_config("Qwen3Config")), tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "OvisImageTransformer2DModel", patch_size=1, in_channels=4, out_channels=4, num_layers=1,
            num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32,
            axes_dims_rope=(4, 4, 8),
        ),
    )  # fmt: skip


def pixart():
    return diffusers.PixArtSigmaPipeline(
        tokenizer=t5_tokenizer(), text_encoder=t5_encoder(), vae=vae(),
        transformer=denoiser(
            "PixArtTransformer2DModel", sample_size=8, num_layers=2, patch_size=2, attention_head_dim=8,
            num_attention_heads=4, caption_channels=32, in_channels=4, cross_attention_dim=32, out_channels=8,
            use_additional_conditions=False,
        ),
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )  # fmt: skip


def qwen_vl(**changes):
    """A language model that also sees, in its smallest form."""
    text = {
        "vocab_size": 128, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 2048, "pad_token_id": 0,
        "bos_token_id": 2, "eos_token_id": 1,
        "rope_parameters": {"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1e6},
    } | changes  # fmt: skip
    vision = {
        "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        "fullatt_block_indexes": [0],
    }  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision)
    return encoder("Qwen2_5_VLForConditionalGeneration", config)


def qwen_vae():
    torch.manual_seed(0)
    return diffusers.AutoencoderKLQwenImage(
        base_dim=16, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, latents_mean=[0.0] * 4, latents_std=[1.0] * 4
    ).eval()  # fmt: skip


def qwen_image():
    return diffusers.QwenImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=qwen_vae(), text_encoder=qwen_vl(), tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "QwenImageTransformer2DModel", patch_size=2, in_channels=16, out_channels=4, num_layers=2,
            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16, axes_dims_rope=(8, 4, 4),
        ),
    )  # fmt: skip


def sana():
    torch.manual_seed(0)
    return diffusers.SanaPipeline(
        tokenizer=t5_tokenizer(), text_encoder=gemma(),
        vae=diffusers.AutoencoderDC(
            latent_channels=4, attention_head_dim=2, encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"), encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8), encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)),
            encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1), downsample_block_type="conv",
            upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu",
            scaling_factor=0.41407,
        ).eval(),
        transformer=denoiser(
            "SanaTransformer2DModel", patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2,
            attention_head_dim=4, num_cross_attention_heads=2, cross_attention_head_dim=4, cross_attention_dim=8,
            caption_channels=32, sample_size=32,
        ),
        scheduler=diffusers.DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
    )  # fmt: skip


def z_image():
    return diffusers.ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(4, quant=False),
        text_encoder=encoder("Qwen3Model", decoder_config("Qwen3Config")), tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "ZImageTransformer2DModel", in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2,
            cap_feat_dim=32, axes_dims=[4, 6, 6], axes_lens=[1024, 64, 64],
        ),
    )  # fmt: skip


def pixart_alpha():
    components = pixart().components
    return diffusers.PixArtAlphaPipeline(**components)


def flux_with(channels, cls):
    """A tiny FLUX.1 of another class, whose denoiser takes so many channels."""
    parts = flux().components
    config = {k: v for k, v in parts["transformer"].config.items() if not k.startswith("_")}
    torch.manual_seed(0)
    parts["transformer"] = diffusers.FluxTransformer2DModel(
        **config | {"in_channels": channels, "out_channels": 4}
    ).eval()
    names = inspect.signature(cls.__init__).parameters
    return cls(**{name: part for name, part in parts.items() if name in names})
