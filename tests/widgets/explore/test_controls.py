"""The fields of the prompt bench as a recipe, on the way to the page and back."""

import pytest

import dwlab


def test_parameters_without_a_field_stay_in_the_recipe_until_they_are_left_out(bench):
    options = {"timestep_spacing": "leading"}
    recipe = {"call": {"eta": 0.5}, "scheduler": "DDIM", "scheduler_options": options}
    picture = dwlab.generate("a ring", steps=1, width=64, height=64, **recipe)
    bench.drop(picture.png())
    assert (dict(bench.params.call), dict(bench.params.scheduler_options)) == (
        {"eta": 0.5},
        options,
    )
    # The options belong to the other scheduler.
    bench.controls = {**bench.controls, "scheduler": "DPM++ 2M Karras"}
    assert dict(bench.params.call) == {"eta": 0.5}
    assert bench.params.scheduler_options == {"use_karras_sigmas": True}
    bench.controls = {**bench.controls, "more": {}}
    assert not bench.params.call
    bench.drop(
        dwlab.generate("a ring", steps=1, width=64, height=64, scheduler="Euler Karras").png()
    )
    assert bench.controls["scheduler"] == "Euler Karras" and bench.controls["more"] == {}


def test_choosing_a_model_brings_its_limits_even_if_fields_are_wrong(bench):
    bench.controls = {**bench.controls, "seed": -5}
    assert set(bench.problems) == {"seed"}
    bench.controls = {**bench.controls, "model": "sdxl"}
    assert (bench.controls["width"], bench.controls["prompt"], bench.controls["seed"]) == (
        1024,
        "a star",
        -5,
    )
    assert bench.offer["sides"][1] > 512
    assert "seed" in bench.problems


@pytest.mark.parametrize("seed", [7, 2**53 + 1, 2**63 - 1])
def test_large_seeds_survive_the_trip_to_the_page_and_back(bench, seed):
    bench.drop(dwlab.generate("a ring", steps=1, width=64, height=64, seed=seed).png())
    assert bench.controls["seed"] == str(seed)
    bench.controls = through_a_page(bench.controls)
    assert bench.params.seed == seed


def through_a_page(value):
    """A value as it comes back from a browser: all numbers are doubles, and 1.0 is 1."""
    if isinstance(value, dict):
        return {name: through_a_page(inside) for name, inside in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(float(value)) if float(value).is_integer() else float(value)
    return value


def test_parameters_without_a_field_survive_the_trip_to_the_page_and_back(bench):
    picture = dwlab.generate(
        "a ring", steps=1, width=64, height=64, scheduler="DDIM", call={"eta": 1.0}
    )
    bench.drop(picture.png())
    assert bench.controls["more"]["words"] == "eta 1.0"
    bench.controls = through_a_page(bench.controls)
    assert bench.params.canonical() == picture.params.canonical()


def test_weights_and_long_prompts_stay_in_the_recipe_of_a_picture(bench):
    picture = dwlab.generate(
        "a (red:1.2) ring", steps=1, width=64, height=64, prompt_weighting="compel"
    )
    bench.drop(picture.png())
    assert bench.controls["more"]["words"] == 'prompt_weighting "compel"'
    bench.controls = through_a_page(bench.controls)
    assert bench.params.canonical() == picture.params.canonical()
    more = {"others": '{"prompt": "x", "model": "y", "nonsense": 1, "long_prompt": "chunk"}'}
    bench.controls = {**bench.controls, "more": more}
    assert (bench.params.prompt, bench.params.long_prompt) == ("a (red:1.2) ring", "chunk")


def test_a_typed_negative_prompt_replaces_the_empty_one_of_a_recipe(bench):
    bench.show(dwlab.GenerationParams("a star", call={"negative_prompt": "", "eta": 0.5}))
    assert bench._arguments()["call"] == {"negative_prompt": "", "eta": 0.5}
    bench.controls = {**bench.controls, "negative_prompt": "red"}
    assert dwlab.GenerationParams(**bench._arguments()).negative == "red"
