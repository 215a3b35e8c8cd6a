"""What shows sweeps also shows those of which a search made some cells, and says first what it found."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.views.report.answer import answer
from dwlab.widgets.sweep.answer import answer_for_page, answer_html
from dwlab.workflows.sweep import execute

SWEEP = """
name: few
base: {prompt: a small blue star at the top on a yellow background}
axes:
  seed: {range: [0, 4]}
  steps: [1, 2, 4]
  guidance: [1, 3]
budget: 300 rows
search: {margin: 0.2}
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    path = folder / "few.yaml"
    path.write_text(SWEEP)
    execute(dwlab.Sweep.from_yaml(path), results=folder / "results", on_event=lambda _: None)
    return folder / "results"


def command(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_most_cells_were_never_made(searched):
    table = dwlab.Results(searched).table("few")
    assert 0 < len(table) < 24


def test_the_report_begins_with_the_verdict(searched):
    text = (searched / "few" / "report.html").read_text("utf-8")
    found = dwlab.Results(searched).table("few").attrs["search"]
    first = text.index("card answer")
    assert found.sentence[:20] in text[first : first + 200]
    assert "the budget was 300 denoiser rows" in text


def test_the_notebook_and_the_panel_begin_with_the_verdict(searched):
    table = dwlab.Results(searched).table("few")
    found = table.attrs["search"]
    assert answer_for_page(table)["sentences"][: len(found.sentences)] == found.sentences
    assert answer_html(table).index("held-out") < answer_html(table).index("Every setting ranked")


def test_another_margin_asks_another_question_than_the_search(searched):
    table = dwlab.Results(searched).table("few")
    assert answer(table, "adherence", margin=0.5).search == ()
    assert answer(table, "adherence").search != ()


def test_a_search_that_tried_one_setting_is_shown_too(searched):
    table = dwlab.Results(searched).table("few")
    first = table[(table["steps"] == 1) & (table["guidance"] == 1)]
    first.attrs = table.attrs
    assert answer(first, "adherence") is None
    assert answer_for_page(first)["sentences"] == table.attrs["search"].sentences
    assert "held-out" in answer_html(first)


@pytest.mark.parametrize(
    "arguments",
    [
        ("answer", "few"),
        ("table", "few"),
        ("report", "few"),
        ("list",),
        ("verify", "few"),
        pytest.param(("view", "few", "--embed"), marks=pytest.mark.slow),
        pytest.param(("sheet", "few"), marks=pytest.mark.slow),
        pytest.param(("animate", "few", "--along", "guidance"), marks=pytest.mark.slow),
        pytest.param(("plot", "few", "heat-maps"), marks=pytest.mark.slow),
        ("plot", "few", "frontier"),
        pytest.param(("plot", "few", "convergence"), marks=pytest.mark.slow),
        pytest.param(("plot", "few", "metric"), marks=pytest.mark.slow),
        pytest.param(("plot", "few", "seconds"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_commands_work_on_a_searched_experiment(searched, arguments, monkeypatch, tmp_path):
    monkeypatch.setenv("DWLAB_RESULTS", str(searched))
    monkeypatch.chdir(tmp_path)
    result = command(*arguments)
    assert result.exit_code == 0, result.output


def test_the_command_line_says_the_verdict_first(searched, monkeypatch):
    monkeypatch.setenv("DWLAB_RESULTS", str(searched))
    found = dwlab.Results(searched).table("few").attrs["search"]
    assert command("answer", "few").output.startswith(found.sentence[:40])


def test_the_setting_that_was_found_is_not_called_open_in_the_ranking(searched):
    table = dwlab.Results(searched).table("few")
    found = table.attrs["search"]
    setting = ", ".join(f"{name} {value}" for name, value in found.setting.items())
    words = {True: "shown by the search", False: "looks best"}
    for is_shown, verdict in words.items():
        table.attrs["search"] = replace(found, is_shown=is_shown)
        rows = answer(table, "adherence").rows
        (chosen,) = [row for row in rows if row.verdict.startswith(verdict)]
        assert setting in f"{chosen.setting} {chosen.verdict}"


def test_what_was_found_travels_with_an_export(searched, tmp_path):
    dwlab.Results(searched).export("few", tmp_path / "few.zip")
    there = dwlab.Results(tmp_path / "results")
    there.import_sweep(tmp_path / "few.zip")
    found = there.table("few").attrs["search"]
    assert found == dwlab.Results(searched).table("few").attrs["search"]
    assert there.verify("few").good


def test_a_damaged_answer_is_passed_over(searched, tmp_path):
    shutil.copytree(searched, tmp_path / "results")
    path = tmp_path / "results" / "few" / "search.json"
    for text in ("{", "[]", '{"sentence": 3, "method": "x", "metric": "y", "margin": 1}'):
        path.write_text(text)
        assert dwlab.Results(tmp_path / "results").table("few").attrs["search"] is None


def test_search_in_python_returns_what_was_found(searched, tmp_path):
    shutil.copytree(searched, tmp_path / "results")
    (tmp_path / "few.yaml").write_text(SWEEP)
    found = dwlab.search(
        tmp_path / "few.yaml", budget="200 pictures", results=tmp_path / "results", on_event=print
    )
    assert set(found.setting) == {"steps", "guidance"}
    assert "200 pictures" in repr(found) and "dwlab-answer" in found._repr_html_()
    assert len(found.table) and found.files["report"].is_file()


def test_the_command_line_takes_a_budget(tmp_path):
    (tmp_path / "few.yaml").write_text(SWEEP)
    options = ("--results", tmp_path / "results", "--no-notebook")
    refused = command("sweep", tmp_path / "few.yaml", "--budget", "30 bananas", *options)
    assert refused.exit_code == 2 and "budget is '30 bananas'" in refused.output
    plan = command("sweep", tmp_path / "few.yaml", "--budget", "50rows", "--dry-run", *options)
    assert "at most 50 denoiser rows; all cells would take" in plan.output
    assert not (tmp_path / "results").exists()
