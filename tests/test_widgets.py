"""The sweep panel without a page: what its fields make of edits, and what its pieces of HTML hold."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest
from PIL import Image

from dwlab.errors import InvalidInput
from dwlab.results import Table
from dwlab.run import Sweep
from dwlab.widgets import parts
from dwlab.widgets.form import Form

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def form():
    """The form with a sweep that has an axis of each kind; `edits` counts what it told its owner."""
    form = Form(lambda: form.edits.append(1))
    form.edits = []
    form.load(
        Sweep(
            "trial",
            base={"prompt": "a {colour} ring", "width": 64, "call": {"eta": 0.5}},
            axes={
                "colour": ["red", "007"],
                "steps": [2, 4],
                "guidance": {"linspace": [1, 3, 2]},
                "seed": {"range": [2]},
            },
            zip=[["steps", "guidance"]],
        )
    )
    return form


def field(form, name):
    return form._rows[name].text


def shown(form):
    return [box.children[0].description for box in form._grid.children]


def messages(form):
    """The visible messages by the field they stand below; "" is below all of them."""
    found = {name: row.message.value for name, row in form._rows.items()}
    found |= {"name": form._name_message.value, "prompt": form._prompt_message.value, "": form._general.value}
    return {name: html.unescape(re.sub("<[^>]*>", "", text)) for name, text in found.items() if text}


def complaint(form):
    with pytest.raises(InvalidInput) as error:
        Sweep.from_dict(form.read()).cells()
    form.complain(error.value)
    return messages(form)


def test_a_form_that_nobody_edited_gives_the_same_sweep(form):
    spec = form._original
    again = Sweep.from_dict(form.read())
    assert again.as_dict() == spec
    assert field(form, "colour").value == "[red, '007']"
    assert field(form, "seed").value == "{range: [2]}"


def test_lists_are_axes_and_scalars_are_not(form):
    field(form, "guidance").value = "3"
    field(form, "width").value = "[64, 128]"
    field(form, "colour").value = "blue"
    sweep = Sweep.from_dict(form.read())
    assert sweep.base["guidance"] == 3
    assert dict(sweep.axes) == {"colour": ["blue"], "steps": [2, 4], "seed": {"range": [2]}, "width": [64, 128]}
    assert list(sweep.zip) == []  # a zip group that lost an axis is no group
    assert sweep.count() == 8
    assert form.edits


def test_an_empty_field_is_the_models_own(form):
    field(form, "steps").value = field(form, "guidance").value = field(form, "width").value = ""
    cells = Sweep.from_dict(form.read()).cells()
    assert {(c.params.steps, c.params.width) for c in cells} == {(20, 128)}


def test_a_placeholder_gets_a_field_and_loses_it_with_the_prompt(form):
    form.prompt.value = "a {size} ring, {{not one}}"
    assert "size" in shown(form) and "colour" not in shown(form)
    assert "size is ''" in complaint(form)["size"]
    field(form, "size").value = "[small, large]"
    prompts = {c.params.prompt for c in Sweep.from_dict(form.read()).cells()}
    assert prompts == {"a small ring, {not one}", "a large ring, {not one}"}
    form.prompt.value = "a {colour} ring"
    assert field(form, "colour").value == "[red, '007']"
    assert "size" not in shown(form)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("steps", "[2, "),
        ("steps", "[2, 2000]"),
        ("steps", "[&a 1, *a]"),
        ("seed", "{range: [0, 2, 0]}"),
        ("seed", "!!python/object/apply:os.system [ls]"),
        ("guidance", "{linspace: [1, .inf, 2]}"),
        ("colour", ""),
        ("scheduler", "nosuch"),
        ("call", "7"),
    ],
)
def test_what_is_wrong_stands_below_its_field(form, name, text):
    field(form, name).value = text
    assert list(complaint(form)) == [name]
    form.complain(None)
    assert messages(form) == {}


def test_errors_of_name_and_prompt_stand_below_them_and_others_below_all(form):
    form.name.value = "../x"
    assert list(complaint(form)) == ["name"]
    form.name.value = "trial"
    form.prompt.value = "a {seed} ring"
    assert list(complaint(form)) == ["prompt"]
    form.complain(RuntimeError(HOSTILE))
    assert list(messages(form)) == [""]


def test_messages_escape_what_they_quote(form):
    field(form, "steps").value = json.dumps(HOSTILE)
    complaint(form)
    assert "<img" not in form._rows["steps"].message.value
    assert "&lt;img" in form._rows["steps"].message.value


# ---- pieces of HTML


@pytest.fixture
def noise(tmp_path):
    """A table of 300 pictures that compress badly, one of them failed, with hostile text wherever text may stand."""
    picture = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "noise.png")
    rows = [
        {
            "key": str(k), "experiment": HOSTILE, "model": "shapes", "prompt": HOSTILE, "seed": k % 100, "steps": 2,
            "word": (HOSTILE, "red", "blue")[k // 100], "status": "failed" if k == 1 else "ok", "device_seconds": 0.5,
            "error": HOSTILE if k == 1 else None, "image": None if k == 1 else "noise.png", "adherence": k % 7 / 7,
        }
        for k in range(300)
    ]  # fmt: skip
    table = Table(rows)
    table.attrs |= {"results": str(tmp_path), "axes": {"word": [HOSTILE, "red", "blue"], "seed": list(range(100))}}
    return table


def test_what_a_notebook_keeps_is_small_however_large_the_sweep(noise):
    assert len(parts.small_grid(noise)) <= parts.PICTURE_LIMIT
    assert len(parts.table_html(noise)) <= 200_000
    assert "of 300 rows" in parts.table_html(noise)
    assert all(len(parts.png(figure)) <= 100_000 for figure in parts.figures(noise).values())


def test_html_escapes_prompts_axes_errors_and_names(noise, tmp_path):
    (tmp_path / HOSTILE).touch()
    pieces = {
        "table": parts.table_html(noise),
        "plots": parts.plots_html(noise),
        "facts": parts.facts_html(noise),
        "files": parts.files_html({HOSTILE: tmp_path / HOSTILE}),
        "image": parts.image_html(b"", HOSTILE),
    }
    for name, piece in pieces.items():
        assert "<img src=x" not in piece, name
        if name != "plots":
            assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in piece, name


def test_a_failed_row_says_why(noise):
    second = parts.table_html(noise).split("<tr>")[3]
    assert second.startswith("<td>failed: &lt;img src=x")


def test_files_that_are_not_there_are_not_listed(tmp_path):
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial/table.csv").touch()
    listed = parts.files_html(parts.files_of(tmp_path, "trial"))
    assert "table.csv" in listed and "report.html" not in listed
