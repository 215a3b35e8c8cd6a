"""The report: what it answers, and that nothing in it runs or asks the network."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from report_pages import Experiment, Page, report, words
from sweep_tables import HOSTILE, sweep_table

from dwlab._util import yamlfile
from dwlab.analysis.quality import quality_of
from dwlab.runs.outcome import Outcome
from dwlab.runs.table import Table
from dwlab.spec.sweep import SweepSpec
from dwlab.views.grids.drawing import grid
from dwlab.views.plots import metric_plot
from dwlab.widgets.sweep.answer import answer_html


def test_hostile_text_stays_text_in_the_report(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, failed=(0, 16, 160), guidance=(1.0,))
    table["experiment"] = HOSTILE[0]
    plain = Page(
        report(
            sweep_table(tmp_path),
            tmp_path,
            spec=SweepSpec("x", base={"prompt": "x"}),
            warnings=["x"],
        )
    )
    text = report(
        table,
        tmp_path,
        outcome=Outcome("views", tmp_path, 80, notes=(HOSTILE[2],)),
        spec=SweepSpec(
            "views", base={"negative_prompt": HOSTILE[3]}, axes={"prompt": list(HOSTILE)}
        ),
        warnings=list(HOSTILE),
    )
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {
        "table",
        "div",
        "details",
    }
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    for payload in HOSTILE:
        if any(c in payload for c in "<>\"'"):
            assert payload not in text
    said = "".join(page.text)
    for payload in HOSTILE[:11]:
        assert payload in said
    assert "\x1b" not in text and "\x07" not in text


def test_the_report_asks_the_network_for_nothing_and_runs_nothing(tmp_path):
    text = report(
        sweep_table(tmp_path, failed=(1,)),
        tmp_path,
        seconds=3.5,
        spec=SweepSpec("x", base={"prompt": "x"}),
    )
    page = Page(text)
    assert not re.search(r"(src|href|srcset|action)\s*=\s*[\"']?\s*(https?:)?//", text)
    assert "@import" not in text and not re.search(r"url\(", text)
    assert page.attributes("src", "srcset") and all(
        v.startswith("data:image/") for v in page.attributes("src", "srcset")
    )
    assert not {"script", "iframe", "object", "embed", "link", "base", "form"} & {
        tag for tag, _ in page.tags
    }
    policy = next(
        found["content"]
        for tag, found in page.tags
        if found.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_the_report_answers_what_was_best_what_failed_and_how_to_repeat_it(tmp_path):
    table = sweep_table(tmp_path, failed=(5,), ignores="seed")
    said = words(report(table, tmp_path, spec=SweepSpec("views", base={"prompt": "a star"})))
    assert "within 0.030 of the best adherence" in said
    # the last in the ranking: adherence, how far behind the best, interval, rows, seconds
    assert re.search(r"steps 4, guidance 1 0\.140 0\.340 \[[0-9., ]+\] 4 0\.20", said)
    assert "seed changed nothing: 0 and 1 gave identical pictures" in said
    assert "RuntimeError: no room for a red circle" in said and "out of memory" in said
    assert (
        "dwlab sweep views.yaml" in said
        and "15 pictures of 16 cells" in said
        and "1 failed" in said
    )
    assert table["key"][0] in said


def test_the_report_says_how_the_run_ended_that_it_is_about(tmp_path):
    table = sweep_table(tmp_path, failed=(5,))
    outcome = Outcome(
        "views", tmp_path, total=20, reused=4, made=11, failed=1, notes=("the store was mended",)
    )
    said = words(
        report(table, tmp_path, outcome=outcome, seconds=75.4, warnings=["seed cannot matter"])
    )
    assert (
        "15 pictures of 20 cells 4 reused made by an earlier run 1 failed see the errors below"
        in said
    )
    assert "4 not reached the run was stopped" in said and "1 min 15 s this run" in said
    assert "seed cannot matter" in said and "the store was mended" in said
    few = sweep_table(tmp_path, guidance=(1.0,), seeds=(0,))
    whole = words(report(few, tmp_path, outcome=Outcome("views", tmp_path, total=4, made=4)))
    assert "4 pictures of 4 cells 0 failed no errors" in whole
    assert "reused" not in whole and "not reached" not in whole and "this run" not in whole


def test_the_experiment_in_a_report_is_a_file_that_makes_the_same_sweep(tmp_path):
    spec = SweepSpec(
        "views",
        base={"negative_prompt": "\u202ea {word}\n: no #", "call": {"eta": 0.5}, "guidance": 1e-05},
        axes={
            "prompt": [p for p in HOSTILE if "\x1b" not in p],
            "word": ["007", "yes", "1e3", "_1e3", "-.5e3", "null", "2024-01-01", "é"],
            "seed": range(4),
            "steps": [4, 8],
            "scheduler": ["DDIM", "Euler a"],
        },
        zip=[["steps", "scheduler"]],
        skip=[{"word": "yes", "steps": {"above": 5}}],
        metrics=["brightness"],
    )
    few = sweep_table(tmp_path, guidance=(1.0,), seeds=(0,))
    text = report(few, tmp_path, spec=spec)
    shown = Experiment(text).content
    assert shown == yamlfile.dump(spec.as_dict()) and "\u202e" not in shown
    (tmp_path / "views.yaml").write_text(shown, "utf-8")
    again = SweepSpec.from_yaml(tmp_path / "views.yaml")
    assert again.as_dict() == spec.as_dict()
    assert again.cells() == spec.cells()
    plain = SweepSpec(
        "views", base={"prompt": "ein schöner Stern 星"}, axes={"seed": {"random": 2}}
    )
    assert "ein schöner Stern 星" in yamlfile.dump(plain.as_dict())
    assert "in another folder, new ones are drawn" in words(report(few, tmp_path, spec=plain))


@pytest.mark.slow
def test_a_report_shows_at_most_500_pictures_and_says_so(tmp_path):
    table = sweep_table(tmp_path, ("a star",), seeds=tuple(range(130)))
    page = Page(report(table, tmp_path))
    assert sum(tag == "figure" for tag, _ in page.tags) == 500
    assert "500 of 520" in "".join(page.text)


def test_without_a_measure_of_quality_the_report_calls_nothing_best(tmp_path):
    table = sweep_table(tmp_path).drop(columns=["adherence", "blank"])
    table["brightness"] = np.linspace(0, 1, len(table))
    text = " ".join("".join(Page(report(table, tmp_path)).text).split())
    assert "Best by" not in text and "Worst by" not in text
    assert "within the margin" not in text and "behind the best" not in text
    assert "so no setting is called best" in text and "metric: sharpness" in text
    assert "Brightness describes the pictures; it does not measure how good they are." in text


@pytest.mark.parametrize("measure", ["stars", "sharpness"])
def test_stars_or_the_metric_that_the_sweep_names_rank_its_settings(tmp_path, measure):
    table = sweep_table(tmp_path, guidance=(1.0,)).drop(columns="adherence")
    table["brightness"] = 0.5
    table[measure] = [1.0 + (step == 8) for step in table["steps"]]
    table.attrs["metric"] = None if measure == "stars" else measure
    assert quality_of(table) == measure
    text = " ".join("".join(Page(report(table, tmp_path)).text).split())
    assert re.search(rf"within 0\.030 of the best {measure}", text)
    assert re.search(r"steps 8 ?2\.000.*steps 4 ?1\.000", text)


def test_a_sweep_over_prompts_alone_names_the_prompts_with_the_highest_and_lowest_means(tmp_path):
    table = sweep_table(tmp_path, steps=(4,), guidance=(1.0,))
    table["adherence"] = [1.0, 1.0, 0.5, 0.5]
    said = words(report(table, tmp_path))
    assert "Best by adherence prompt a red circle" in said
    assert "Worst by adherence prompt a star" in said
    assert "Settings, from the best to the worst" not in said


def test_the_answer_in_a_notebook_is_escaped(tmp_path):
    table = sweep_table(tmp_path)
    table["dtype"] = ["<b>x</b>", "y"] * 8
    table.attrs["axes"]["dtype"] = ["<b>x</b>", "y"]
    text = answer_html(table)
    assert "of the best adherence" in text
    assert "<b>" not in text


def test_few_seeds_make_no_setting_good_enough(tmp_path):
    table = sweep_table(tmp_path)
    table["adherence"] = np.random.default_rng(0).uniform(0.4, 1.0, len(table))
    said = words(report(table, tmp_path))
    assert "No setting is shown to be within 0.030 of the best adherence" in said
    assert "Still open: " in said


def test_captions_name_every_swept_axis(tmp_path):
    table = sweep_table(tmp_path, ("a red star", "a blue star"), steps=(4,), failed=(1,))
    table["colour"] = ["red" if "red" in p else "blue" for p in table["prompt"]]
    table["call"] = [json.dumps({"eta": 0.5 * (seed == 1)}) for seed in table["seed"]]
    table["scheduler"] = [
        "DDIMScheduler" if g == 1 else "EulerDiscreteScheduler" for g in table["guidance"]
    ]
    table.attrs["axes"] = {
        "colour": ["red", "blue"],
        "scheduler": ["DDIM", "Euler"],
        "call.eta": [0, 0.5],
    }
    page = Page(report(table, tmp_path))
    text = " ".join("".join(page.text).split()).replace("\u00a0", " ")
    assert "colour red · scheduler DDIM · call.eta 0" in text
    failed = text[text.index("no room for") - 200 : text.index("no room for")]
    assert "colour red · scheduler DDIM · call.eta 0.5" in failed
    shown = Table(table)
    shown.attrs = table.attrs
    assert "call.eta 0.5" in shown._repr_html_() and "colour blue" in shown._repr_html_()


def test_seconds_are_shown_for_settings_and_not_for_prompts_and_seeds(tmp_path):
    page = report(sweep_table(tmp_path), tmp_path)
    sections = {
        name: page.split(f"<h3><bdi>{name}</bdi></h3>")[1].split("</table>")[0]
        for name in ("prompt", "seed", "steps")
    }
    assert {name: "seconds" in section for name, section in sections.items()} == {
        "prompt": False, "seed": False, "steps": True,
    }  # fmt: skip


def test_empty_and_single_tables_have_a_grid_a_plot_and_a_report(tmp_path):
    single = sweep_table(tmp_path, ("a star",), steps=(4,), guidance=(1.0,), seeds=(0,))
    for table in (single, single.iloc[:0], pd.DataFrame()):
        assert grid(table).width >= 420
        assert Page(report(table, tmp_path)).open == []
    metric_plot(single).savefig(io.BytesIO())
    assert "No pictures yet" in report(pd.DataFrame(), tmp_path)
