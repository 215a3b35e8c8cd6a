"""ControlNets in recipes: axes, rows and pictures that are made again, refusals."""

from __future__ import annotations

import json

import pytest
import tiny_families
from side_by_side import check_equal
from start_pictures import difference, noise_picture
from typer.testing import CliRunner

import dwlab
from dwlab.analysis.axes import swept
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.pictures import recipes
from dwlab.pictures.png import read_recipe
from dwlab.runs.sweep import Sweep
from dwlab.spec.params import GenerationParams
from dwlab.store.integrity import verify


@pytest.fixture
def one(controlled):
    return controlled("sd")


@pytest.fixture
def base(one, tmp_path):
    base = {"prompt": "a star", "steps": 2, "width": 16, "height": 16, "control": one.control(1)}
    base["control"][0]["image"] = str(tmp_path / "edges.png")
    noise_picture(3).save(tmp_path / "edges.png")
    return base


def test_the_scale_of_a_net_is_an_axis_and_rows_say_what_was_seen(one, base, tmp_path):
    sweep = Sweep(
        "scales", model=one.model.identity.name, base=base, axes={"control.scale": [0.2, 1.0]}
    )
    table = sweep.run(tmp_path / "results", device="cpu")
    assert list(table["status"]) == ["ok", "ok"] and table["pixels"].nunique() == 2
    assert sweep.plan(tmp_path / "results", device="cpu").todo == 0
    (control,) = json.loads(table["control"][0])
    assert control["scale"] == 0.2
    digest = control["image"].removeprefix("sha256:")
    assert (tmp_path / "results/inputs" / f"{digest}.png").is_file()
    png = (tmp_path / "results" / table["image"][0]).read_bytes()
    assert str(tmp_path).encode() not in png and control["weights"].encode() in png
    again = GenerationParams("a star", control=[control])
    assert again.control[0].scale == 0.2
    (axis,) = swept(table)
    assert (axis.name, axis.values) == ("control.scale", [0.2, 1.0])
    report = verify(tmp_path / "results")
    assert report.good and report.pictures == 3


def test_a_png_alone_finds_its_net_among_those_that_were_read_here(one, base, tmp_path):
    model, root = one.model.identity.name, tmp_path / "results"
    table = Sweep("png", model=model, base=base).run(root, device="cpu")
    params, left_out = recipes.read((root / table["image"][0]).read_bytes()).fit(model)
    assert params.control[0].model == "" and not [
        text for text in left_out if text.startswith("control")
    ]
    again = Sweep("again", model=model, base=params.as_dict() | {"model": model})
    assert again.plan(root, device="cpu").done == 1


def test_a_net_that_is_nowhere_on_this_machine_is_named_by_its_fingerprint(one, base, tmp_path):
    base["control"][0] |= {"model": "", "weights": "0" * 64}
    with pytest.raises(InvalidInput, match=r"control\[0\].weights .* has read on this machine"):
        Sweep("x", model=one.model.identity.name, base=base).plan(tmp_path, device="cpu")


def test_a_net_that_was_read_elsewhere_before_stands_in_for_the_folder_that_is_gone(
    one, base, tmp_path
):
    options = {"model": one.model.identity.name, **base}
    first = dwlab.generate(**options)
    control = first.params.control[0].as_dict()
    control |= {"image": base["control"][0]["image"], "model": str(tmp_path / "gone")}
    again = dwlab.generate(**options | {"control": [control]})
    assert again.key == first.key
    check_equal([again], [first.image])


def test_a_picture_of_another_machine_names_no_folder(base):
    stored = {"image": "sha256:" + "0" * 64, "weights": "1" * 64}
    for control, is_read in ((stored, True), (stored | {"model": "/etc"}, False)):
        recipe = recipes._own(json.dumps({"params": {"prompt": "x", "control": [control]}}))
        assert ("control" in recipe.values) == is_read


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ([{"model": "nowhere", "image": noise_picture(0)}], "a folder with a ControlNet"),
        ([{"model": "nowhere"}], r"control\[0\].image"),
        ([{"model": "x", "image": noise_picture(0), "scale": 11}], r"control\[0\].scale.*0 to 10"),
        ([{"model": "x", "image": noise_picture(0), "start": 0.9, "end": 0.5}], "less than end"),
        ([{"model": "x", "image": noise_picture(0), "weight": 1}], r"control\[0\].weight"),
        ([{"model": "x", "image": noise_picture(0), "mode": -1}], r"control\[0\].mode"),
        ([{"model": "x", "image": noise_picture(0), "weights": "ab"}], r"control\[0\].weights"),
        (3, "a list like"),
    ],
)
def test_what_cannot_be_is_refused_before_a_model_loads(control, message, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        Sweep("x", base={"prompt": "a star", "control": control}).plan(tmp_path, device="cpu")


def test_a_family_without_controlnets_says_so(one, tmp_path):
    tiny_families.chroma().save_pretrained(tmp_path / "chroma")
    base = {"prompt": "a", "model": str(tmp_path / "chroma"), "control": one.control(1)}
    with pytest.raises(InvalidInput, match="these take ControlNets"):
        Sweep("x", base=base).plan(tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("qwen", {"number": 2}, "one QwenImageControlNetModel; diffusers takes no more"),
        ("sana", {"end": 0.5}, r"control\[0\].end .* acts in all steps"),
        ("sd3", {"task": "image"}, "left out beside image; with a SD3ControlNetModel"),
        ("flux union", {"mode": None}, r"control\[0\].mode .* from 0 to 3"),
        ("flux union", {"mode": 4}, r"control\[0\].mode .* from 0 to 3"),
        ("sd", {"mode": 0}, "trained for one kind of picture"),
        ("sd", {"other": "sdxl union"}, "ControlNets of one class"),
    ],
)
def test_what_the_class_of_a_net_cannot_do_is_refused(controlled, name, changes, message, tmp_path):
    one = controlled(name)
    controls = one.control(1)
    if "number" in changes:
        controls *= changes["number"]
    if "other" in changes:
        controls = controlled(changes["other"]).control(1)
    for attribute in ("end", "mode"):
        if attribute in changes:
            controls[0][attribute] = changes[attribute]
    base = {"prompt": "a", "model": one.model.identity.name, "control": controls}
    if "task" in changes:
        base["image"] = noise_picture(0)
    with pytest.raises(InvalidInput, match=message):
        Sweep("x", base=base).plan(tmp_path, device="cpu")


def test_arguments_that_only_the_class_with_controlnets_takes_are_passed_on(one):
    cells = [params.replace(call={"guess_mode": True}) for params in one.cells("text")[:3]]
    expected = [one.stock(params) for params in cells]
    one.check_packed(cells, expected, rows_at_once=2)
    (without,) = one.made(one.cells("text")[1:2])
    assert difference(without.image, expected[1]) > 1


def test_arguments_that_a_recipe_has_names_for_are_refused_in_call(one, tmp_path):
    base = {"prompt": "a", "model": one.model.identity.name, "control": one.control(1)}
    for name in ("controlnet_conditioning_scale", "control_guidance_end", "control_mode"):
        with pytest.raises(InvalidInput, match=rf"call.{name} is 1"):
            Sweep("x", base={**base, "call": {name: 1}}).plan(tmp_path, device="cpu")


def test_the_command_draws_with_nets_and_their_pictures(one, base, tmp_path):
    (control,) = base["control"]
    options = {"--model": one.model.identity.name, "--steps": 2, "--width": 16, "--height": 16}
    options |= {"-o": tmp_path / "out.png", "--device": "cpu", "--control-scale": 0.5}
    options |= {"--control": control["model"], "--control-image": control["image"]}
    words = [str(word) for option in options.items() for word in option]
    result = CliRunner().invoke(app, ["generate", "a star", *words])
    assert result.exit_code == 0, result.output
    recipe = read_recipe(tmp_path / "out.png")
    assert recipe["params"]["control"][0]["scale"] == 0.5
