"""Models that need a picture by their class: Flux Kontext, Fill and Control, InstructPix2Pix."""

from __future__ import annotations

import functools

import pytest
from edit_pictures import BUILD, EditModel
from PIL import Image
from start_pictures import difference

from dwlab.errors import InvalidInput
from dwlab.runs.sweep import Sweep


@pytest.fixture(scope="module")
def edit_model(tmp_path_factory):
    return functools.cache(lambda name: EditModel(name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", BUILD)
def test_alone_and_packed_a_picture_is_that_of_the_plain_stock_call(edit_model, name):
    one = edit_model(name)
    one.check_alone(one.cells, one.stock_pictures)
    rows_alone = 3 if name == "pix2pix" else 1
    one.check_packed(one.cells, one.stock_pictures, rows_at_once=rows_alone)
    assert len({picture.tobytes() for picture in one.stock_pictures}) == len(one.cells)


def test_kontext_draws_from_a_text_alone_too(edit_model):
    one = edit_model("kontext")
    text = one.cells[0].replace(image=None)
    (picture,) = one.made([text])
    assert difference(picture.image, one.stock_pictures[0]) > 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fill", "is an inpainting model and does nothing else"),
        ("control", "does not draw without one"),
        ("pix2pix", "does not draw without one"),
    ],
)
def test_without_its_picture_a_recipe_is_refused(edit_model, name, message, tmp_path):
    base = {"prompt": "a star", "model": edit_model(name).model.identity.name}
    with pytest.raises(InvalidInput, match=message):
        Sweep("x", base=base).plan(tmp_path)


@pytest.mark.parametrize("name", ["kontext", "control", "pix2pix"])
def test_a_strength_is_refused_where_the_picture_is_taken_as_a_whole(edit_model, name, tmp_path):
    base = {"prompt": "a star", "model": edit_model(name).model.identity.name, "strength": 0.5}
    base["image"] = Image.new("RGB", (16, 16))
    with pytest.raises(InvalidInput, match="which takes its picture as a whole"):
        Sweep("x", base=base).plan(tmp_path)
