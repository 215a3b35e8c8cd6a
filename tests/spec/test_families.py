"""What is said of a class of pipelines is what diffusers does with it."""

from __future__ import annotations

import inspect

import diffusers
import pytest
from diffusers.pipelines import auto_pipeline

from dwlab.spec import families
from dwlab.spec.refused_pipelines import REFUSED

TEXT = auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING
IMAGE = auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING
INPAINTING = auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING
REFUSED_CLASSES = {refusal.pipeline for refusal in REFUSED}
BY_CLASS = pytest.mark.parametrize("family", families.FAMILIES, ids=lambda family: family.pipeline)


def default(family, argument):
    """The default of an argument of the pipeline's call; None if the call does not take it."""
    pipeline = getattr(diffusers, family.pipeline)
    parameter = inspect.signature(pipeline.__call__).parameters.get(argument)
    return parameter.default if parameter else None


@pytest.mark.parametrize(
    ("mapping", "least", "column"),
    [(TEXT, 54, "pipeline"), (IMAGE, 26, "image_to_image"), (INPAINTING, 19, "inpainting")],
    ids=["text-to-image", "image-to-image", "inpainting"],
)
def test_every_pipeline_that_diffusers_chooses_by_itself_is_in_the_table(mapping, least, column):
    in_table = {getattr(family, column) for family in families.FAMILIES}
    names = {cls.__name__ for cls in mapping.values()}
    # two more where sentencepiece is installed, which Kolors needs
    assert least <= len(mapping) <= least + 2
    assert names <= in_table | REFUSED_CLASSES
    assert not in_table & REFUSED_CLASSES


def test_every_class_of_the_table_exists_in_diffusers_and_is_there_once():
    pipelines = [family.pipeline for family in families.FAMILIES]
    assert len(set(pipelines)) == len(pipelines)
    assert len(REFUSED_CLASSES) == len(REFUSED)
    for family in families.FAMILIES:
        for name in (family.pipeline, family.image_to_image, family.inpainting):
            assert name is None or hasattr(diffusers, name), name
    assert all(hasattr(diffusers, name) for name in REFUSED_CLASSES)


@BY_CLASS
def test_steps_and_guidance_are_the_defaults_of_the_pipelines_own_call(family):
    assert family.steps == default(family, "num_inference_steps")
    if family.guidance_argument is not None:
        assert family.guidance == default(family, family.guidance_argument)


@BY_CLASS
def test_the_negative_prompt_has_no_effect_where_the_call_does_not_take_or_use_it(family):
    parameters = inspect.signature(getattr(diffusers, family.pipeline).__call__).parameters
    has_true_cfg = family.guidance_argument == "true_cfg_scale"
    unused_by_default = not has_true_cfg and default(family, "true_cfg_scale") == 1.0
    assert family.takes_negative == ("negative_prompt" in parameters and not unused_by_default)


@BY_CLASS
def test_a_side_that_the_class_itself_knows_is_that_of_its_call_or_its_source(family):
    pipeline = getattr(diffusers, family.pipeline)
    source = inspect.getsource(inspect.getmodule(pipeline))
    if family.sample_size is not None:
        assert f"self.default_sample_size = {family.sample_size}" in source
    height = default(family, "height")
    if family.side is not None and height is not None:
        assert family.side == height
    elif family.side is not None:
        assert "height = height or 1024" in source or "output_resolution: int = 1024" in source


def test_a_kind_for_pictures_belongs_to_the_family_with_the_same_parts():
    for saved, drawing in (
        ("StableDiffusionXLInpaintPipeline", "StableDiffusionXLPipeline"),
        ("FluxKontextPipeline", "FluxKontextPipeline"),
        ("NoSuchPipeline", "NoSuchPipeline"),
    ):
        assert families.drawing({"_class_name": saved}) == drawing
    assert families.name("LatentConsistencyModelImg2ImgPipeline") == "lcm"
    assert families.name("NoSuchPipeline") == "unknown"
