"""The architecture of `shapes`: stock diffusers and transformers parts, built from their configs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
)

from ..captions import WORDS

if TYPE_CHECKING:
    from diffusers import SchedulerMixin

SIDE = 128  # pixels
LATENT_SIDE = SIDE // 8
CLIP_SIDE = 64  # pixels that the picture tower of the small CLIP sees
START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"


def tokenizer() -> CLIPTokenizer:
    """A CLIP tokenizer in which each word of the grammar is one token and any other text is bytes."""
    bpe = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    bpe.normalizer = normalizers.Lowercase()
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=4096, end_of_word_suffix=WORD_END, show_progress=False)
    bpe.train_from_iterator(WORDS, trainer)
    learned = bpe.get_vocab()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(character + WORD_END for character in alphabet)]
    tokens += sorted(set(learned) - set(tokens), key=learned.__getitem__)
    tokens += [START, END]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=_merges(bpe), model_max_length=77)


def _merges(bpe: Tokenizer) -> list[tuple[str, str]]:
    merges = json.loads(bpe.to_str())["model"]["merges"]
    return [tuple(pair) for pair in merges]


def text_encoder(words: CLIPTokenizer) -> CLIPTextModel:
    """A CLIP text encoder of four layers."""
    start, end = words.convert_tokens_to_ids([START, END])
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
    )
    return CLIPTextModel(config)


def clip(text: CLIPTextModel) -> CLIPModel:
    """A small CLIP whose text tower is a copy of `text`; its picture tower sees 64 patches."""
    config = CLIPConfig(
        # the name is a folder of this machine
        text_config={**text.config.to_dict(), "_name_or_path": ""},
        projection_dim=96,
        vision_config={
            "hidden_size": 96,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "image_size": CLIP_SIDE,
            "patch_size": 8,
        },
    )
    model = CLIPModel(config)
    # at the stock 0.02 a patch's position drowns in its colours, and the tower learns no positions
    torch.nn.init.normal_(model.vision_model.embeddings.position_embedding.weight, std=1.0)
    model.text_model.load_state_dict(text.state_dict())
    return model


def image_processor() -> CLIPImageProcessor:
    """What turns a picture into the input of the small CLIP."""
    return CLIPImageProcessor(
        size={"shortest_edge": CLIP_SIDE},
        crop_size={"height": CLIP_SIDE, "width": CLIP_SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )


def vae() -> AutoencoderKL:
    """An autoencoder with Stable Diffusion's geometry: 8 pixels per latent, 4 channels."""
    return AutoencoderKL(
        block_out_channels=(16, 32, 64, 128),
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        mid_block_add_attention=False,
        sample_size=SIDE,
    )


def unet() -> UNet2DConditionModel:
    """The denoiser: attention only at 8x8, 4x4 and in the middle."""
    return UNet2DConditionModel(
        sample_size=LATENT_SIDE,
        block_out_channels=(64, 128, 128),
        layers_per_block=1,
        cross_attention_dim=128,
        norm_num_groups=16,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    )


def scheduler() -> SchedulerMixin:
    """The shipped scheduler.

    Its linear schedule ends in pure noise, so that flat colours come out exactly.
    """
    return DDIMScheduler(
        beta_schedule="linear",
        beta_start=1e-4,
        beta_end=0.02,
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
        timestep_spacing="trailing",
    )


def pipeline(
    *,
    words: CLIPTokenizer,
    text_encoder: CLIPTextModel,
    autoencoder: AutoencoderKL,
    denoiser: UNet2DConditionModel,
) -> StableDiffusionPipeline:
    """The parts as a stock pipeline, ready to be saved."""
    return StableDiffusionPipeline(
        vae=autoencoder.eval(),
        text_encoder=text_encoder.eval(),
        tokenizer=words,
        unet=denoiser.eval(),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
