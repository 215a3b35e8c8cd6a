"""The sweep panel without a page: how a run ends, and what comes back after a restart."""

from __future__ import annotations

import sqlite3

import pytest
from widgets.sweep.form_use import field, messages
from widgets.sweep.panel_use import edited, panel, run, until

from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.widgets.sweep.panel import SweepPanel
from dwlab.workflows.sweep import execute


def close_store(root):
    """As if a newer dwlab had written it: nothing can be read, but nothing is lost."""
    with sqlite3.connect(root / "dwlab.sqlite") as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA user_version = 999")
    return version


def test_a_run_computes_the_pictures_and_shows_the_grid(tmp_path):
    made = panel(tmp_path)
    assert run(made).startswith("Done: 2 made now, 0 already there")
    assert "2 done" in made.plan_line.value and made.views.children[0].document["count"] == 2
    assert not made.run_button.disabled and made.cancel_button.disabled
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
    assert not made.running and not made.run_button.disabled and made.cancel_button.disabled
    assert run(made).startswith("Done: 2 made now")


def test_run_is_available_again_if_the_update_after_a_run_fails(tmp_path):
    def compute(*arguments, **options):
        ended = execute(*arguments, **options)
        versions.append(close_store(tmp_path))
        return ended

    versions = []
    made = panel(tmp_path, compute)
    assert run(made).startswith("Done: 2 made now")
    assert (
        "newer dwlab" in made.views.children[0].message
        and "newer dwlab" in made.form._general_message.value
    )
    assert not made.running and not made.run_button.disabled and made.cancel_button.disabled
    with sqlite3.connect(tmp_path / "dwlab.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {versions[0]}")
    assert run(made).startswith("Done: 0 made now, 2 already there")


def test_a_sweep_with_an_error_cannot_be_started_until_it_is_corrected(tmp_path):
    made = panel(tmp_path)
    field(made.form, "steps").value = "0"
    until(lambda: made.run_button.disabled)
    assert list(messages(made.form)) == ["steps"]
    field(made.form, "steps").value = "1"
    until(lambda: not made.run_button.disabled)


def test_the_panel_comes_back_with_its_edits_after_a_kernel_restart(tmp_path):
    sweep = Sweep("trial", base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1})
    before = edited(tmp_path, sweep)
    again = SweepPanel({"trial": lambda: sweep, "new": lambda: sweep}, execute, root=tmp_path)
    assert again.pick.value == "trial"
    assert again.form.read().as_dict() == before.form.read().as_dict()


def test_a_changed_experiment_wins_over_a_saved_edit(tmp_path):
    sweep = Sweep("trial", base={"prompt": "a red ring", "width": 64, "height": 64, "steps": 1})
    edited(tmp_path, sweep)
    changed = sweep.override({"steps": 7})
    again = SweepPanel({"trial": lambda: changed}, execute, root=tmp_path)
    assert again.form.read().base["steps"] == 7
    assert again.form.prompt.value == "a {colour} ring"


def test_the_answer_is_shown_when_a_sweep_ends_and_kept_current(tmp_path):
    def sweep(steps):
        return Sweep(
            "trial",
            base={"prompt": "a red ring", "width": 64, "height": 64},
            axes={"seed": [0, 1], "steps": steps},
            metric="sharpness",
        )

    made = SweepPanel({"trial": lambda: sweep([1, 2])}, execute, root=tmp_path)
    until(lambda: "to do" in made.plan_line.value)
    assert made.answer.value == ""
    run(made)
    assert "of the best sharpness" in made.answer.value
    assert "steps 3" not in made.answer.value
    field(made.form, "steps").value = "[1, 2, 3]"
    until(lambda: "2 to do" in made.plan_line.value)
    run(made)
    assert "steps 3" in made.answer.value
