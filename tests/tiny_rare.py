"""Tiny pipelines of families that few people use, with random weights, built from their configs."""

from __future__ import annotations

import diffusers
import pytest
import torch
import transformers
from diffusers import FlowMatchEulerDiscreteScheduler
from tiny import clip_tokenizer, t5_tokenizer, text_encoder, vae
from tiny_families import (
    chat_tokenizer,
    decoder_config,
    deep_vae,
    denoiser,
    encoder,
    lively,
    qwen_vae,
)
from tiny_one_by_one import kandinsky22, with_nine_channels

# messages whose content is a list of parts
CHAT_OF_PARTS = "{% for message in messages %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endfor %}"


def lumina_next():
    return diffusers.LuminaPipeline(
        transformer=denoiser(
            "LuminaNextDiT2DModel", sample_size=4, patch_size=2, in_channels=4, hidden_size=32, num_layers=2,
            num_attention_heads=2, num_kv_heads=1, multiple_of=16, cross_attention_dim=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=deep_vae(),
        text_encoder=encoder("GemmaModel", decoder_config("GemmaConfig")), tokenizer=t5_tokenizer(),
    )  # fmt: skip


def wuerstchen():
    from diffusers.pipelines.deprecated import wuerstchen as parts

    torch.manual_seed(0)
    return diffusers.WuerstchenCombinedPipeline(
        tokenizer=clip_tokenizer(),
        text_encoder=text_encoder(),
        decoder=lively(
            parts.WuerstchenDiffNeXt(
                c_cond=32, c_hidden=[32], nhead=[2], blocks=[1], level_config=["CT"], inject_effnet=[False],
                effnet_embd=16, clip_embd=32,
            )
        ),
        scheduler=diffusers.DDPMWuerstchenScheduler(),
        vqgan=parts.PaellaVQModel(bottleneck_blocks=1, num_vq_embeddings=2, embed_dim=32).eval(),
        prior_tokenizer=clip_tokenizer(),
        prior_text_encoder=text_encoder(),
        prior_prior=lively(parts.WuerstchenPrior(c_in=2, c=8, c_cond=32, c_r=8, depth=2, nhead=2)),
        prior_scheduler=diffusers.DDPMWuerstchenScheduler(),
    )  # fmt: skip


def kandinsky21():
    """A prior and a decoder in one pipeline, with a text encoder of its own."""
    from diffusers.pipelines.kandinsky.text_encoder import MCLIPConfig, MultilingualCLIP

    config = MCLIPConfig(
        vocab_size=514, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=37,
        max_position_embeddings=128, transformerDimSize=32, imageDimSize=32, numDims=32, transformerDimensions=32,
    )  # fmt: skip
    parts = kandinsky22().components
    unet = denoiser(
        "UNet2DConditionModel", in_channels=4, out_channels=8, addition_embed_type="text_image",
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn", block_out_channels=(32, 64), layers_per_block=1,
        encoder_hid_dim=32, encoder_hid_dim_type="text_image_proj", cross_attention_dim=32, attention_head_dim=4,
        resnet_time_scale_shift="scale_shift",
    )  # fmt: skip
    return diffusers.KandinskyCombinedPipeline(
        **parts
        | {
            "unet": unet,
            "text_encoder": encoder_of(MultilingualCLIP, config),
            "tokenizer": clip_tokenizer(),
        }
    )


def kandinsky21_nine():
    return with_nine_channels(kandinsky21())


def encoder_of(model, config):
    torch.manual_seed(0)
    return lively(model(config))


def z_image_omni():
    vision = transformers.Siglip2VisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, patch_size=4, num_patches=16,
    )  # fmt: skip
    return diffusers.ZImageOmniPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(4, quant=False),
        text_encoder=encoder("Qwen3Model", decoder_config("Qwen3Config")), tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "ZImageTransformer2DModel", in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2,
            cap_feat_dim=32, siglip_feat_dim=16, axes_dims=[4, 6, 6], axes_lens=[1024, 64, 64],
        ),
        siglip=encoder("Siglip2VisionModel", vision),
        siglip_processor=transformers.Siglip2ImageProcessorPil(patch_size=4, max_num_patches=16),
    )  # fmt: skip


def qwen3_vl_config():
    text = {
        "vocab_size": 128, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 9, "num_attention_heads": 2,
        "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        "deepstack_visual_indexes": [0],
    }  # fmt: skip
    return transformers.Qwen3VLConfig(text_config=text, vision_config=vision)


def qwen3_vl_processor():
    pytest.importorskip("torchvision")
    tokenizer = chat_tokenizer()
    marks = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.model_max_length = 512
    return transformers.Qwen3VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(), tokenizer=tokenizer,
        video_processor=transformers.Qwen3VLVideoProcessor(), chat_template=tokenizer.chat_template,
    )  # fmt: skip


def nucleus():
    return diffusers.NucleusMoEImagePipeline(
        transformer=denoiser(
            "NucleusMoEImageTransformer2DModel", in_channels=16, out_channels=4, num_layers=5, attention_head_dim=16,
            num_attention_heads=8, num_key_value_heads=8, joint_attention_dim=16, axes_dims_rope=(8, 4, 4),
            moe_enabled=True, num_experts=4, moe_intermediate_dim=48, capacity_factors=1.0,
            dense_moe_strategy="leave_first_three_and_last_block_dense",
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=qwen_vae(),
        text_encoder=encoder("Qwen3VLForConditionalGeneration", qwen3_vl_config()), processor=qwen3_vl_processor(),
    )  # fmt: skip


def qwen_image_21():
    torch.manual_seed(0)
    decoder = diffusers.AutoencoderKLQwenImage21(
        base_dim=8, decoder_base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1, 1], num_res_blocks=1, latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    ).eval()  # fmt: skip
    return diffusers.QwenImage21Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=decoder,
        text_encoder=encoder("Qwen3VLForConditionalGeneration", qwen3_vl_config()), processor=qwen3_vl_processor(),
        transformer=denoiser(
            "QwenImage21Transformer2DModel", in_channels=4, out_channels=4, num_layers=1, attention_head_dim=16,
            num_attention_heads=2, context_in_dim=16, axes_dims_rope=(4, 6, 6),
        ),
    )  # fmt: skip


def prx():
    pytest.importorskip("ftfy")
    from diffusers.pipelines.prx import T5GemmaEncoder

    return diffusers.PRXPipeline(
        transformer=denoiser(
            "PRXTransformer2DModel", in_channels=4, patch_size=2, context_in_dim=32, hidden_size=32, mlp_ratio=2.0,
            num_heads=2, depth=1, axes_dim=[8, 8],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(), text_encoder=encoder_of(T5GemmaEncoder, t5gemma_config().encoder),
        tokenizer=t5_tokenizer(), vae=vae(quant=False),
    )  # fmt: skip


def t5gemma_config():
    half = {
        "vocab_size": 128, "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
    }  # fmt: skip
    return transformers.T5GemmaConfig(encoder=half, decoder=half)


def ideogram4():
    from tiny_families import klein

    def transformer(layers):
        return denoiser(
            "Ideogram4Transformer2DModel", in_channels=4, num_layers=layers, attention_head_dim=16,
            num_attention_heads=2, intermediate_size=32, adaln_dim=16, llm_features_dim=16 * 13, mrope_section=(4, 2, 2),
        )  # fmt: skip

    config = qwen3_vl_config()
    config.text_config.num_hidden_layers = 36
    return diffusers.Ideogram4Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=klein().vae,
        text_encoder=encoder("Qwen3VLModel", config), tokenizer=chat_tokenizer(),
        transformer=transformer(2), unconditional_transformer=transformer(1),
    )  # fmt: skip


def glm_image():
    """A language model that makes coarse tokens of a picture, and a denoiser that draws from them."""
    tokenizer = glm_tokenizer()
    text = {
        "vocab_size": 128, "vision_vocab_size": 64, "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 1, "pad_token_id": 0, "eos_token_id": None,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3], "partial_rotary_factor": 1.0},
    }  # fmt: skip
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "depth": 1,
        "num_heads": 2,
        "patch_size": 4,
        "image_size": 16,
    }
    vq = {"embed_dim": 8, "latent_channels": 8, "num_embeddings": 16}
    config = transformers.GlmImageConfig(
        text_config=text, vision_config=vision, vq_config=vq, image_token_id=tokenizer.convert_tokens_to_ids("<img>"),
        image_start_token_id=62, image_end_token_id=63,
    )  # fmt: skip
    processor = transformers.GlmImageProcessor(
        image_processor=transformers.GlmImageImageProcessorPil(patch_size=4), tokenizer=tokenizer, chat_template=CHAT_OF_PARTS,
    )  # fmt: skip
    return diffusers.GlmImagePipeline(
        tokenizer=transformers.ByT5Tokenizer(), processor=processor, text_encoder=encoder("T5EncoderModel", byt5_config()),
        vision_language_encoder=encoder("GlmImageForConditionalGeneration", config),
        vae=glm_vae(),
        transformer=denoiser(
            "GlmImageTransformer2DModel", patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
            num_attention_heads=4, text_embed_dim=32, time_embed_dim=8, condition_dim=4,
            prior_vq_quantizer_codebook_size=64,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True, base_shift=0.25, max_shift=0.75, base_image_seq_len=256
        ),
    )  # fmt: skip


def glm_vae():
    decoder = deep_vae()
    decoder.register_to_config(latents_mean=[0.1] * 4, latents_std=[1.1] * 4)
    return decoder


def byt5_config():
    return transformers.T5Config(
        vocab_size=384, d_model=32, d_ff=37, d_kv=8, num_heads=4, num_layers=1
    )


def glm_tokenizer():
    marks = {"image_token": "<img>", "grid_bos_token": "<grid>", "grid_eos_token": "</grid>"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=t5_tokenizer().backend_tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
        bos_token="<bos>", extra_special_tokens=marks,
    )  # fmt: skip
