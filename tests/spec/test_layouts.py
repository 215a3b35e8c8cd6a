"""Shipped layouts: told from a file's tensors as diffusers tells them, with configs that fit the published models."""

from __future__ import annotations

import hashlib
import json

import diffusers
import original_layouts
import pytest
import torch
import transformers
from accelerate import init_empty_weights
from diffusers.loaders import single_file_utils

from dwlab.models import trust
from dwlab.spec import layouts
from dwlab.spec.layouts import LAYOUTS
from dwlab.spec.tensor_header import Header, Tensor

# what diffusers calls each, and the parameters that the published denoisers have
PUBLISHED = {
    "sd15": ("v1", 859_520_964),
    "sd15-inpainting": ("inpainting", 859_535_364),
    "lcm": ("v1", 859_602_884),
    "sd2": ("v2", 865_910_724),
    "sd2-base": ("v2", 865_910_724),
    "sd2-inpainting": ("inpainting_v2", 865_925_124),
    "sdxl": ("xl_base", 2_567_463_684),
    "sdxl-inpainting": ("xl_inpaint", 2_567_478_084),
    "sdxl-refiner": ("xl_refiner", 2_259_526_660),
    "sd3-medium": ("sd3", 2_028_328_000),
    "sd35-medium": ("sd35_medium", 2_243_171_520),
    "sd35-large": ("sd35_large", 8_056_627_520),
    "flux-dev": ("flux-dev", 11_901_408_320),
    "flux-schnell": ("flux-schnell", 11_891_178_560),
    "flux-fill": ("flux-fill", 11_902_391_360),
    "flux-depth": ("flux-depth", 11_901_604_928),
}
# parameters of text encoders and autoencoders
OTHER_PARTS = {
    ("CLIPTextModel", 768): 123_060_480,
    ("CLIPTextModel", 1024): 340_387_840,
    ("CLIPTextModelWithProjection", 768): 123_650_304,
    ("CLIPTextModelWithProjection", 1280): 694_659_840,
    ("AutoencoderKL", 4): 83_653_863,
    ("AutoencoderKL", 16): 83_819_683,
}
ORIGINAL = {
    "UNet2DConditionModel": original_layouts.unet,
    "SD3Transformer2DModel": original_layouts.mmdit,
    "FluxTransformer2DModel": original_layouts.flux,
}
CONVERTERS = {
    "UNet2DConditionModel": single_file_utils.convert_ldm_unet_checkpoint,
    "SD3Transformer2DModel": single_file_utils.convert_sd3_transformer_checkpoint_to_diffusers,
    "FluxTransformer2DModel": single_file_utils.convert_flux_transformer_checkpoint_to_diffusers,
}
OPEN_CLIP = {
    "sdxl": "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias",
    "sdxl-inpainting": "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias",
    "sdxl-refiner": "conditioner.embedders.0.model.transformer.resblocks.9.mlp.c_proj.bias",
}


def config_of(layout, part):
    return json.loads((LAYOUTS[layout].folder / part / "config.json").read_text())


def denoiser(layout):
    part = "unet" if (LAYOUTS[layout].folder / "unet").exists() else "transformer"
    config = config_of(layout, part)
    with init_empty_weights(include_buffers=True):
        return getattr(diffusers, config["_class_name"]).from_config(config)


def header_of(tensors, metadata=None):
    entries = {name: Tensor("F16", tuple(tensor.shape), 0) for name, tensor in tensors.items()}
    return Header(entries, metadata or {})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_told_from_the_tensors_of_the_published_model_and_its_config_fits_them(layout):
    model = denoiser(layout)
    kind, parameters = PUBLISHED[layout]
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters

    tensors = ORIGINAL[type(model).__name__](model)
    if layout in OPEN_CLIP:
        tensors[OPEN_CLIP[layout]] = torch.empty(1, device="meta")
    words = {"modelspec.architecture": "stable-diffusion-v2-512"} if layout == "sd2-base" else {}
    assert layouts.detect(header_of(tensors, words)) == layout
    assert single_file_utils.infer_diffusers_model_type(tensors) == kind

    converted = CONVERTERS[type(model).__name__](dict(tensors), config=dict(model.config))
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if layout == "lcm":
        # diffusers leaves this tensor out
        expected.pop("time_embedding.cond_proj.weight")
    assert {name: tensor.shape for name, tensor in converted.items()} == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_other_parts_of_a_layout_have_the_size_of_the_published_ones(layout):
    for part, library, cls in trust.parts(LAYOUTS[layout].folder):
        if part in ("unet", "transformer") or not str(cls).startswith(("CLIPText", "Autoencoder")):
            continue
        config = config_of(layout, part)
        with init_empty_weights():
            if library == "diffusers":
                model = getattr(diffusers, cls).from_config(config)
            else:
                model_class = getattr(transformers, cls)
                model = model_class(model_class.config_class(**config))
        width = config.get("hidden_size", config.get("latent_channels"))
        size = sum(parameter.numel() for parameter in model.parameters())
        assert size == OTHER_PARTS[cls, width]


def test_every_layout_passes_the_checks_of_a_models_folder():
    for layout in LAYOUTS.values():
        trust.check_folder(layout.folder)
    assert {path.name for path in layouts.FOLDER.iterdir()} == set(LAYOUTS)


# The keys of pictures depend on these files: a change makes new keys for all pictures of such files.
FILES = "9514040bf4e55d4447934eada10f3d08b7433c58329e4663fa9cbdf841003816"


def test_the_files_of_the_layouts_stay_what_they_are():
    digest = hashlib.sha256()
    for path in sorted(layouts.FOLDER.rglob("*.json")):
        digest.update(path.relative_to(layouts.FOLDER).as_posix().encode() + path.read_bytes())
    assert digest.hexdigest() == FILES


@pytest.mark.parametrize(
    ("tensors", "kind"),
    [
        ({"edm_mean": (4,)}, "Playground v2.5"),
        ({"model.diffusion_model.distilled_guidance_layer.in_proj.bias": (1,)}, "Chroma"),
        ({"layers.0.adaLN_modulation.0.weight": (1, 1)}, "Z-Image"),
    ],
)
def test_an_architecture_without_a_layout_is_not_taken_for_another(tensors, kind):
    usual = {"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)}
    entries = {name: Tensor("F16", shape, 0) for name, shape in {**usual, **tensors}.items()}
    header = Header(entries, {})
    assert layouts.detect(header) is None
    assert layouts.other_architecture(header) == kind


@pytest.mark.parametrize(
    ("tensors", "words", "prediction"),
    [
        ([], {}, None),
        (["v_pred"], {}, "v_prediction"),
        ([], {"modelspec.prediction_type": "v"}, "v_prediction"),
        ([], {"modelspec.prediction_type": "epsilon"}, "epsilon"),
        ([], {"modelspec.prediction_type": "no such word"}, None),
    ],
)
def test_what_a_model_predicts_is_told_from_its_file(tensors, words, prediction):
    header = Header(dict.fromkeys(tensors, Tensor("F16", (1,), 2)), words)
    assert layouts.prediction(header) == prediction
