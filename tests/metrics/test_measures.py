"""Metrics say what a person would say of a known picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dwlab.errors import InvalidInput
from dwlab.metrics import built_in, measures, registry
from dwlab.metrics.built_in_functions import built_in_functions
from dwlab.metrics.measured_cell import MeasuredCell
from dwlab.metrics.measures import measure
from dwlab.metrics.metric import Scope
from dwlab.metrics.metric_set import MetricSet
from dwlab.metrics.setup import Setup
from dwlab.shapes import Scene, draw, full_caption
from dwlab.spec.metric_requests import MetricRequest

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


NEW_FILE = """
from dwlab.metrics.decorator import metric
from dwlab.metrics.metric import Options


@metric(version=4, better="lower")
def of_finished_pictures(pictures, cells, references, *, device):
    return [1.0] * len(references) if device == "cpu" else []


@metric(version=2, options=Options(usual=True, columns=("first", "second")))
def as_pictures_are_saved(pictures, cells):
    pairs = zip(pictures, cells)
    return [{"first": cell.prompt, "second": picture.width} for picture, cell in pairs]
"""


def test_a_file_in_the_folder_of_built_in_metrics_is_all_that_a_new_one_takes(
    tmp_path, monkeypatch
):
    (tmp_path / "of_a_test.py").write_text(NEW_FILE, "utf-8")
    monkeypatch.setattr(built_in, "__path__", [*built_in.__path__, str(tmp_path)])
    by_name = {each.name: each for each in built_in_functions()}
    assert {*registry.FINISHED, "adherence", "pixel_statistics"} < by_name.keys()
    finished = registry.finished_metric(by_name["of_finished_pictures"])
    assert (finished.scope, finished.options.needs) == (Scope.REFERENCE, {"against"})
    function = finished.make(Setup(MetricRequest("of_finished_pictures"), "cpu"))
    picture = Image.new("RGB", (8, 4))
    assert function.values([picture], [MeasuredCell("k", {})], [picture]) == [1.0]
    usual = measures.set_of(by_name["as_pictures_are_saved"])
    assert usual.compute(picture, "a star") == {"first": "a star", "second": 8}
    assert (usual.names, usual.version) == (("first", "second"), 2)


def test_a_cell_has_the_values_of_its_recipe_and_empty_ones_for_the_others():
    cell = MeasuredCell("k", {"prompt": "a star", "steps": 4})
    assert (cell.key, cell.prompt, cell.steps, cell.negative_prompt) == ("k", "a star", 4, "")
    with pytest.raises(AttributeError, match=r"it has .*prompt"):
        _ = cell.colour


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
