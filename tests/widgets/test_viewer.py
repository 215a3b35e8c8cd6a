"""The viewer in a notebook, without a page: what it answers, and what comes back."""

from __future__ import annotations

import io

import pytest
from faults.child import toy_model
from PIL import Image
from results_folders import run_sweep

from dwlab.runs.results import Results
from dwlab.widgets.viewer import NO_PICTURES, ViewerWidget


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    model = str(toy_model(tmp_path_factory.mktemp("model") / "toy"))
    root = tmp_path_factory.mktemp("results")
    run_sweep(model, root, "first", [0, 2])
    return root


@pytest.fixture
def widget(root):
    widget = ViewerWidget(root)
    widget.show("first")
    return widget


def answer(widget, action, **more):
    """What the widget answers a page: the message and its bytes."""
    answers = []
    widget.send = lambda content, buffers=(): answers.append((content, bytes(buffers[0])))
    widget._receive({"ask": action, "request": "page 1", **more})
    content, data = answers[0]
    assert content.pop("answer") == "page 1"
    return content, data


def key(root):
    return Results(root).table("first")["key"].iloc[0]


def test_it_shows_an_experiment_as_the_file_does(widget):
    assert widget.message == "" and widget.document["count"] == 4
    axes = [field["name"] for field in widget.document["fields"] if field["kind"] == "axis"]
    assert axes == ["colour", "seed"]


def test_an_experiment_without_pictures_is_said(root):
    widget = ViewerWidget(root)
    widget.show("never")
    assert widget.message == NO_PICTURES and widget.document == {}


def test_thumbnails_and_pictures_come_when_they_are_asked_for(widget, root):
    content, data = answer(widget, "sheet", number=0)
    assert len(content["sizes"]) == 4
    assert Image.open(io.BytesIO(data)).format == "WEBP"
    _, data = answer(widget, "full", key=key(root))
    assert data == (root / Results(root).table("first")["image"].iloc[0]).read_bytes()


@pytest.mark.parametrize(("action", "more"), [("sheet", {"number": 9}), ("full", {"key": "../x"})])
def test_what_is_not_there_is_empty(widget, action, more):
    assert answer(widget, action, **more)[1] == b""


def test_a_recipe_is_told(widget, root):
    content, _ = answer(widget, "recipe", key=key(root))
    assert content["recipe"].startswith("dwlab.generate(")
    assert content["command"].startswith("dwlab generate")


def test_without_a_bench_the_page_says_what_to_run(widget, root):
    assert answer(widget, "use", how="open", key=key(root))[0] == {"text": ""}


def test_stars_are_given_to_a_picture_and_shown(widget, root):
    first = key(root)
    content, _ = answer(widget, "stars", key=first, stars=4)
    assert content["text"] == "Stars of this picture: 4."
    assert Results(root).table("first")["stars"].iloc[0] == 4
    stars = next(field for field in widget.document["fields"] if field["name"] == "stars")
    assert stars["numbers"] == [4, None, None, None]
    assert "stars" in answer(widget, "stars", key=first, stars=9)[0]["text"]
    answer(widget, "stars", key=first, stars=0)
    assert all(field["name"] != "stars" for field in widget.document["fields"])


def test_a_picture_that_is_gone_gets_no_stars(widget):
    content, _ = answer(widget, "stars", key="never made", stars=4)
    assert content["text"] == "This picture is no longer there."


def test_what_is_chosen_comes_back_in_another_kernel(widget, root):
    widget.state = "rows=seed&filter=red"
    again = ViewerWidget(root)
    again.show("first")
    assert again.state == "rows=seed&filter=red"
    again.show("never")
    assert again.state == ""
