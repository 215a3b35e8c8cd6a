"""The rating widget answers its pages from the session that the page of `dwlab rate` has too."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from rated_folders import rated_folder

import dwlab
from dwlab.errors import InvalidInput


@pytest.fixture
def widget(tmp_path):
    rated_folder(tmp_path / "results")
    widget = dwlab.rate("rated", rater="ada", results=tmp_path / "results")
    widget.sent = []
    widget.send = lambda content, buffers=None: widget.sent.append((content, buffers))
    yield widget
    widget.close()


def ask(widget, action, **body):
    widget._handle_custom_msg({"ask": action, "number": "p-1", "rater": "ada", **body}, [])
    content, buffers = widget.sent[-1]
    assert content["number"] == "p-1"
    return content, buffers


def test_a_vote_from_a_page_is_entered_and_taken_back(widget, tmp_path):
    pair = ask(widget, "state")[0]["state"]["pairs"][0]["id"]
    assert ask(widget, "vote", pair=pair, choice="right")[0]["state"]["votes"] == 1
    assert dwlab.Results(tmp_path / "results").rating("rated").votes == 1
    assert ask(widget, "undo", pair=pair)[0]["state"]["votes"] == 0


def test_a_picture_comes_as_bytes_without_its_recipe(widget):
    pair = ask(widget, "state")[0]["state"]["pairs"][0]["id"]
    content, (data,) = ask(widget, "picture", pair=pair, side="left")
    assert content["missing"] is False
    assert Image.open(io.BytesIO(data)).info == {}
    assert ask(widget, "picture", pair="none", side="left")[0]["missing"] is True


@pytest.mark.parametrize(
    "body", [{"ask": "vote", "pair": "x", "choice": "best"}, {"ask": "state", "rater": "a\nb"}]
)
def test_a_page_gets_errors_in_words(widget, body):
    content, _ = ask(widget, body.pop("ask"), **body)
    assert content["error"].startswith(("choice", "rater")), content["error"]


def test_other_messages_are_left_alone(widget):
    widget._handle_custom_msg("ask", [])
    widget._handle_custom_msg({"something": 1}, [])
    assert widget.sent == []


def test_a_name_that_cannot_be_a_raters_is_an_error_at_once(tmp_path):
    rated_folder(tmp_path / "results")
    with pytest.raises(InvalidInput, match="rater"):
        dwlab.rate("rated", rater="a\nb", results=tmp_path / "results")
