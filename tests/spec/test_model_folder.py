"""A pipeline's folder is described by its small files."""

from __future__ import annotations

import json

import pytest

from dwlab.errors import InvalidInput, ModelError
from dwlab.spec import catalog
from dwlab.spec.params import GenerationParams


@pytest.mark.parametrize(
    "index", [{"scheduler": None}, {"scheduler": "x"}, {"scheduler": ["diffusers"]}, {"vae": 5}, {}]
)
def test_a_folder_with_odd_configs_is_described_as_far_as_possible(tmp_path, index):
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "config.json").write_text('{"block_out_channels": 4}')
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline", **index}))
    entry = catalog.lookup(str(tmp_path))
    assert (entry.family, entry.scheduler, entry.width) == ("flux", None, 1024)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_folder_with_a_broken_index_is_refused(tmp_path, text):
    (tmp_path / "model_index.json").write_text(text)
    with pytest.raises(ModelError, match=r"model_index\.json"):
        catalog.lookup(str(tmp_path))


def folder(path, pipeline, denoiser=None, decoder=None, *, names=("transformer", "vae"), **index):
    """The small files of a pipeline."""
    path.mkdir()
    (path / "model_index.json").write_text(json.dumps({"_class_name": pipeline, **index}))
    for name, config in zip(names, (denoiser, decoder), strict=True):
        if config is not None:
            (path / name).mkdir()
            (path / name / "config.json").write_text(json.dumps(config))
    return str(path)


KL = {"block_out_channels": [128, 256, 512, 512]}  # eight pixels per latent
QWEN = {"temperal_downsample": [False, True, True], "dim_mult": [1, 2, 4, 4]}
DC = {"encoder_block_out_channels": [128, 256, 512, 512, 1024, 1024]}


@pytest.mark.parametrize(
    ("pipeline", "denoiser", "decoder", "side"),
    [
        ("FluxPipeline", {}, KL, 1024),
        ("ChromaPipeline", {}, KL, 1024),
        ("QwenImagePipeline", {}, QWEN, 1024),
        ("ZImagePipeline", {}, KL, 1024),
        ("SanaPipeline", {"sample_size": 32}, DC, 1024),
        ("SanaPipeline", {"sample_size": 16}, DC, 512),
        ("HunyuanImagePipeline", {}, {"spatial_compression_ratio": 32}, 2048),
        ("AuraFlowPipeline", {"sample_size": 64}, KL, 1024),
        ("StableDiffusion3Pipeline", {"sample_size": 128}, KL, 1024),
        ("StableDiffusion3Pipeline", {}, KL, None),
        ("Krea2Pipeline", {}, QWEN, 1024),
        ("NoSuchPipeline", {"sample_size": 64}, KL, 512),
        ("SanaPipeline", {"sample_size": "32"}, DC, None),
        ("SanaPipeline", {"sample_size": 10**6}, DC, None),
    ],
)
def test_the_native_size_is_latents_times_pixels_per_latent(
    tmp_path, pipeline, denoiser, decoder, side
):
    entry = catalog.lookup(folder(tmp_path / "m", pipeline, denoiser, decoder))
    assert (entry.width, entry.height) == (side, side)


@pytest.mark.parametrize(
    ("pipeline", "decoder", "multiple"),
    [
        ("StableDiffusionPipeline", KL, 8),
        ("StableDiffusionXLPipeline", KL, 8),
        ("StableDiffusion3Pipeline", KL, 16),
        ("FluxPipeline", KL, 8),  # which rounds
        ("ZImagePipeline", KL, 16),
        ("AuraFlowPipeline", KL, 16),
        ("SanaPipeline", DC, 32),
        ("GlmImagePipeline", KL, 32),
        ("KandinskyV22CombinedPipeline", {}, 64),
        ("NoSuchPipeline", KL, 8),
    ],
)
def test_sides_are_multiples_of_what_the_decoder_and_the_denoiser_put_together(
    tmp_path, pipeline, decoder, multiple
):
    path = folder(tmp_path / "m", pipeline, {}, decoder)
    assert catalog.lookup(path).side_multiple == multiple
    GenerationParams("a star", model=path, width=multiple * 10)
    if multiple > 8:
        near = f"like {multiple * 10} or {multiple * 11}"
        with pytest.raises(InvalidInput, match=f"a multiple of {multiple} .*{near}"):
            GenerationParams("a star", model=path, width=multiple * 10 + 8)


def test_a_model_that_works_on_pixels_has_the_size_of_its_denoiser(tmp_path):
    path = folder(tmp_path / "m", "IFPipeline", {"sample_size": 64}, names=("unet", "vae"))
    assert catalog.lookup(path).width == 64


@pytest.mark.parametrize(
    ("pipeline", "denoiser", "index", "defaults"),
    [
        ("FluxPipeline", {"guidance_embeds": True}, {}, (28, 3.5)),
        (
            "FluxPipeline",
            {"_class_name": "FluxTransformer2DModel", "guidance_embeds": False},
            {},
            (4, 0.0),
        ),
        ("Flux2KleinPipeline", {}, {"is_distilled": True}, (4, 1.0)),
        ("Flux2KleinPipeline", {}, {"is_distilled": False}, (50, 4.0)),
        ("Krea2Pipeline", {}, {}, (52, 4.5)),
        ("Krea2Pipeline", {}, {"is_distilled": True}, (8, 0.0)),
        ("ZImagePipeline", {}, {}, (50, 4.0)),
        ("QwenImagePipeline", {}, {}, (50, 4.0)),
        ("StableDiffusionXLPipeline", {}, {}, (50, 5.0)),
        ("LatentConsistencyModelPipeline", {}, {}, (4, 8.5)),
        ("NoSuchPipeline", {}, {}, (25, 7.5)),
    ],
)
def test_steps_and_guidance_are_those_of_the_models_family(
    tmp_path, pipeline, denoiser, index, defaults
):
    path = folder(tmp_path / "m", pipeline, denoiser, **index)
    entry = catalog.lookup(path)
    assert (entry.steps, entry.guidance) == defaults
    params = GenerationParams("a star", model=path)
    assert (params.steps, params.guidance) == defaults


def test_folders_and_hub_ids_have_the_same_smallest_side(tmp_path):
    path = folder(tmp_path / "m", "FluxPipeline")
    assert catalog.lookup(path).side_min == catalog.lookup("owner/name").side_min == 8
