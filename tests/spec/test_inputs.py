"""Recipes with a picture to start from: what they may say, and axes of pictures."""

from __future__ import annotations

import pytest
from PIL import Image

from dwlab.errors import InvalidInput
from dwlab.spec import input_files, inputs
from dwlab.spec.axes import values
from dwlab.spec.params import GenerationParams
from dwlab.spec.sweep import SweepSpec

REFERENCE = "sha256:" + "ab" * 32


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.JPG", "c.webp"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    for name in ("notes.txt", ".hidden.png"):
        (tmp_path / name).write_text("")
    (tmp_path / "inner").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "inner/b.png")
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": "nowhere.png"}, "there is no such file"),
        ({"image": 3}, "the path of a PNG, JPEG or WebP file"),
        ({"image": REFERENCE, "strength": 0}, "above 0, up to 1"),
        ({"image": REFERENCE, "strength": 1.1}, "above 0, up to 1"),
        ({"image": REFERENCE, "strength": float("nan")}, "above 0, up to 1"),
        ({"image": REFERENCE, "strength": "0.5"}, "without quotes"),
        ({"strength": 0.5}, "left out without an image"),
        ({"mask": REFERENCE}, "left out without an image"),
        ({"image": REFERENCE, "mask_padding": 8}, "left out without a mask"),
        ({"image": REFERENCE, "mask": REFERENCE, "mask_blur": -1}, "a whole number from 0 to 1024"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(changes, message):
    with pytest.raises(InvalidInput, match=message):
        GenerationParams("a star", **changes)


def test_a_changed_recipe_is_checked_as_a_whole():
    params = GenerationParams("a star", image=REFERENCE, strength=0.5)
    assert params.replace(strength=0.7).strength == 0.7
    with pytest.raises(InvalidInput, match="left out without an image"):
        params.replace(image=None)
    with pytest.raises(InvalidInput, match="left out without a mask"):
        params.replace(mask_padding=4)


def test_recipes_without_pictures_say_nothing_of_them():
    assert not {*inputs.FIELDS} & {*GenerationParams("a star").as_dict()}


def test_a_stored_picture_is_named_by_its_hash_or_its_place_in_the_results_folder():
    by_place = GenerationParams("a star", image=f"inputs/{'ab' * 32}.png")
    assert by_place == GenerationParams("a star", image=REFERENCE)


def test_diffusers_own_names_work():
    named = GenerationParams.of(
        prompt="a star", image=REFERENCE, mask_image=REFERENCE, padding_mask_crop=8
    )
    assert (named.mask, named.mask_padding) == (REFERENCE, 8)


def test_an_axis_is_the_pictures_of_a_folder_or_those_that_fit_a_pattern(folder):
    names = [path.removeprefix(f"{folder}/") for path in values("image", {"folder": str(folder)})]
    assert names == ["a.JPG", "b.png", "c.webp"]
    matched = values("image", {"glob": f"{folder}/**/*.png"})
    assert [path.removeprefix(f"{folder}/") for path in matched] == ["b.png", "inner/b.png"]
    assert input_files.labels(matched) == list(matched)  # two have the same name
    assert input_files.labels(values("mask", {"folder": str(folder)})) == names


@pytest.mark.parametrize("description", [{"folder": "nowhere"}, {"glob": "nowhere/*"}, {"glob": 3}])
def test_a_place_without_pictures_is_named(description):
    with pytest.raises(InvalidInput, match=r"axes\.image"):
        values("image", description)


def test_only_pictures_can_be_the_files_of_a_folder(folder):
    with pytest.raises(InvalidInput, match=r"axes\.steps"):
        values("steps", {"folder": str(folder)})


def test_paths_in_an_experiments_file_are_taken_from_its_folder(folder):
    file = folder / "trial.yaml"
    file.write_text(
        "base: {prompt: a star, mask: b.png}\n"
        "axes: {image: [a.JPG, inner/b.png], strength: [0.4, 0.8]}\n"
    )
    sweep = SweepSpec.from_yaml(file)
    assert sweep.values["image"] == (f"{folder}/a.JPG", f"{folder}/inner/b.png")
    assert sweep.base["mask"] == f"{folder}/b.png"
    file.write_text("base: {prompt: a, control: [{model: nets/canny, image: b.png}]}\n")
    (control,) = SweepSpec.from_yaml(file).cells()[0].params.control
    assert (control.model, control.image) == ("nets/canny", f"{folder}/b.png")
    file.write_text("base: {prompt: a star}\naxes: {image: {folder: inner}}\n")
    assert SweepSpec.from_yaml(file).values["image"] == (f"{folder}/inner/b.png",)


def test_the_size_of_a_cell_does_not_depend_on_the_cell_before_it():
    axes = {"image": [None, REFERENCE]}
    forward = SweepSpec("t", base={"prompt": "a star"}, axes=axes).cells()
    backward = SweepSpec("t", base={"prompt": "a star"}, axes={"image": [REFERENCE, None]}).cells()
    assert {cell.params for cell in forward} == {cell.params for cell in backward}


def test_stored_pictures_of_lists_are_counted_too():
    first, second, third = (f"sha256:{digit * 64}" for digit in "abc")
    params = {
        "image": first,
        "control": [{"weights": "x", "image": second}],
        "ip_adapter": [{"sha256": "d" * 64, "image": [second, third]}],
    }
    stored = [path.removesuffix(".png")[-1] for path in inputs.stored_paths(params)]
    assert stored == ["a", "b", "b", "c"]
