"""The fields of the prompt bench as a recipe, on the way to the page and back."""

import json

import pytest
from PIL import Image
from widgets.explore.bench_use import ask, listed, wait

import dwlab
from dwlab.spec.catalog import SHAPES_FOLDER


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
    assert [extra["words"] for extra in bench.extras] == ["eta 1.0"]
    bench.controls = through_a_page(bench.controls)
    assert bench.params.canonical() == picture.params.canonical()


def test_weights_and_long_prompts_stay_in_the_recipe_of_a_picture(bench):
    picture = dwlab.generate(
        "a (red:1.2) ring", steps=1, width=64, height=64, prompt_weighting="compel"
    )
    bench.drop(picture.png())
    assert [extra["words"] for extra in bench.extras] == ["weights in prompts, like (word:1.2)"]
    bench.controls = through_a_page(bench.controls)
    assert bench.params.canonical() == picture.params.canonical()
    more = {"others": '{"prompt": "x", "model": "y", "nonsense": 1, "long_prompt": "chunk"}'}
    bench.controls = {**bench.controls, "more": more}
    assert (bench.params.prompt, bench.params.long_prompt) == ("a (red:1.2) ring", "chunk")


def test_a_typed_negative_prompt_replaces_the_empty_one_of_a_recipe(bench):
    bench.show(dwlab.GenerationParams("a star", call={"negative_prompt": "", "eta": 0.5}))
    assert bench.fields.arguments()["call"] == {"negative_prompt": "", "eta": 0.5}
    bench.controls = {**bench.controls, "negative_prompt": "red"}
    assert dwlab.GenerationParams(**bench.fields.arguments()).negative == "red"


RECIPE = {
    "loras": [
        {"file": "shapes-moon", "weight": 0.5},
        {"file": "shapes-moon", "name": "more", "weight": -0.2},
    ],
    "vae": str(SHAPES_FOLDER / "vae"),
    "components": {"text_encoder": str(SHAPES_FOLDER / "text_encoder")},
    "call": {"eta": 0.5},
    "long_prompt": "chunk",
}


def of_shapes(**values):
    return dwlab.GenerationParams.of(
        prompt="a moon", scheduler="DDIM", steps=1, width=64, height=64, **values
    )


def test_everything_that_a_recipe_has_is_in_the_pictures_that_are_made_of_it(bench):
    bench.show(of_shapes(**RECIPE), locked=True)
    bench.controls = through_a_page(bench.controls)
    ask(bench, "run")
    wait(bench)
    entry = bench.session.entry(listed(bench)[0]["key"])
    params = json.loads(entry.params)
    assert params.keys() >= of_shapes(**RECIPE).as_dict().keys()
    assert [lora["weight"] for lora in params["loras"]] == [0.5, -0.2]
    assert params["vae"]["weights"]
    ask(bench, "restore", key=entry.key)
    assert json.loads(bench.params.canonical()) == params
    bench.drop((bench.root / entry.image).read_bytes())
    kept = bench.params.as_dict()
    assert kept["vae"] == {"weights": params["vae"]["weights"]}
    assert [lora["sha256"] for lora in kept["loras"]] == [
        lora["sha256"] for lora in params["loras"]
    ]


def test_each_part_without_a_field_is_shown_and_can_be_left_out(bench, tmp_path):
    picture = tmp_path / "edges.png"
    Image.new("RGB", (64, 64), "red").save(picture)
    control = {"model": "nets/canny", "image": str(picture), "scale": 0.8}
    adapter = {"file": "ip.safetensors", "image": str(picture), "scale": 0.6}
    word = {"file": "ink.safetensors", "token": "<ink>"}
    more = {"control": [control], "ip_adapter": [adapter], "embeddings": [word]}
    bench.show(of_shapes(**RECIPE, **more, refiner={"model": "sdxl-refiner", "from": 0.8}))
    words = [extra["words"] for extra in bench.extras]
    expected = [
        "eta 0.5", "LoRA shapes-moon 0.5", "LoRA more -0.2", "textual inversion <ink>", "VAE model/vae",
        "text_encoder model/text_encoder", "ControlNet canny 0.8", 'long_prompt "chunk"', "IP-Adapter ip 0.6",
        "refiner sdxl-refiner from 0.8",
    ]  # fmt: skip
    assert sorted(words) == sorted(expected)
    first_lora = next(each for each in bench.extras if each["words"].startswith("LoRA shapes"))
    ask(bench, "leave_out", name=first_lora["name"])
    assert [lora.name for lora in bench.params.loras] == ["more"]
    while bench.extras:
        before = len(bench.extras)
        ask(bench, "leave_out", name=bench.extras[0]["name"])
        assert len(bench.extras) == before - 1
    assert bench.params == of_shapes()
    ask(bench, "leave_out", name="others/nonsense")
    assert bench.params == of_shapes()


def test_a_part_that_a_run_downloads_names_its_repository(bench):
    lora = {"hub": "owner/style", "file": "ink.safetensors", "weight": 0.5}
    bench.show(of_shapes(loras=[lora]))
    assert [extra["words"] for extra in bench.extras] == ["LoRA ink 0.5 from the hub, owner/style"]


def test_parts_that_are_nonsense_are_shown_as_they_are(bench):
    more = {"others": '{"loras": [{"weight": []}, 3], "vae": {"x": 1}, "control": 7}'}
    bench.controls = {**bench.controls, "more": more}
    assert [extra["words"] for extra in bench.extras] == [
        'loras {"weight": []}', "loras 3", 'vae {"x": 1}', "control 7",
    ]  # fmt: skip


def test_an_edit_that_arrives_after_a_restored_recipe_does_not_take_it_back(bench):
    """Jupyter can hold back what was typed before a click, and send it after the click's message."""
    ask(bench, "run")
    wait(bench)
    key = listed(bench)[0]["key"]
    typed = {**bench.controls, "prompt": "typed before the click"}
    ask(bench, "restore", key=key, edit=["a page", 7])
    bench.set_state({"controls": {**typed, "edit": ["a page", 7]}})
    assert bench.controls["prompt"] == "a star"
    bench.set_state({"controls": {**typed, "edit": ["another page", 1]}})
    assert bench.controls["prompt"] == "typed before the click"
    bench.set_state({"controls": {**typed, "prompt": "typed after it", "edit": ["a page", 8]}})
    assert bench.controls["prompt"] == "typed after it" and "edit" not in bench.controls
    ask(bench, "restore", key="no such key", edit=["a page", 9])
    bench.set_state({"controls": {**typed, "edit": ["a page", 9]}})
    assert bench.controls["prompt"] == "typed before the click"


def test_what_was_typed_before_a_part_is_left_out_stays(bench):
    bench.controls = {**bench.controls, "more": {"call": '{"eta": 0.5}'}}
    typed = {**bench.controls, "prompt": "a ring"}
    ask(bench, "leave_out", name="call/eta", controls=typed, edit=["a page", 2])
    bench.set_state({"controls": {**typed, "edit": ["a page", 2]}})
    assert (bench.controls["prompt"], bench.controls["more"]) == ("a ring", {})


@pytest.mark.parametrize("width", [7, 1000, 100, "?", 0])
def test_a_size_is_told_in_the_limits_of_the_chosen_model(bench, width):
    bench.controls = {**bench.controls, "width": width}
    assert bench.problems == {"width": "A multiple of 8 from 64 to 512 for model 'shapes'."}


def test_accelerators_are_ticked_typed_and_in_the_recipe(bench):
    assert [each["name"] for each in bench.offer["accelerators"]] == [
        "token_merging",
        "deep_cache",
        "guidance_every",
        "guidance_interval",
    ]
    settings = {"deep_cache": "{every: 3, branch: 1}", "guidance_interval": "0, 0.6"}
    bench.controls = through_a_page({**bench.controls, "steps": 20, "accelerate": settings})
    expected = {"deep_cache": {"every": 3, "branch": 1}, "guidance_interval": [0.0, 0.6]}
    assert bench.params.as_dict()["accelerate"] == expected
    assert bench.problems == {} and bench.offer["work"] == "about 40% of the denoiser's work"
    bench.show(bench.params)
    assert bench.params.as_dict()["accelerate"] == expected
    # an empty setting is the usual one
    bench.controls = {**bench.controls, "accelerate": {"deep_cache": ""}}
    assert bench.params.as_dict()["accelerate"] == {"deep_cache": 3}
    bench.controls = {**bench.controls, "accelerate": {}}
    assert not bench.params.accelerate and bench.offer["work"] == ""


@pytest.mark.parametrize("text", ["99", "0", "nan", "[", "{depth: 3}", "three", "1e400", "- 1"])
def test_what_is_wrong_with_an_accelerator_is_said_at_it(bench, text):
    bench.controls = {**bench.controls, "accelerate": {"deep_cache": text}}
    assert list(bench.problems) == ["accelerate.deep_cache"]
    assert bench.problems["accelerate.deep_cache"][0].isupper()
    ask(bench, "run")
    assert "accelerate.deep_cache" in bench.problems and listed(bench) == []


def test_accelerators_that_do_not_go_together_or_do_not_fit_are_refused_before_a_run(bench):
    bench.controls = {**bench.controls, "accelerate": {"taylorseer": "5"}}
    assert bench.problems["accelerate.taylorseer"].startswith("Left out for Stable Diffusion")
    bench.controls = {**bench.controls, "accelerate": {"nonsense": "5"}}
    assert "accelerate.nonsense" in bench.problems
    # of a model that is not here nothing is known but what cannot be together
    bench.controls = {**bench.controls, "model": "flux-dev"}
    assert len(bench.offer["accelerators"]) == 9
    both = {"taylorseer": "5", "first_block_cache": "0.1"}
    bench.controls = {**bench.controls, "accelerate": both}
    assert bench.problems["accelerate"].startswith("Only one of")


def test_the_caption_says_how_a_picture_was_accelerated(bench):
    bench.controls = {**bench.controls, "accelerate": {"guidance_every": "2"}}
    ask(bench, "run")
    wait(bench)
    (tile,) = bench.stage
    assert tile["facts"]["accelerate"] == "guidance_every 2"
    assert "guidance_every 2" in listed(bench)[0]["text"]


def test_accelerators_come_back_after_a_restart_and_nothing_else_in_their_place(bench):
    chosen = {"deep_cache": "2"}
    bench.controls = {**bench.controls, "accelerate": chosen, "quantisation": "float8-layers"}
    again = dwlab.explore()
    assert again.controls["accelerate"] == chosen and again.params.quantisation == "float8-layers"
    again.controls = {**again.controls, "accelerate": {"deep_cache": [1], "<b>": "1"}}
    assert dwlab.explore().controls["accelerate"] == {}
