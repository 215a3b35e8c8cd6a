"""What is said of a class of pipelines is what diffusers does with it."""

from __future__ import annotations

import inspect

from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

from dwlab.spec import families

SPELLED = {
    "negative_prompt": "negative_prompt",
    "guidance": "guidance_scale",
    "steps": "num_inference_steps",
}


def unused(cls):
    """The parameters that a call of this pipeline does not take; negative_prompt also where true CFG is off by default."""
    taken = inspect.signature(cls.__call__).parameters
    found = {name for name, spelling in SPELLED.items() if spelling not in taken}
    if "true_cfg_scale" in taken and taken["true_cfg_scale"].default <= 1:
        found.add("negative_prompt")
    return found


def test_parameters_listed_as_unused_are_those_missing_in_the_pipelines_signatures():
    for cls in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values():
        said = {name for name, classes in families.UNUSED.items() if cls.__name__ in classes}
        assert said == unused(cls), cls.__name__
