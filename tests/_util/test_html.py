"""Pieces of HTML: texts stay texts, and pictures lie in the page itself."""

from __future__ import annotations

import base64
import io

from PIL import Image

from dwlab._util.html import Html, data_uri, facts_table, figure_html, headed_table

HOSTILE = "<img src=x onerror=\"alert('1')\">"


def test_a_data_uri_holds_the_bytes_and_says_their_kind():
    head, _, content = data_uri(b"\x00\xff", "jpeg").partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(content) == b"\x00\xff"


def test_texts_in_a_table_are_escaped_and_html_is_not():
    for table in (
        facts_table([(HOSTILE, HOSTILE), ("file", Html("<code>x</code>"))]),
        headed_table([HOSTILE, "file"], [[HOSTILE, Html("<code>x</code>")]]),
    ):
        assert "<img" not in table
        assert table.count("&lt;img src=x") == 2
        assert "<code>x</code>" in table


def test_a_table_within_a_table_is_not_escaped_again():
    inner = facts_table([("a", "1")])
    assert inner in headed_table(["facts"], [[inner]])


def test_a_figure_shows_a_small_picture_with_its_recipe():
    picture = Image.new("RGB", (64, 32), "red")
    html = figure_html(picture, {"prompt": HOSTILE, "steps": 4, HOSTILE: HOSTILE}, side=16)
    assert html.count("<img") == 1
    assert "steps 4" in html
    content = html.partition("base64,")[2].partition('"')[0]
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (16, 8)
