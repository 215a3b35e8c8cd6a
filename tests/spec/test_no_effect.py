"""A plan warns about what cannot make a difference, and about nothing else."""

from __future__ import annotations

import json

import pytest
from sweeps import spec

from dwlab.runs.sweep import Sweep
from dwlab.spec import no_effect
from dwlab.spec.sweep import SweepSpec


def folder(path, cls, **denoiser):
    (path / "transformer").mkdir(parents=True)
    (path / "model_index.json").write_text(json.dumps({"_class_name": cls}))
    (path / "transformer" / "config.json").write_text(json.dumps(denoiser))
    return str(path)


def warned(model, folders=None, **parts):
    spec = SweepSpec("s", model=model, **{"base": {"prompt": "x"}, **parts})
    cells = spec.cells()
    assert len(cells) == spec.combinations(), "an axis that cannot matter stays"
    return no_effect.warnings(spec, cells, folders)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"axes": {"guidance": [0, 1, 5]}}, "guidance 0, 1"),
        (
            {"base": {"prompt": "x", "guidance": 1}, "axes": {"negative_prompt": ["", "red"]}},
            "negative_prompt has no effect",
        ),
        (
            {"base": {"prompt": "x", "guidance": 1}, "axes": {"accelerate.guidance_every": [1, 2]}},
            "accelerate.guidance_every has no effect",
        ),
        (
            {"base": {"prompt": "x", "scheduler": "Euler"}, "axes": {"call.eta": [0, 1]}},
            "call.eta has no effect",
        ),
        (
            {
                "base": {"prompt": "x", "scheduler": "Euler"},
                "axes": {"call": [{"eta": 0}, {"eta": 1}]},
            },
            "call.eta has no effect on EulerDiscreteScheduler",
        ),
        (
            {"base": {"prompt": "x", "scheduler": "LCM"}, "axes": {"call.eta": [0, 1]}},
            "call.eta has no effect",
        ),
        (
            {
                "base": {"prompt": "x", "negative_prompt": "no {c}", "guidance": 1},
                "axes": {"c": ["red", "blue"]},
            },
            "negative_prompt has no effect",
        ),
        ({"axes": {"steps": [1, 2]}, "skip": [{"steps": 9}]}, "drops nothing"),
        (
            {"axes": {"steps": [1, 2]}, "skip": [{"steps": 1}, {"steps": 2, "seed": 5}]},
            "{'steps': 2, 'seed': 5}",
        ),
    ],
)
def test_an_axis_without_effect_is_warned_about_and_kept(parts, words):
    swept = spec(**parts)
    cells = swept.cells()
    assert any(words in w for w in no_effect.warnings(swept, cells))
    assert len(cells) == swept.count()


def test_a_sweep_whose_axes_all_matter_has_no_warnings():
    swept = spec(
        axes={"guidance": [1, 5], "steps": [2, 4], "negative_prompt": ["", "red"]},
        skip=[{"guidance": 1, "negative_prompt": "red"}],
    )
    assert no_effect.warnings(swept, swept.cells()) == []
    deaf = spec(
        axes={"scheduler": ["DDIM", "DDIM", "Euler"], "call.eta": [0, 1, 0]},
        zip=[["scheduler", "call.eta"]],
    )  # no eta varies where it is not heard
    assert no_effect.warnings(deaf, deaf.cells()) == []


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
def test_an_axis_that_a_model_ignores_is_warned_about_and_kept(tmp_path, cls, denoiser, ignored):
    model = folder(tmp_path / "model", cls, **denoiser)
    axes = {"negative_prompt": ["", "red"], "guidance": [2, 5]}
    expected = [f"{name} has no effect on model {model!r}" for name in ignored]
    assert warned(model, axes=axes) == expected
    assert (
        warned(model, base={"prompt": "x", "negative_prompt": "red"}, axes={"seed": [0, 1]}) == []
    )


def test_a_model_that_ignores_the_negative_prompt_uses_it_with_true_cfg(tmp_path):
    model = folder(tmp_path / "model", "FluxPipeline", guidance_embeds=True)
    axes = {"negative_prompt": ["", "red"]}
    assert warned(model, axes=axes, base={"prompt": "x", "call": {"true_cfg_scale": 4}}) == []
    assert len(warned(model, axes=axes, base={"prompt": "x", "call": {"true_cfg_scale": 1}})) == 1


def test_guidance_that_is_a_true_cfg_needs_a_negative_prompt(tmp_path):
    model = folder(tmp_path / "model", "QwenImagePipeline")
    axes = {"guidance": [2, 5]}
    (warning,) = warned(model, axes=axes)
    assert warning.startswith(
        f"guidance has no effect on model {model!r} without a negative_prompt"
    )
    assert warned(model, axes=axes, base={"prompt": "x", "negative_prompt": "red"}) == []
    assert warned(model, axes=axes, base={"prompt": "x", "call": {"negative_prompt": ""}}) == []


def test_guidance_of_one_or_less_is_called_off_only_in_families_where_it_is(tmp_path):
    flux = folder(tmp_path / "flux", "FluxPipeline", guidance_embeds=True)
    distilled = folder(tmp_path / "lcm", "StableDiffusionPipeline", time_cond_proj_dim=256)
    for model in (flux, distilled, "owner/name"):
        assert warned(model, axes={"guidance": [0, 1]}) == []
    assert len(warned("sdxl-turbo", axes={"guidance": [0, 1]})) == 1


def test_a_downloaded_model_of_the_hub_is_read_in_its_folder(tmp_path):
    here = folder(tmp_path / "snapshot", "Flux2Pipeline")
    axes = {"negative_prompt": ["", "red"]}
    assert warned("owner/name", axes=axes) == []
    assert warned("owner/name", {"owner/name": here}, axes=axes) == [
        "negative_prompt has no effect on model 'owner/name'"
    ]


SMALL = {"steps": 1, "width": 64, "height": 64}


def test_the_plan_says_which_texts_lose_white_space(tmp_path):
    texts = [
        "a red star",
        "a red star\n",
        "a red star ",
        "a  red star",
        "A red star",
        "a red star\r",
    ]
    plan = Sweep("trial", base=SMALL, axes={"prompt": texts}).plan(tmp_path)
    assert plan.cells == 3
    assert (
        r"prompt: the white space around 'a red star\n' and 2 others is left out" in plan.warnings
    )
    filled = Sweep(
        "trial",
        base={**SMALL, "prompt": "{p}", "negative_prompt": "blurry\n"},
        axes={"p": [" x", "x", "y"]},
    )
    said = [text for text in filled.plan(tmp_path).warnings if "white space" in text]
    assert said == [
        "prompt: the white space around ' x' is left out",
        r"negative_prompt: the white space around 'blurry\n' is left out",
    ]


def test_the_plan_does_not_mention_white_space_that_is_kept(tmp_path):
    plan = Sweep(
        "trial", base={**SMALL, "prompt": "a {p} star"}, axes={"p": [" red", "blue "]}
    ).plan(tmp_path)
    assert not [text for text in plan.warnings if "white space" in text]


@pytest.mark.parametrize(
    "parts",
    [
        {"axes": {"steps": [2, 4], "seed": [3, 1, 2]}},
        {"axes": {"guidance": [0, 1], "seed": {"random": 3}}},
        # what repeats, does so for each seed
        {"axes": {"scheduler": ["ddim", "DDIM"], "seed": {"range": [0, 5]}}},
        {"axes": {"steps": [2, 4], "seed": [1, 1, 2]}},
        {"axes": {"steps": [2, 4], "seed": [1, 2]}, "zip": [["steps", "seed"]]},
        {"axes": {"guidance": [0, 1], "seed": [1, 2]}, "skip": [{"guidance": 1, "seed": 2}]},
        {"axes": {"guidance": [0, 1]}},
    ],
)
def test_a_sweep_that_ran_has_the_same_warnings_as_before(parts):
    swept = spec(**parts)
    assert no_effect.stored_warnings(swept) == no_effect.warnings(swept, swept.cells())


def test_the_warnings_of_a_sweep_that_ran_need_one_seed_of_many():
    swept = spec(axes={"guidance": [0, 1, 5], "seed": {"range": [0, 1_000_000]}})
    (warning,) = no_effect.stored_warnings(swept)
    assert warning.startswith("guidance 0, 1")
