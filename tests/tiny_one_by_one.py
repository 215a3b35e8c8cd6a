"""Tiny pipelines of families whose pictures are made one by one, with random weights, built from their configs."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import diffusers
import pytest
import torch
import transformers
from diffusers import FlowMatchEulerDiscreteScheduler
from tiny import clip_tokenizer, flux, sd3, t5_encoder, t5_tokenizer, text_encoder, vae
from tiny_families import (
    chat_tokenizer,
    decoder_config,
    deep_vae,
    denoiser,
    encoder,
    hunyuandit,
    lively,
    pixart,
    qwen_vae,
    qwen_vl,
    sana,
)


def movq():
    torch.manual_seed(0)
    return diffusers.VQModel(
        block_out_channels=(32, 64), down_block_types=("DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D"), latent_channels=4, norm_num_groups=8,
        norm_type="spatial", num_vq_embeddings=12, vq_embed_dim=4,
    ).eval()  # fmt: skip


def clip_vision():
    config = transformers.CLIPVisionConfig(
        hidden_size=32, image_size=28, projection_dim=32, intermediate_size=37, num_attention_heads=4,
        num_hidden_layers=2, patch_size=14,
    )  # fmt: skip
    return encoder("CLIPVisionModelWithProjection", config)


def kandinsky22():
    """A prior and a decoder in one pipeline."""
    prior = denoiser(
        "PriorTransformer",
        num_attention_heads=2,
        attention_head_dim=12,
        embedding_dim=32,
        num_layers=1,
    )
    # as they start, all pictures are the same
    prior.clip_std = torch.nn.Parameter(torch.ones(prior.clip_std.shape))
    prior.clip_mean = torch.nn.Parameter(torch.zeros(prior.clip_mean.shape))
    unet = denoiser(
        "UNet2DConditionModel", in_channels=4, out_channels=8, addition_embed_type="image",
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn", block_out_channels=(32, 64), layers_per_block=1,
        encoder_hid_dim=32, encoder_hid_dim_type="image_proj", cross_attention_dim=32, attention_head_dim=4,
        resnet_time_scale_shift="scale_shift",
    )  # fmt: skip
    image_processor = transformers.CLIPImageProcessor(
        size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}
    )
    return diffusers.KandinskyV22CombinedPipeline(
        unet=unet,
        scheduler=diffusers.DDPMScheduler(beta_start=0.00085, beta_end=0.012),
        movq=movq(),
        prior_prior=prior,
        prior_image_encoder=clip_vision(),
        prior_text_encoder=text_encoder(transformers.CLIPTextModelWithProjection),
        prior_tokenizer=clip_tokenizer(),
        prior_scheduler=diffusers.UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=10.0
        ),
        prior_image_processor=image_processor,
    )


def with_nine_channels(pipeline):
    """The same for inpainting: its denoiser also sees the mask and the picture around it."""
    unet = denoiser("UNet2DConditionModel", **_options(pipeline.unet.config) | {"in_channels": 9})
    pipeline.register_modules(unet=unet)
    return pipeline


def kandinsky22_nine():
    return with_nine_channels(kandinsky22())


def stable_cascade():
    from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel

    parts = {
        "conditioning_dim": 32, "clip_text_pooled_in_channels": 32, "block_out_channels": (32,),
        "num_attention_heads": (2,), "down_num_layers_per_block": (1,), "up_num_layers_per_block": (1,),
        "down_blocks_repeat_mappers": (1,), "up_blocks_repeat_mappers": (1,), "switch_level": (False,),
        "kernel_size": 3, "timestep_ratio_embedding_dim": 8,
    }  # fmt: skip
    prior = denoiser(
        "StableCascadeUNet", in_channels=4, out_channels=4, clip_image_in_channels=32, clip_text_in_channels=32,
        self_attn=True, block_types_per_layer=(("SDCascadeResBlock", "SDCascadeTimestepBlock", "SDCascadeAttnBlock"),),
        timestep_conditioning_type=("sca", "crp"), **parts,
    )  # fmt: skip
    decoder = denoiser(
        "StableCascadeUNet", in_channels=4, out_channels=4, effnet_in_channels=4,
        block_types_per_layer=(("SDCascadeResBlock", "SDCascadeTimestepBlock", "SDCascadeAttnBlock"),),
        timestep_conditioning_type=("sca",), **parts,
    )  # fmt: skip
    torch.manual_seed(0)
    vqgan = PaellaVQModel(bottleneck_blocks=1, num_vq_embeddings=2, embed_dim=32).eval()
    return diffusers.StableCascadeCombinedPipeline(
        tokenizer=clip_tokenizer(),
        text_encoder=text_encoder(transformers.CLIPTextModelWithProjection),
        decoder=decoder,
        scheduler=diffusers.DDPMWuerstchenScheduler(),
        vqgan=vqgan,
        prior_prior=prior,
        prior_text_encoder=text_encoder(transformers.CLIPTextModelWithProjection),
        prior_tokenizer=clip_tokenizer(),
        prior_scheduler=diffusers.DDPMWuerstchenScheduler(),
    )


def krea2():
    text = {
        "vocab_size": 128, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        "deepstack_visual_indexes": [0],
    }  # fmt: skip
    config = transformers.Qwen3VLConfig(text_config=text, vision_config=vision)
    return diffusers.Krea2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True, base_image_seq_len=256, max_image_seq_len=6400
        ),
        vae=qwen_vae(),
        text_encoder=encoder("Qwen3VLModel", config),
        tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "Krea2Transformer2DModel", in_channels=16, num_layers=2, attention_head_dim=8, num_attention_heads=4,
            num_key_value_heads=2, intermediate_size=32, timestep_embed_dim=8, text_hidden_dim=16, num_text_layers=3,
            text_num_attention_heads=2, text_num_key_value_heads=1, text_intermediate_size=16,
            num_layerwise_text_blocks=1, num_refiner_text_blocks=1, axes_dims_rope=(4, 2, 2), rope_theta=1000.0,
        ),
        text_encoder_select_layers=[0, 1, 2],
    )  # fmt: skip


def _flat_vae():
    """A decoder of one pixel per latent: HiDream draws 128 x 128 latents, whatever is asked for."""
    torch.manual_seed(0)
    return diffusers.AutoencoderKL(
        block_out_channels=(8,), norm_num_groups=4, latent_channels=4, down_block_types=("DownEncoderBlock2D",),
        up_block_types=("UpDecoderBlock2D",), shift_factor=0.06, scaling_factor=1.5,
    ).eval()  # fmt: skip


def hidream():
    return diffusers.HiDreamImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_flat_vae(),
        text_encoder=text_encoder(transformers.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        text_encoder_2=text_encoder(transformers.CLIPTextModelWithProjection),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5_encoder(),
        tokenizer_3=t5_tokenizer(),
        text_encoder_4=encoder("LlamaForCausalLM", decoder_config("LlamaConfig", hidden_size=16, head_dim=4)),
        tokenizer_4=t5_tokenizer(),
        transformer=denoiser(
            "HiDreamImageTransformer2DModel", patch_size=8, in_channels=4, out_channels=4, num_layers=1,
            num_single_layers=1, attention_head_dim=8, num_attention_heads=4, caption_channels=[32, 16],
            text_emb_dim=64, num_routed_experts=4, num_activated_experts=2, axes_dims_rope=(4, 2, 2),
            max_resolution=(128, 128), llama_layers=(0, 1),
        ),
    )  # fmt: skip


def omnigen():
    pytest.importorskip("torchvision")
    return diffusers.OmniGenPipeline(
        transformer=denoiser(
            "OmniGenTransformer2DModel", in_channels=4, patch_size=2, hidden_size=32, num_layers=1,
            num_attention_heads=4, num_key_value_heads=4, intermediate_size=37, vocab_size=128, pad_token_id=0,
            rope_scaling={"short_factor": [1.0] * 4, "long_factor": [1.0] * 4},
            max_position_embeddings=4096, original_max_position_embeddings=4096, pos_embed_max_size=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(invert_sigmas=True, num_train_timesteps=1),
        vae=deep_vae(),
        tokenizer=t5_tokenizer(),
    )  # fmt: skip


def sana_sprint():
    parts = sana().components
    config = dict(parts["transformer"].config) | {
        "guidance_embeds": True,
        "qk_norm": "rms_norm_across_heads",
    }
    parts["transformer"] = denoiser("SanaTransformer2DModel", **_options(config))
    parts["scheduler"] = diffusers.SCMScheduler(prediction_type="trigflow", sigma_data=0.5)
    return diffusers.SanaSprintPipeline(**parts)


def _options(config):
    return {name: value for name, value in config.items() if not name.startswith("_")}


def hunyuan_image():
    torch.manual_seed(0)
    decoder = diffusers.AutoencoderKLHunyuanImage(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(32, 64), layers_per_block=1,
        spatial_compression_ratio=2, sample_size=16, scaling_factor=0.75,
    ).eval()  # fmt: skip
    return diffusers.HunyuanImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=decoder,
        text_encoder=qwen_vl(num_hidden_layers=3),
        tokenizer=chat_tokenizer(),
        text_encoder_2=t5_encoder(),
        tokenizer_2=transformers.ByT5Tokenizer(),
        transformer=denoiser(
            "HunyuanImageTransformer2DModel", in_channels=4, out_channels=4, num_attention_heads=2,
            attention_head_dim=16, num_layers=1, num_single_layers=1, num_refiner_layers=1, patch_size=(1, 1),
            text_embed_dim=16, text_embed_2_dim=32, rope_axes_dim=(8, 8),
        ),
        guider=diffusers.AdaptiveProjectedMixGuidance(),
        ocr_guider=diffusers.AdaptiveProjectedMixGuidance(),
    )  # fmt: skip


def flux2():
    text = {
        "model_type": "mistral", "vocab_size": 128, "hidden_size": 16, "intermediate_size": 37,
        "max_position_embeddings": 512, "num_attention_heads": 4, "num_hidden_layers": 30, "num_key_value_heads": 2,
        "head_dim": 4, "sliding_window": None, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
    }  # fmt: skip
    vision = {
        "model_type": "pixtral", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4,
        "intermediate_size": 37, "image_size": 30, "patch_size": 6, "num_channels": 3,
    }  # fmt: skip
    config = transformers.Mistral3Config(
        text_config=text, vision_config=vision, vision_feature_layer=-1, image_token_index=3
    )
    from tiny_families import klein

    return diffusers.Flux2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=klein().vae,
        text_encoder=encoder("Mistral3ForConditionalGeneration", config),
        tokenizer=chat_tokenizer(),
        transformer=denoiser(
            "Flux2Transformer2DModel", patch_size=1, in_channels=4, num_layers=1, num_single_layers=1,
            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=48, timestep_guidance_channels=16,
            axes_dims_rope=[4, 4, 4, 4],
        ),
    )  # fmt: skip


def flux_kontext():
    parts = flux().components
    return diffusers.FluxKontextPipeline(**parts)


def sd3_pag():
    parts = sd3().components
    del parts["image_encoder"], parts["feature_extractor"]
    # its second block is perturbed by default
    config = dict(parts["transformer"].config) | {"num_layers": 2}
    parts["transformer"] = denoiser("SD3Transformer2DModel", **_options(config))
    return diffusers.StableDiffusion3PAGPipeline(**parts)


def hunyuandit_pag():
    parts = hunyuandit().components
    return diffusers.HunyuanDiTPAGPipeline(
        **parts, requires_safety_checker=False, pag_applied_layers=["blocks.1"]
    )


def sana_pag():
    return diffusers.SanaPAGPipeline(**sana().components, pag_applied_layers=["blocks.0"])


def pixart_pag():
    return diffusers.PixArtSigmaPAGPipeline(**pixart().components, pag_applied_layers=["blocks.1"])


def chatglm_tokenizer():
    """Kolors' tokenizer, with a vocabulary that is learned from a line of text."""
    sentencepiece = pytest.importorskip("sentencepiece")
    from diffusers.pipelines.kolors import ChatGLMTokenizer

    words = [
        "a",
        "red",
        "circle",
        "and",
        "a",
        "small",
        "blue",
        "square,",
        "blurry",
        "star",
        "green",
    ]
    vocabulary = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(words * 20), model_writer=vocabulary, vocab_size=40, hard_vocab_limit=False,
        minloglevel=2,
    )  # fmt: skip
    path = Path(tempfile.mkdtemp()) / "tokenizer.model"
    path.write_bytes(vocabulary.getvalue())
    return ChatGLMTokenizer(str(path))


def kolors():
    from diffusers.pipelines.kolors import ChatGLMModel
    from diffusers.pipelines.kolors.text_encoder import ChatGLMConfig

    config = ChatGLMConfig(
        num_layers=2, padded_vocab_size=128, hidden_size=32, ffn_hidden_size=37, kv_channels=8, num_attention_heads=4,
        seq_length=256, multi_query_attention=True, multi_query_group_num=2, add_qkv_bias=True, original_rope=True,
        use_cache=True, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    unet = denoiser(
        "UNet2DConditionModel", block_out_channels=(32, 64), layers_per_block=1, sample_size=8, cross_attention_dim=32,
        norm_num_groups=8, attention_head_dim=(2, 4), use_linear_projection=True,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2), addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,
    )  # fmt: skip
    text_model = lively(ChatGLMModel(config))
    # it is made without values for these
    for name, parameter in text_model.named_parameters():
        if parameter.ndim == 1:
            torch.nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)
    return diffusers.KolorsPipeline(
        vae=vae(),
        text_encoder=text_model,
        tokenizer=chatglm_tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(),
    )


def kolors_pag():
    return diffusers.KolorsPAGPipeline(**kolors().components, pag_applied_layers=["mid"])
