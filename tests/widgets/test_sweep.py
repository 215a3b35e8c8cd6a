"""The sweep panel without a page: what its fields make of edits, how a run ends, and what its pieces of HTML hold."""

from __future__ import annotations

import html
import json
import re
import sqlite3
import time

import numpy as np
import pytest
from PIL import Image

from dwlab.errors import InvalidInput
from dwlab.runs.results import Results, Table
from dwlab.runs.sweep import Sweep
from dwlab.widgets.bench import BenchPanel
from dwlab.widgets.small_pictures import BYTES_LIMIT, image_html, png
from dwlab.widgets.sweep.facts import sweep_facts_html
from dwlab.widgets.sweep.files import files_html, files_of
from dwlab.widgets.sweep.form import SweepFields
from dwlab.widgets.sweep.grid import small_grid
from dwlab.widgets.sweep.panel import SweepPanel
from dwlab.widgets.sweep.plots import figures, plots_html
from dwlab.widgets.sweep.table import thumbnails_html
from dwlab.workflows.sweep import execute

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def form():
    """The form with a sweep that has an axis of each kind; `edits` counts what it told its owner."""
    form = SweepFields(lambda: form.edits.append(1))
    form.edits = []
    form.load(
        Sweep(
            "trial",
            base={"prompt": "a {colour} ring", "width": 64, "call": {"eta": 0.5}},
            axes={
                "colour": ["red", "1e3"],
                "steps": [2, 4],
                "guidance": {"linspace": [1, 3, 2]},
                "seed": {"range": [2]},
            },
            zip=[["steps", "guidance"]],
        )
    )
    return form


def field(form, name):
    return form._fields[name].text


def shown(form):
    return [box.children[0].description for box in form._field_boxes.children]


def messages(form):
    """The visible messages by the field they stand below; "" is below all of them."""
    found = {
        "name": form._name_message.value,
        "prompt": form._prompt_message.value,
        "": form._general_message.value,
    }
    found |= {name: row.message.value for name, row in form._fields.items()}
    return {
        name: html.unescape(re.sub("<[^>]*>", "", text)) for name, text in found.items() if text
    }


def complaint(form):
    with pytest.raises(InvalidInput) as error:
        form.read().cells()
    form.show_error(error.value)
    return messages(form)


def test_a_form_that_nobody_edited_gives_the_same_sweep(form):
    assert form.read().as_dict() == form._spec.as_dict()
    assert field(form, "colour").value == "[red, '1e3']"
    assert field(form, "seed").value == "{range: [2]}"


def test_lists_are_axes_and_scalars_are_not(form):
    field(form, "guidance").value = "3"
    field(form, "width").value = "[64, 128]"
    field(form, "colour").value = "blue"
    sweep = form.read()
    assert sweep.base["guidance"] == 3
    assert dict(sweep.axes) == {
        "colour": ["blue"],
        "steps": [2, 4],
        "seed": {"range": [2]},
        "width": [64, 128],
    }
    assert list(sweep.zip) == []  # a zip group that lost an axis is no group
    assert sweep.count() == 8
    assert form.edits


def test_an_empty_field_is_the_models_own(form):
    field(form, "steps").value = field(form, "guidance").value = field(form, "width").value = ""
    cells = form.read().cells()
    assert {(c.params.steps, c.params.width) for c in cells} == {(20, 128)}


def test_an_edited_axis_keeps_its_place_and_a_field_that_is_back_as_it_was_is_not_edited(form):
    field(form, "steps").value = "[8, 16]"
    field(form, "seed").value = "{range: [9]}"
    field(form, "seed").value = "{range: [2]}"
    assert list(form.read().axes.items())[:2] == [("colour", ["red", "1e3"]), ("steps", [8, 16])]
    assert form.read().axes["seed"] == {"range": [2]}


def test_an_axis_of_prompts_can_become_one_prompt_and_must_be_some(form):
    form.load(Sweep("prompts", axes={"prompt": ["a ring", "a star"]}))
    assert shown(form)[0] == "prompt"
    field(form, "prompt").value = "a {colour} heart"
    field(form, "colour").value = "[red, blue]"
    assert [c.params.prompt for c in form.read().cells()] == ["a red heart", "a blue heart"]
    field(form, "prompt").value = "[a ring, a star, a heart]"
    assert [c.params.prompt for c in form.read().cells()] == ["a ring", "a star", "a heart"]
    field(form, "prompt").value = ""
    assert "a prompt, in base or as an axis" in complaint(form)["prompt"]


@pytest.mark.parametrize(
    "text",
    [
        "blurry, dark",
        "a | b",
        "(bad:1.4), x",
        "watermark: yes",
        "# low",
        "[blurry]",
        "'quoted'",
        "no",
        "1",
        "%, &, *",
    ],
)
def test_a_negative_prompt_is_one_text_whatever_stands_in_it(form, text):
    form.load(Sweep("trial", base={"prompt": "a ring", "negative_prompt": "old, words"}))
    assert field(form, "negative_prompt").value == "old, words"
    field(form, "negative_prompt").value = text
    assert {cell.params.negative_prompt for cell in form.read().cells()} == {text}


def test_a_list_of_negative_prompts_is_an_axis(form):
    form.load(Sweep("trial", base={"prompt": "a ring", "negative_prompt": "old"}))
    field(form, "negative_prompt").value = '["blurry, dark", "", cropped]'
    assert [cell.params.negative_prompt for cell in form.read().cells()] == [
        "blurry, dark",
        "",
        "cropped",
    ]


@pytest.mark.parametrize("text", ["dark, deep red", "no", "red: yes", "#ff0000"])
def test_a_word_for_a_placeholder_is_taken_as_it_stands(form, text):
    field(form, "colour").value = text
    assert {cell.params.prompt for cell in form.read().cells()} == {f"a {text} ring"}


def test_a_form_that_shows_no_sweep_gives_none():
    with pytest.raises(InvalidInput, match="experiment is None"):
        SweepFields(lambda: None).read()


def test_a_placeholder_gets_a_field_and_loses_it_with_the_prompt(form):
    form.prompt.value = "a {size} ring, {{not one}}"
    assert "size" in shown(form) and "colour" not in shown(form)
    assert "size is ''" in complaint(form)["size"]
    field(form, "size").value = "[small, large]"
    prompts = {c.params.prompt for c in form.read().cells()}
    assert prompts == {"a small ring, {not one}", "a large ring, {not one}"}
    form.prompt.value = "a {colour} ring"
    assert field(form, "colour").value == "[red, '1e3']"
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
    form.show_error(None)
    assert messages(form) == {}


def test_errors_of_name_and_prompt_stand_below_them_and_others_below_all(form):
    form.name.value = "../x"
    assert list(complaint(form)) == ["name"]
    form.name.value = "trial"
    form.prompt.value = "a {seed} ring"
    assert list(complaint(form)) == ["prompt"]
    form.show_error(RuntimeError(HOSTILE))
    assert list(messages(form)) == [""]


def test_messages_escape_what_they_quote(form):
    field(form, "steps").value = json.dumps(HOSTILE)
    complaint(form)
    assert "<img" not in form._fields["steps"].message.value
    assert "&lt;img" in form._fields["steps"].message.value


# ---- a panel that runs


def panel(root, compute=execute):
    """The panel with a small sweep, planned and ready to run."""
    sweep = Sweep(
        "trial",
        base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1},
        axes={"seed": [0, 1]},
    )
    made = SweepPanel({"trial": lambda: sweep}, compute, root=root)
    until(lambda: "to do" in made.plan_line.value)
    return made


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run(made):
    """Press Run and wait for all that follows, views included; gives what the panel says then."""
    made.start()
    worker = made._worker
    if worker:
        worker.join()
    return html.unescape(re.sub("<[^>]*>", "", made.status.value))


def close_store(root):
    """As if a newer dwlab had written it: nothing can be read, but nothing is lost."""
    with sqlite3.connect(root / "dwlab.sqlite") as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA user_version = 999")
    return version


def test_a_run_in_the_panel_computes_and_shows_the_grid(tmp_path):
    made = panel(tmp_path)
    assert run(made).startswith("Done: 2 made now, 0 already there")
    assert "2 done" in made.plan_line.value and "<img" in made.views.children[0].value
    assert not made.run_button.disabled and made.cancel_button.disabled
    assert set(Results(tmp_path).table("trial")["status"]) == {"ok"}


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)  # what is no Exception goes on
@pytest.mark.parametrize(
    "error", [RuntimeError("no more"), OSError("no more"), SystemExit("no more")], ids=repr
)
def test_run_can_be_pressed_again_whatever_ended_a_run(tmp_path, error):
    def compute(*arguments, **options):
        if not ended:
            ended.append(error)
            raise error
        return execute(*arguments, **options)

    ended = []
    made = panel(tmp_path, compute)
    assert run(made).startswith("Stopped by the error above")
    assert not made.running and not made.run_button.disabled and made.cancel_button.disabled
    assert run(made).startswith("Done: 2 made now")


def test_run_can_be_pressed_again_where_what_follows_a_run_fails(tmp_path):
    def compute(*arguments, **options):
        ended = execute(*arguments, **options)
        versions.append(close_store(tmp_path))
        return ended

    versions = []
    made = panel(tmp_path, compute)
    assert run(made).startswith("Done: 2 made now")
    assert (
        "newer dwlab" in made.views.children[0].value
        and "newer dwlab" in made.form._general_message.value
    )
    assert not made.running and not made.run_button.disabled and made.cancel_button.disabled
    with sqlite3.connect(tmp_path / "dwlab.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {versions[0]}")
    assert run(made).startswith("Done: 0 made now, 2 already there")


def test_a_sweep_that_cannot_run_cannot_be_started_until_it_is_mended(tmp_path):
    made = panel(tmp_path)
    field(made.form, "steps").value = "0"
    until(lambda: made.run_button.disabled)
    assert list(messages(made.form)) == ["steps"]
    field(made.form, "steps").value = "1"
    until(lambda: not made.run_button.disabled)


def edited(root, sweep):
    """The panel of a sweep with its form's prompt, steps and placeholder edited, and the edits kept."""
    made = SweepPanel(
        {"other": lambda: sweep.override({"name": "other"}), "trial": lambda: sweep},
        execute,
        root=root,
    )
    made.pick.value = "trial"
    made.form.prompt.value = "a {colour} ring"
    field(made.form, "colour").value = "[red, blue]"
    field(made.form, "steps").value = "[1, 2]"
    until(lambda: "4 cells" in made.plan_line.value)
    return made


def test_the_sweep_panel_is_as_it_was_after_the_kernel_has_restarted(tmp_path):
    sweep = Sweep("trial", base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1})
    before = edited(tmp_path, sweep)
    again = SweepPanel({"trial": lambda: sweep, "new": lambda: sweep}, execute, root=tmp_path)
    assert again.pick.value == "trial"
    assert again.form.read().as_dict() == before.form.read().as_dict()


def test_an_edit_of_the_panel_never_hides_an_edit_of_the_file(tmp_path):
    sweep = Sweep("trial", base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1})
    edited(tmp_path, sweep)
    changed = sweep.override({"steps": 7})
    again = SweepPanel({"trial": lambda: changed}, execute, root=tmp_path)
    assert again.form.read().base["steps"] == 7
    assert again.form.prompt.value == "a {colour} ring"


def bench_panel(root):
    options = {
        "devices": ["cpu"],
        "dtypes": ["float32", "bfloat16"],
        "measure": None,
        "line_up": None,
        "root": root,
    }
    return BenchPanel({"first": None, "second": None}, **options)


def test_the_benchmark_panel_is_as_it_was_after_the_kernel_has_restarted(tmp_path):
    before = bench_panel(tmp_path)
    before.pick.value, before.quick.value, before.dtypes[1].value = "second", False, False
    again = bench_panel(tmp_path)
    assert (again.pick.value, again.quick.value) == ("second", False)
    assert [box.value for box in (*again.devices, *again.dtypes)] == [True, True, False]


@pytest.mark.parametrize(
    "damage",
    [
        '{"picked": [], "quick": {}, "ticked": 1, "edits": []}', '{"ticked": {"devices": "cpu"}}', "{", "null",
        '{"picked": "trial", "edits": {"steps": 1, "the prompt": ["a red ring", 3], "seed": [1]}}',
    ],
)  # fmt: skip
def test_a_file_that_no_panel_wrote_harms_none(tmp_path, damage):
    edited(
        tmp_path,
        Sweep("trial", base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1}),
    )
    bench_panel(tmp_path).quick.value = False
    for kept in (tmp_path / ".panels").iterdir():
        kept.write_text(damage)
    assert panel(tmp_path).form.prompt.value == "a red ring"
    assert bench_panel(tmp_path).pick.value == "first"


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
    table.attrs |= {
        "results": str(tmp_path),
        "axes": {"word": [HOSTILE, "red", "blue"], "seed": list(range(100))},
    }
    return table


def test_what_a_notebook_keeps_is_small_however_large_the_sweep(noise):
    assert len(small_grid(noise)) <= BYTES_LIMIT
    assert len(thumbnails_html(noise)) <= 200_000
    assert "of 300 rows" in thumbnails_html(noise)
    assert all(len(png(figure)) <= 100_000 for figure in figures(noise).values())


def test_html_escapes_prompts_axes_errors_and_names(noise, tmp_path):
    (tmp_path / HOSTILE).touch()
    pieces = {
        "table": thumbnails_html(noise),
        "plots": plots_html(noise),
        "facts": sweep_facts_html(noise),
        "files": files_html({HOSTILE: tmp_path / HOSTILE}),
        "image": image_html(b"", HOSTILE),
    }
    for name, piece in pieces.items():
        assert "<img src=x" not in piece, name
        if name != "plots":
            assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;" in piece, name


def test_a_failed_row_says_why(noise):
    second = thumbnails_html(noise).split("<tr>")[3]
    assert second.startswith("<td>failed: &lt;img src=x")


def test_files_that_are_not_there_are_not_listed(tmp_path):
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial/table.csv").touch()
    listed = files_html(files_of(tmp_path, "trial"))
    assert "table.csv" in listed and "report.html" not in listed
