"""How memory is saved shows in plan, log, row and table."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from checkpoint_folders import write
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.models import memory
from dwlab.models.loaded_models import LOADED
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.store.tables import MIGRATIONS

BASE = {"prompt": "a red circle", "steps": 1, "width": 64, "height": 64}


@pytest.fixture(autouse=True)
def nothing_loaded():
    LOADED.clear()


def test_an_experiment_with_a_measure_says_so_in_plan_log_and_row(tmp_path):
    write(tmp_path / "x.yaml", {"base": BASE, "memory": "vae-slicing"})
    arguments = ["sweep", str(tmp_path / "x.yaml"), "--results", str(tmp_path), "--device", "cpu"]
    planned = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert "memory:   shapes: vae-slicing (about " in planned.output
    ran = CliRunner().invoke(app, [*arguments, "--no-notebook"])
    assert ran.exit_code == 0, ran.output
    log = (tmp_path / "x" / "run.log").read_text("utf-8")
    assert "loaded: shapes in " in log and "(shapes: vae-slicing (about " in log
    table = Results(tmp_path).table("x")
    assert json.loads(table["versions"][0])["settings"] == {"slicing": "vae"}
    assert table["load_seconds"][0] > 0


def test_the_command_wins_over_the_file_and_auto_chooses_nothing_if_all_fits(tmp_path):
    spec = Sweep.from_dict({"name": "x", "base": BASE, "memory": "vae-slicing"})
    auto = spec.plan(tmp_path, device="cpu", memory="auto")
    assert auto.memory[0].startswith("shapes: stock settings, chosen by auto (about ")
    assert spec.plan(tmp_path, device="cpu", memory="none").memory == ()
    with pytest.raises(InvalidInput, match="offload is 'model'"):
        spec.plan(tmp_path, device="cpu", memory="model-offload")


def test_a_command_that_draws_one_picture_says_how_memory_was_saved(tmp_path):
    arguments = ["generate", "a", "-o", str(tmp_path / "a.png"), "--device", "cpu", "--steps", "1"]
    drawn = CliRunner().invoke(app, [*arguments, "--memory", "vae-slicing"])
    assert "on cpu in float32, vae-slicing" in drawn.output


def test_pictures_in_eight_bits_are_cells_of_their_own(tmp_path):
    spec = Sweep("x", base=BASE)
    spec.run(tmp_path, device="cpu")
    assert spec.plan(tmp_path, device="cpu", memory="attention-slicing").todo == 0
    assert spec.plan(tmp_path, device="cpu", memory="quanto-8bit").todo == 1


def test_a_model_that_cannot_fit_is_told_in_the_plan_and_its_cells_fail_with_the_numbers(
    tmp_path, monkeypatch
):
    # what models of other tests hold would count as free
    LOADED.clear()
    monkeypatch.setattr(memory, "free_bytes", lambda _: 2_000_000)
    spec = Sweep("x", base=BASE)
    (text,) = spec.plan(tmp_path, device="cpu").memory
    assert text.startswith("model 'shapes' does not fit into the memory of cpu in float32")
    table = spec.run(tmp_path, device="cpu")
    assert table["status"][0] == "failed" and table["error"][0] == text


def test_a_folder_of_an_older_dwlab_gets_the_new_column(tmp_path):
    older = 3
    with contextlib.closing(sqlite3.connect(tmp_path / "dwlab.sqlite")) as sql:
        sql.executescript(";".join(MIGRATIONS[:older]))
        sql.execute(f"PRAGMA user_version = {older}")
    table = Sweep("x", base=BASE).run(tmp_path, device="cpu")
    assert table["load_seconds"][0] > 0
