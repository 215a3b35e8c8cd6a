"""Qwen-Image-Edit: the picture that is changed goes to the language model too, and several pictures may."""

from __future__ import annotations

import functools

import pytest
from qwen_edit_pictures import QwenEditModel
from side_by_side import check_equal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def edit_model(tmp_path_factory):
    return functools.cache(
        lambda name, **options: QwenEditModel(name, tmp_path_factory.mktemp(name), **options)
    )


@pytest.mark.parametrize("name", ["qwen_edit", "qwen_edit_plus"])
def test_a_changed_picture_is_that_of_the_plain_stock_call(edit_model, name):
    one = edit_model(name)
    one.check_alone(one.cells, one.stock_pictures)
    assert len({picture.tobytes() for picture in one.stock_pictures}) == len(one.cells)
    one.check_packed(one.cells, one.stock_pictures, rows_at_once=1)


@pytest.mark.timeout(900)  # a megapixel, whatever the size
def test_what_changes_within_a_mask_is_that_of_the_plain_stock_call(edit_model):
    one = edit_model("qwen_edit", inpaints=True)
    cells = [params.replace(steps=1) for params in one.cells[:2]]
    expected = [one.stock(params) for params in cells]
    one.check_alone(cells[:1], expected[:1])
    # a megapixel each, which is why they do not share a forward
    check_equal(one.made(cells), expected)
