"""A pipeline that does not draw from text is refused by its small files, at every door."""

from __future__ import annotations

import shutil

import pytest
from checkpoint_folders import changed, write
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import ModelError
from dwlab.models import pipeline_kinds
from dwlab.models.identity import identify
from dwlab.runs.sweep import Sweep
from dwlab.spec import families
from dwlab.spec.refused_pipelines import REFUSED

WEIGHTS = "diffusion_pytorch_model.safetensors"


def pipeline_of(cls, **index):
    return lambda folder: changed(folder / "model_index.json", _class_name=cls, **index)


def unet_of(channels):
    return lambda folder: changed(folder / "unet" / "config.json", in_channels=channels)


def flux_of(channels, **config):
    def change(folder):
        shutil.rmtree(folder / "unet")
        changed(folder / "model_index.json", _class_name="FluxPipeline", unet=None)
        config_ = {"_class_name": "FluxTransformer2DModel", "in_channels": channels, **config}
        write(folder / "transformer" / "config.json", config_)

    return change


OTHER_KINDS = {
    "an instruction UNet": (unet_of(8), "edits a picture"),
    "an upscaling UNet": (unet_of(7), "enlarges a picture"),
    "a depth UNet": (unet_of(5), "depth map"),
    "an unknown number of channels": (unet_of(13), "needs a picture besides the prompt"),
    "FLUX Fill": (flux_of(384, out_channels=64), r"FLUX Fill.*384 channels"),
    "FLUX Depth": (flux_of(128, out_channels=64), r"control picture \(FLUX Canny or Depth\)"),
    "FLUX Fill without out_channels": (flux_of(384), "FLUX Fill"),
    "a ControlNet pipeline": (
        pipeline_of("StableDiffusionControlNetPipeline"),
        "needs a control picture",
    ),
    "an image-to-image pipeline": (pipeline_of("CycleDiffusionPipeline"), "changes a picture"),
    "an upscaler": (pipeline_of("StableDiffusionUpscalePipeline"), "enlarges or refines"),
    "a video pipeline": (pipeline_of("StableVideoDiffusionPipeline"), "for video"),
    "another video pipeline": (pipeline_of("WanPipeline"), "for video"),
    "an audio pipeline": (pipeline_of("AudioLDM2Pipeline"), "for sound"),
    "a prior": (pipeline_of("KandinskyV22PriorPipeline"), "one of two halves"),
    "a decoder": (pipeline_of("StableCascadeDecoderPipeline"), "one of two halves"),
    "an unconditional pipeline": (pipeline_of("DDPMPipeline"), "takes no prompt"),
    "a depth estimator": (pipeline_of("MarigoldDepthPipeline"), "measures a picture"),
    "a kind that comes later": (pipeline_of("AmusedPipeline"), "does not draw with yet"),
    "an unknown class": (
        pipeline_of("NoSuchPipeline"),
        r"NoSuchPipeline, which diffusers .* does not have; a newer",
    ),
    "no class": (pipeline_of(""), "names diffusers"),
}


@pytest.mark.parametrize("case", OTHER_KINDS)
def test_the_error_about_a_pipeline_of_another_kind_says_which_kind(pipeline, case):
    change, words = OTHER_KINDS[case]
    change(pipeline)
    with pytest.raises(ModelError, match=words) as caught:
        identify(str(pipeline))
    if case not in ("an unknown class", "no class"):
        assert "dwlab draws with whole text-to-image pipelines: use " in str(caught.value)


def test_every_pipeline_that_the_table_refuses_is_refused_with_its_kind(pipeline):
    for refusal in REFUSED:
        changed(pipeline / "model_index.json", _class_name=refusal.pipeline)
        with pytest.raises(ModelError, match="dwlab draws with whole text-to-image pipelines"):
            pipeline_kinds.check("m", pipeline)


def test_every_pipeline_of_the_table_and_its_kinds_for_pictures_are_accepted(pipeline):
    for family in families.FAMILIES:
        for cls in (family.pipeline, family.image_to_image, family.inpainting):
            if cls is not None:
                changed(pipeline / "model_index.json", _class_name=cls)
                pipeline_kinds.check("m", pipeline)


@pytest.mark.parametrize(
    "cls", ["StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline"]
)
def test_an_image_to_image_pipeline_with_the_parts_for_text_draws_from_text(pipeline, cls):
    changed(pipeline / "model_index.json", _class_name=cls)
    picture = dwlab.generate("a red circle", model=str(pipeline), width=64, height=64, steps=1)
    assert picture.image.size == (64, 64)


BROKEN = {
    "a kind": (unet_of(8), "edits a picture"),
    "weights": (lambda folder: cut(folder / "unet" / WEIGHTS, 0), "is empty (0 bytes)"),
}


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def cell(model, **changes):
    from dwlab.spec.params import GenerationParams

    return GenerationParams(
        "a red circle", model=str(model), **{"width": 64, "height": 64, "steps": 1, **changes}
    )


@pytest.mark.parametrize("case", BROKEN)
def test_every_door_refuses_a_wrong_checkpoint_in_one_line_before_the_run(
    pipeline, tmp_path, monkeypatch, case
):
    change, words = BROKEN[case]
    change(pipeline)
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "experiments" / "x.yaml",
        {"name": "x", "model": str(pipeline), "base": {"prompt": "a"}},
    )
    for command in (
        ["generate", "a", "--model", str(pipeline)],
        ["sweep", "experiments/x.yaml", "--dry-run"],
        ["sweep", "experiments/x.yaml"],
    ):
        result = CliRunner().invoke(app, command)
        assert (
            result.exit_code == 2 and words in result.output and "Traceback" not in result.output
        ), command
    with pytest.raises(ModelError) as said:
        dwlab.load(str(pipeline))
    for door in (
        lambda: Sweep.from_yaml("experiments/x.yaml").plan(),
        lambda: next(dwlab.stream([cell(pipeline)])),
    ):
        with pytest.raises(ModelError) as caught:
            door()
        assert str(caught.value) == str(said.value) and words in str(caught.value)
    assert not (tmp_path / "results").exists()
