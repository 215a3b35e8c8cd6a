"""A row says the size of its picture, also where a pipeline changes the size that it is asked for."""

from __future__ import annotations

import pytest
from PIL import Image

from dwlab.runs.sweep import Sweep


@pytest.mark.parametrize(
    ("name", "asked", "drawn"),
    [
        ("qwen_image", (24, 40), (16, 32)),
        ("krea2", (24, 40), (32, 48)),
        ("hidream", (16, 64), (64, 256)),
    ],
)
def test_the_size_of_a_row_is_that_of_its_picture(family, name, asked, drawn, tmp_path):
    one = family(name)
    base = {"prompt": "a star", "steps": 1, "model": one.model.identity.name}
    base |= {"width": asked[0], "height": asked[1], "call": one.cells[0].call}
    sweep = Sweep("sizes", base=base)
    table = sweep.run(tmp_path, device="cpu")
    (row,) = table.to_dict("records")
    assert (row["width"], row["height"]) == drawn
    again = Sweep("again", base=base | {"width": drawn[0], "height": drawn[1]})
    assert again.plan(tmp_path, device="cpu").done == 1
    with Image.open(tmp_path / row["image"]) as picture:
        assert picture.size == drawn
