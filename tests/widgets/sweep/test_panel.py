"""The sweep panel without a page: how a run ends, and what comes back after a restart."""

from __future__ import annotations

import sqlite3

import pytest
from widgets.sweep.panel_use import edit, facts, panel, run, tell, until

from dwlab.events import Connected, WorkerChanged
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.runs.work import Work
from dwlab.spec.compute import Compute
from dwlab.widgets.sweep.panel import SweepPanel
from dwlab.workflows.sweep import execute


def close_store(root):
    """As if a newer dwlab had written it: nothing can be read, but nothing is lost."""
    with sqlite3.connect(root / "dwlab.sqlite") as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA user_version = 999")
    return version


def can_run(made):
    return made.page.plan["state"] in ("planning", "ready") and not made.page.run.get("running")


def test_a_run_computes_the_pictures_and_shows_them_its_answer_and_its_files(tmp_path):
    made = panel(tmp_path)
    assert facts(made)["to do"] == "2" and "MB" in facts(made)["disk"] and "time" in facts(made)
    assert made.page.answer == {} and made.page.files == []
    assert run(made) == "Done: 2 made now, 0 already there."
    assert facts(made)["done"] == "2" and made.views.children[0].document["count"] == 2
    assert can_run(made) and made.page.run["tone"] == "success"
    assert made.page.answer["sentences"] == [
        "Only prompts and seeds vary, so there are no settings to rank."
    ]
    labels = [file["label"] for file in made.page.files]
    assert {"Report", "Viewer", "Table (CSV)"} <= set(labels)
    assert {file["address"] for file in made.page.files} == {""}
    tell(made, "served", root=str(tmp_path))
    assert {"trial/report.html", "trial/table.csv"} <= {file["address"] for file in made.page.files}
    assert set(Results(tmp_path).table("trial")["status"]) == {"ok"}


# A SystemExit is not an Exception, so it leaves the thread.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "error", [RuntimeError("no more"), OSError("no more"), SystemExit("no more")], ids=repr
)
def test_run_is_available_again_however_a_run_ended(tmp_path, error):
    def compute(*arguments, **options):
        if not ended:
            ended.append(error)
            raise error
        return execute(*arguments, **options)

    ended = []
    made = panel(tmp_path, compute)
    assert run(made).startswith("Stopped by the error above")
    assert not made.running and can_run(made)
    assert run(made).startswith("Done: 2 made now")


def test_run_is_available_again_if_the_update_after_a_run_fails(tmp_path):
    def compute(*arguments, **options):
        ended = execute(*arguments, **options)
        versions.append(close_store(tmp_path))
        return ended

    versions = []
    made = panel(tmp_path, compute)
    assert run(made).startswith("Done: 2 made now")
    assert "newer dwlab" in made.views.children[0].message
    assert made.page.problem["row"] == "" and "newer dwlab" in made.page.problem["text"]
    assert not made.running and can_run(made)
    with sqlite3.connect(tmp_path / "dwlab.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {versions[0]}")
    assert run(made).startswith("Done: 0 made now, 2 already there")


def test_a_sweep_with_an_error_cannot_be_started_until_it_is_corrected(tmp_path):
    made = panel(tmp_path)
    edit(made, "steps", "0")
    until(lambda: not can_run(made))
    assert made.page.problem["row"] == "steps"
    edit(made, "steps", "1")
    until(lambda: can_run(made) and not made.page.problem)


def test_axes_are_added_changed_and_removed_by_messages_and_all_pages_see_it(tmp_path):
    made = panel(tmp_path)
    tell(made, "add", parameter="steps", edit=["page", 2])
    assert made.page.offer["added"]["name"] == "steps" and made.page.form["edit"] == ["page", 2]
    tell(made, "kind", name="seed", kind="range")
    assert made.form.read().axes == {"seed": {"range": [0, 2, 1]}, "steps": [1]}
    tell(made, "remove", name="steps")
    assert list(made.form.read().axes) == ["seed"]
    tell(made, "add", parameter="nosuch")
    assert made.page.problem["row"] == "parameter"


def test_the_plan_tells_of_work_that_pictures_share(tmp_path):
    axes = {"seed": [0, 1], "guidance": [3, 6]}
    made = SweepPanel({"trial": lambda: SWEEP.override(axes)}, execute, root=tmp_path)
    until(lambda: made.page.plan.get("state") == "ready")
    assert facts(made)["shared"].startswith("at least 4 of 8 denoiser rows")


def test_a_message_of_another_kind_is_passed_over(tmp_path):
    made = panel(tmp_path)
    for content in ({"heartbeat": "x"}, "edit", None):
        made._receive(content)
    assert made.page.problem == {}


SWEEP = Sweep("trial", base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1})


def edited(root, sweep):
    """The panel of a sweep with its prompt, steps and placeholder edited, and the edits saved."""
    others = {"other": lambda: sweep.override({"name": "other"}), "trial": lambda: sweep}
    made = SweepPanel(others, execute, root=root)
    tell(made, "pick", experiment="trial")
    edit(made, "prompt", "a {colour} ring")
    edit(made, "colour", "red", "blue")
    edit(made, "steps", "1, 2")
    tell(made, "settle", name="steps")
    until(lambda: made.page.plan.get("count") == "4 pictures")
    return made


def test_the_panel_comes_back_with_its_edits_after_a_kernel_restart(tmp_path):
    before = edited(tmp_path, SWEEP)
    again = SweepPanel({"trial": lambda: SWEEP, "new": lambda: SWEEP}, execute, root=tmp_path)
    assert again.page.offer["picked"] == "trial"
    assert again.form.read().as_dict() == before.form.read().as_dict()
    assert again.page.form["rows"] == before.page.form["rows"]


def test_a_changed_experiment_wins_over_a_saved_edit(tmp_path):
    edited(tmp_path, SWEEP)
    changed = SWEEP.override({"steps": 7})
    again = SweepPanel({"trial": lambda: changed}, execute, root=tmp_path)
    assert again.form.read().base["steps"] == 7
    assert again.form.rows()["prompt"].parts == ("a {colour} ring",)


def test_the_answer_is_shown_when_a_sweep_ends_and_kept_current(tmp_path):
    sweep = Sweep(
        "trial",
        base={"prompt": "a red ring", "width": 64, "height": 64},
        axes={"seed": [0, 1], "steps": [1, 2]},
        metric="sharpness",
    )
    made = SweepPanel({"trial": lambda: sweep}, execute, root=tmp_path)
    until(lambda: made.page.plan.get("state") == "ready")
    assert made.page.answer == {}
    run(made)
    assert "of the best sharpness" in made.page.answer["sentences"][0]
    assert len(made.page.answer["rows"]) == 2
    edit(made, "steps", "1", "2", "3")
    until(lambda: facts(made).get("to do") == "2")
    run(made)
    assert len(made.page.answer["rows"]) == 3


def test_without_experiments_the_panel_says_where_they_belong(tmp_path):
    made = SweepPanel({}, execute, root=tmp_path)
    assert "experiments/" in made.page.run["text"] and not can_run(made)


def test_where_to_compute_is_checked_planned_with_run_with_and_kept(tmp_path):
    def compute(*arguments, **options):
        computed.append(options["compute"].where)
        return execute(*arguments, **{**options, "compute": Compute()})

    computed = []
    made = panel(tmp_path, compute)
    assert made.page.form["where"] == "local" and "local" in made.page.offer["places"]
    tell(made, "edit", where="somewhere", edit=["page", 1])
    until(lambda: made.page.problem.get("row") == "where")
    assert not can_run(made)
    tell(made, "edit", where="dask://127.0.0.1:1", edit=["page", 2])
    until(lambda: "no scheduler" in made.page.problem.get("text", ""))
    assert made.page.problem["row"] == "where" and not can_run(made)
    tell(made, "edit", where="cpu*2", edit=["page", 3])
    until(lambda: can_run(made) and not made.page.problem)
    until(lambda: made._saved.load().get("where") == "cpu*2")
    assert run(made).startswith("Done: 2 made now") and computed == ["cpu*2"]
    assert panel(tmp_path, compute).page.form["where"] == "cpu*2"


def worker(name, state, **more):
    return WorkerChanged(name, state, machine="gpu1", device=name, **more)


def test_workers_come_and_go_on_the_page_and_stay_there_after_the_run(tmp_path):
    def compute(*arguments, **options):
        options["on_plan"](2, Work.equal(2))
        options["on_event"](Connected("dask://127.0.0.1:8786", "http://127.0.0.1:8787/status"))
        for event in (
            worker("cuda:0", "working", doing="2 pictures of shapes"),
            worker("cuda:0", "idle", made=2, rate=0.5),
            worker("cuda:1", "left", reason="its connection was lost"),
            worker("cuda:2", "refused", reason="its torch is 2.9, here it is 2.11"),
        ):
            options["on_event"](event)
        until(lambda: len(made.page.workers.get("workers", ())) == 3)
        shown.append(made.page.workers)
        quiet = {"compute": Compute(), "on_plan": None, "on_event": lambda _: None}
        return execute(*arguments, **{**options, **quiet})

    shown = []
    made = panel(tmp_path, compute)
    assert made.page.workers == {}
    run(made)
    assert shown[0]["over"] is False
    after = made.page.workers
    assert after["over"] is True and after["dashboard"] == "http://127.0.0.1:8787/status"
    assert after["text"] == "1 worker, 30/min, 1 left, 1 refused"
    assert [(entry["name"], entry["doing"], entry["made"]) for entry in after["workers"]] == [
        ("cuda:0", "waiting", "2 made, 30/min"),
        ("cuda:1", "left: its connection was lost", "0 made"),
        ("cuda:2", "refused: its torch is 2.9, here it is 2.11", ""),
    ]
    made._execute = execute
    run(made)
    assert made.page.workers == {}
