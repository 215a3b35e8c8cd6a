"""GenerationParams refuses bad values by name before any model loads, and has one text for one meaning."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwlab.errors import InvalidInput, ModelError
from dwlab.runs.sweep import Sweep
from dwlab.spec.params import GenerationParams


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 5),
        ("prompt", "a\0b"),
        ("prompt", "lone \ud800 surrogate"),
        ("prompt", "x" * 20_001),
        ("negative_prompt", None),
        ("seed", -1),
        ("seed", 2**63),
        ("seed", True),
        ("seed", "7"),
        ("steps", 0),
        ("steps", 1001),
        ("steps", 2.5),
        ("guidance", -0.1),
        ("guidance", 100.5),
        ("guidance", float("nan")),
        ("guidance", float("inf")),
        ("guidance", 10**400),
        ("width", 60),
        ("width", 100),
        ("width", 520),
        ("height", 0),
        ("scheduler", "eul"),
        ("scheduler", "os.system"),
        ("dtype", "int8"),
        ("model", ""),
        ("call", ["eta"]),
        ("call", {"a b": 1}),
        ("call", {"eta": float("nan")}),
        ("call", {"eta": object()}),
        ("scheduler_options", {"x-y": 1}),
    ],
)
def test_a_bad_value_is_refused_and_named(field, value):
    with pytest.raises(InvalidInput) as caught:
        GenerationParams(**{"prompt": "a circle", field: value})
    assert caught.value.field in (field, f"{field}.eta"), (
        "the argument inside, if it is one's fault"
    )
    assert field in str(caught.value)
    assert caught.value.allowed


def test_call_may_not_set_what_dwlab_sets_itself():
    for name in ("generator", "latents", "prompt", "num_inference_steps"):
        with pytest.raises(InvalidInput, match=f"call.{name}"):
            GenerationParams("a circle", call={name: 1})


def test_the_limits_themselves_are_allowed():
    params = GenerationParams("", seed=2**63 - 1, steps=1000, guidance=100, width=64, height=512)
    assert (params.seed, params.steps, params.guidance) == (2**63 - 1, 1000, 100.0)
    assert GenerationParams("x", seed=0, steps=1, guidance=0).guidance == 0.0


@pytest.mark.parametrize("start", ["x", "owner/", "/folder/"])
def test_a_model_name_of_any_length_is_refused_in_few_words(start):
    with pytest.raises(InvalidInput, match=r"^model is .*at most 1,000 characters") as refusal:
        GenerationParams(prompt="x", model=start + 5000 * "x")
    assert len(str(refusal.value)) < 300


def test_an_unknown_bare_model_name_is_refused_without_asking_the_hub():
    with pytest.raises(ModelError, match="neither in the catalog"):
        GenerationParams("x", model="stable-diffusion")


def test_parameters_that_are_left_out_come_from_the_model():
    params = GenerationParams("x")
    assert (params.width, params.height, params.scheduler) == (128, 128, "DDIMScheduler")
    assert GenerationParams("x", model="sdxl").width == 1024


def test_params_cannot_be_changed():
    params = GenerationParams("x", call={"eta": 0.5})
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.steps = 3
    with pytest.raises(TypeError):
        params.call["eta"] = 1


def test_both_spellings_of_a_name_are_accepted_but_not_together():
    assert GenerationParams.of(prompt="x", num_inference_steps=7, guidance_scale=2).steps == 7
    with pytest.raises(InvalidInput, match="twice"):
        GenerationParams.of(prompt="x", steps=7, num_inference_steps=7)
    with pytest.raises(InvalidInput, match="stepz"):
        GenerationParams.of(prompt="x", stepz=7)


def test_other_tools_names_of_schedulers_stand_for_class_and_options():
    karras = GenerationParams("x", scheduler="dpm++ 2m karras")
    assert karras.scheduler == "DPMSolverMultistepScheduler"
    assert dict(karras.scheduler_options) == {"use_karras_sigmas": True}
    same = GenerationParams(
        "x", scheduler="DPMSolverMultistepScheduler", scheduler_options={"use_karras_sigmas": True}
    )
    assert karras == same
    assert karras.canonical() == same.canonical()


def test_one_meaning_has_one_canonical_text_and_one_key():
    plain = GenerationParams("x", guidance=5)
    explicit = GenerationParams("x", guidance=5.0, negative_prompt="", width=128, call={}, seed=0)
    assert plain.canonical() == explicit.canonical()
    assert plain.key("w", "float32") == explicit.key("w", "float32")
    assert hash(plain) == hash(explicit)


@given(st.text(max_size=200), st.integers(0, 2**63 - 1), st.integers(1, 1000), st.floats(0, 100))
def test_canonical_text_makes_the_same_parameters_again(prompt, seed, steps, guidance):
    if "\0" in prompt or any("\ud800" <= c <= "\udfff" for c in prompt):
        return
    params = GenerationParams(prompt, seed=seed, steps=steps, guidance=guidance)
    again = GenerationParams(**json.loads(params.canonical()))
    assert again == params
    assert again.canonical() == params.canonical()


def test_a_copy_is_validated_where_it_changes():
    params = GenerationParams("a red circle", scheduler="Euler Karras")
    assert params.replace(seed=3.0) == GenerationParams(
        "a red circle", scheduler="Euler Karras", seed=3
    )
    assert params.replace(steps=None).steps == GenerationParams("").steps
    for changes in (
        {"seed": -1},
        {"width": 63},
        {"prompt": 3},
        {"call": {"prompt": "x"}},
        {"scheduler": "none"},
    ):
        with pytest.raises(InvalidInput, match=next(iter(changes))):
            params.replace(**changes)
    with pytest.raises(TypeError):
        params.replace(nothing=1)


@pytest.mark.parametrize("seed", [-1, -5, 2**63, 1.5, "random"])
def test_the_error_about_a_seed_names_random_seeds_and_the_default(seed):
    with pytest.raises(InvalidInput, match=r"leave it out.*`seed: random`"):
        Sweep("trial", base={"prompt": "x"}, axes={"seed": [seed]}).cells()


def test_the_error_about_a_number_in_quotes_says_without_quotes():
    with pytest.raises(InvalidInput, match="without quotes"):
        GenerationParams("x", width="512")


def test_noise_from_the_cpu_is_the_same_as_no_noise_named():
    plain = GenerationParams("x")
    assert GenerationParams("x", noise="cpu").canonical() == plain.canonical()
    assert GenerationParams("x", noise="a1111-cuda").canonical() != plain.canonical()
    with pytest.raises(InvalidInput, match="noise is 'gpu'; allowed: one of cpu, a1111-cuda"):
        GenerationParams("x", noise="gpu")
