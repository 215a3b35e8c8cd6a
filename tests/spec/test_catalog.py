"""What is said of a model before it loads is what diffusers does with it."""

from __future__ import annotations

import inspect
import json

import pytest
from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

from dwlab.errors import ModelError
from dwlab.spec import catalog, families, no_effect
from dwlab.spec.sweep import SweepSpec

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


def test_what_pipelines_make_no_use_of_is_what_their_signatures_say():
    for cls in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values():
        said = {name for name, classes in families.UNUSED.items() if cls.__name__ in classes}
        assert said == unused(cls), cls.__name__


def folder(path, cls, **denoiser):
    (path / "transformer").mkdir(parents=True)
    (path / "model_index.json").write_text(json.dumps({"_class_name": cls}))
    (path / "transformer" / "config.json").write_text(json.dumps(denoiser))
    return str(path)


@pytest.mark.parametrize(
    "index", [{"scheduler": None}, {"scheduler": "x"}, {"scheduler": ["diffusers"]}, {"vae": 5}, {}]
)
def test_a_folder_of_odd_configs_is_described_as_far_as_it_goes(tmp_path, index):
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "config.json").write_text('{"block_out_channels": 4}')
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline", **index}))
    entry = catalog.lookup(str(tmp_path))
    assert (entry.family, entry.scheduler, entry.width) == ("flux", None, None)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_folder_whose_index_is_none_is_refused(tmp_path, text):
    (tmp_path / "model_index.json").write_text(text)
    with pytest.raises(ModelError, match=r"model_index\.json"):
        catalog.lookup(str(tmp_path))


def warned(model, folders=None, **parts):
    spec = SweepSpec("s", model=model, **{"base": {"prompt": "x"}, **parts})
    cells = spec.cells()
    assert len(cells) == spec.combinations(), "an axis that cannot matter stays"
    return no_effect.warnings(spec, cells, folders)


@pytest.mark.parametrize(
    ("cls", "denoiser", "ignored"),
    [
        ("FluxPipeline", {"guidance_embeds": True}, ["negative_prompt"]),
        ("FluxPipeline", {}, ["guidance", "negative_prompt"]),
        ("LatentConsistencyModelPipeline", {"time_cond_proj_dim": 256}, ["negative_prompt"]),
        ("StableDiffusionPipeline", {"time_cond_proj_dim": 256}, ["negative_prompt"]),
        ("StableDiffusionXLPipeline", {}, []),
        ("NoSuchPipeline", {}, []),
    ],
)
def test_an_axis_that_a_model_ignores_is_warned_of_and_kept(tmp_path, cls, denoiser, ignored):
    model = folder(tmp_path / "model", cls, **denoiser)
    axes = {"negative_prompt": ["", "red"], "guidance": [2, 5]}
    expected = [f"{name} has no effect on model {model!r}" for name in ignored]
    assert warned(model, axes=axes) == expected
    assert (
        warned(model, base={"prompt": "x", "negative_prompt": "red"}, axes={"seed": [0, 1]}) == []
    )


def test_a_model_that_ignores_the_negative_prompt_hears_it_with_true_cfg(tmp_path):
    model = folder(tmp_path / "model", "FluxPipeline", guidance_embeds=True)
    axes = {"negative_prompt": ["", "red"]}
    assert warned(model, axes=axes, base={"prompt": "x", "call": {"true_cfg_scale": 4}}) == []
    assert len(warned(model, axes=axes, base={"prompt": "x", "call": {"true_cfg_scale": 1}})) == 1


def test_guidance_of_one_or_less_is_called_off_only_where_it_is(tmp_path):
    flux = folder(tmp_path / "flux", "FluxPipeline", guidance_embeds=True)
    distilled = folder(tmp_path / "lcm", "StableDiffusionPipeline", time_cond_proj_dim=256)
    for model in (flux, distilled, "owner/name"):
        assert warned(model, axes={"guidance": [0, 1]}) == []
    assert len(warned("sdxl-turbo", axes={"guidance": [0, 1]})) == 1


def test_a_model_of_the_hub_is_read_where_it_lies(tmp_path):
    here = folder(tmp_path / "snapshot", "Flux2Pipeline")
    axes = {"negative_prompt": ["", "red"]}
    assert warned("owner/name", axes=axes) == []
    assert warned("owner/name", {"owner/name": here}, axes=axes) == [
        "negative_prompt has no effect on model 'owner/name'"
    ]
