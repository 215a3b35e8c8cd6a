"""Metrics say what a person would say of a known picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dwlab.errors import InvalidInput
from dwlab.metrics import measures, registry
from dwlab.metrics.measures import measure
from dwlab.metrics.metric_set import MetricSet
from dwlab.shapes import Scene, draw, full_caption

SCENE = Scene("large", "red", "star", "left", "white")


def values(image, prompt="", **options):
    return {
        name: value
        for name, (_, value) in measure(image, prompt=prompt, model="shapes", **options).items()
    }


def flat(colour):
    return Image.new("RGB", (64, 64), colour)


def test_flat_pictures_are_blank_and_have_no_contrast():
    black, white = values(flat((0, 0, 0))), values(flat((255, 255, 255)))
    assert (black["brightness"], white["brightness"]) == (0, pytest.approx(1))
    assert black["contrast"] == black["sharpness"] == black["colourfulness"] == 0
    assert black["blank"] == white["blank"] == 1


def test_half_black_half_white_has_the_largest_contrast():
    picture = flat((0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 32, 64))
    assert values(picture)["contrast"] == pytest.approx(0.5)
    assert values(picture)["blank"] == 0


def test_blur_lowers_sharpness_and_grey_has_no_colour():
    picture = draw(SCENE, np.random.default_rng(0))
    assert (
        values(picture.filter(ImageFilter.GaussianBlur(2)))["sharpness"]
        < values(picture)["sharpness"]
    )
    assert values(picture.convert("L"))["colourfulness"] == 0
    assert values(picture)["colourfulness"] > 10


def test_adherence_is_the_share_of_what_was_asked():
    picture = draw(SCENE, np.random.default_rng(0))
    assert values(picture, full_caption(SCENE))["adherence"] == 1
    assert values(picture, "a red circle")["adherence"] == 0.5
    assert values(picture, "a blue circle at the right")["adherence"] == 0
    assert values(picture, "")["adherence"] is None
    assert values(picture)["found_shape"] == "star"


def test_only_what_was_asked_for_is_measured():
    picture = draw(SCENE, np.random.default_rng(0))
    assert set(values(picture, names=["contrast", "adherence"])) == {"contrast", "adherence"}
    other = measure(picture, prompt="x", model="sd15")
    assert "adherence" not in other
    assert "brightness" in other
    with pytest.raises(InvalidInput, match="beauty"):
        registry.check(["beauty"])


def test_a_metric_that_raises_costs_only_itself(monkeypatch, caplog):
    def divide(_image, _prompt):
        return {"odd": 1 / 0}

    odd = MetricSet(("odd", "strange"), 2, divide)
    monkeypatch.setattr(measures, "METRICS", (odd, *measures.METRICS))
    found = measure(draw(SCENE, np.random.default_rng(0)), prompt="a red star", model="shapes")
    assert found["odd"] == found["strange"] == (2, None)
    assert found["adherence"][1] == 1 and found["brightness"][1] > 0
    (record,) = caplog.records
    assert (
        record.levelname == "WARNING"
        and "odd" in record.message
        and "ZeroDivisionError" in record.message
    )
