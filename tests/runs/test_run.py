"""A sweep computes what the store lacks, once; its rows answer for every cell."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
from contextlib import closing

import pytest
from PIL import Image

import dwlab
from dwlab.metrics import measures
from dwlab.metrics.metric_set import MetricSet
from dwlab.pictures.png import pixel_hash, read_recipe
from dwlab.render.renderer import render
from dwlab.runs.remeasure import Measured, remeasure
from dwlab.runs.run import run
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.compute import Compute
from dwlab.store import experiments, store

BASE = {"prompt": "a {colour} circle", "width": 64, "height": 64, "steps": 2}


def sweep(name="trial", **parts):
    axes = {"colour": ["red", "blue"], "seed": [0, 1]}
    return dwlab.Sweep(**{"name": name, "base": BASE, "axes": axes, **parts})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    root = tmp_path_factory.mktemp("finished")
    return root, sweep().run(root)


def counting(made):
    """The real renderer, noting what it is asked for."""

    def render_and_note(cells, **options):
        made.extend(cell.params for cell in cells)
        return render(cells, **options)

    return render_and_note


def test_every_cell_has_a_row_with_its_recipe(finished):
    _, table = finished
    assert list(table["seed"]) == [0, 1, 0, 1]
    assert list(table["colour"]) == ["red", "red", "blue", "blue"]
    assert list(table["prompt"])[2] == "a blue circle"
    assert set(table["status"]) == {"ok"}
    assert set(table["scheduler"]) == {"DDIMScheduler"}
    assert set(table["dtype"]) == {"float32"}
    assert (table["seconds"] > 0).all()
    assert (table["device_seconds"] <= table["seconds"]).all()
    assert {"torch", "diffusers", "dwlab"} <= set(json.loads(table["versions"][0]))
    assert table["key"].is_unique
    assert table.attrs["axes"] == {"colour": ["red", "blue"], "seed": [0, 1]}


def test_pictures_lie_under_their_hash_and_carry_their_recipe(finished):
    root, table = finished
    for row in table.to_dict("records"):
        data = (root / row["image"]).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        assert row["image"] == f"images/{digest[:2]}/{digest}.png"
        recipe = read_recipe(root / row["image"])
        assert recipe["key"] == row["key"]
        assert recipe["params"]["prompt"] == row["prompt"]
        with Image.open(root / row["image"]) as image:
            assert pixel_hash(image) == row["pixels"]
            text = image.info["parameters"]
        assert text.startswith(f"{row['prompt']}\nSteps: 2, Sampler: DDIM, CFG scale: ")
        assert f"Seed: {row['seed']}, Size: 64x64, Model hash: " in text


def test_metrics_are_there_for_every_picture(finished):
    _, table = finished
    for name in (
        "brightness",
        "contrast",
        "sharpness",
        "colourfulness",
        "blank",
        "nan",
        "adherence",
        "found_colour",
    ):
        assert table[name].notna().all(), name


def test_the_same_command_computes_nothing_again(finished):
    root, table = finished
    made = []
    outcome = run(sweep(), results=root, render=counting(made))
    assert made == []
    assert (outcome.total, outcome.reused, outcome.made) == (4, 4, 0)
    assert dwlab.Results(root).table("trial")["created"].tolist() == table["created"].tolist()


def test_cells_are_shared_between_experiments(finished):
    root, _ = finished
    made = []
    wider = sweep("wider", axes={"colour": ["red", "green"], "seed": [0, 1]})
    outcome = run(wider, results=root, render=counting(made))
    assert {p.prompt for p in made} == {"a green circle"}
    assert (outcome.reused, outcome.made) == (2, 2)
    assert len(dwlab.Results(root).table("wider")) == 4
    assert len(dwlab.Results(root).table()) == 6


def test_a_changed_base_prompt_makes_new_cells(tmp_path):
    sweep().run(tmp_path)
    changed = sweep(base={**BASE, "prompt": "a {colour} square"}).run(tmp_path)
    assert set(changed["prompt"]) == {"a red square", "a blue square"}
    assert len(dwlab.Results(tmp_path).table()) == 8


def test_at_pack_one_two_runs_give_the_same_keys_and_bytes(tmp_path):
    tables = [sweep().run(tmp_path / name, pack=1) for name in "ab"]
    assert tables[0]["key"].tolist() == tables[1]["key"].tolist()
    assert tables[0]["image"].tolist() == tables[1]["image"].tolist()


def test_a_failed_cell_is_a_row_and_is_tried_again(tmp_path):
    broken = sweep(axes={"call.timesteps": [[3, 2, 1]], "colour": ["red"]}, name="broken")
    table = broken.run(tmp_path)
    assert table["status"].tolist() == ["failed"]
    assert table["error"][0]
    assert table["image"].isna().all()
    made = []
    outcome = run(broken, results=tmp_path, render=counting(made))
    assert len(made) == outcome.failed == 1


def test_cancel_commits_what_is_finished_and_a_rerun_goes_on(tmp_path, in_step):
    cancel = threading.Event()
    long = sweep(base={**BASE, "steps": 30})
    outcome = run(
        long,
        results=tmp_path,
        compute=Compute(pack=1),
        cancel=cancel,
        on_event=lambda e: e.index == 2 and cancel.set(),
    )
    assert (outcome.made, outcome.left) == (2, 2)
    assert len(dwlab.Results(tmp_path).table("trial")) == 2
    assert run(long, results=tmp_path).reused == 2


def test_an_interrupt_keeps_what_is_finished(tmp_path):
    def interrupt(event):
        if event.index == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sweep(), results=tmp_path, compute=Compute(pack=1), on_event=interrupt)
    assert len(dwlab.Results(tmp_path).table("trial")) == 2


def test_random_seeds_are_drawn_once_and_kept(tmp_path):
    drawn = sweep(axes={"colour": ["red"], "seed": {"random": 2}})
    first = drawn.run(tmp_path)["seed"].tolist()
    assert len(set(first)) == 2
    assert drawn.run(tmp_path)["seed"].tolist() == first
    more = sweep(axes={"colour": ["red"], "seed": {"random": 3}}).run(tmp_path)["seed"].tolist()
    assert more[:2] == first
    assert drawn.plan(tmp_path).todo == 0


def test_a_plan_counts_exactly_and_writes_nothing(tmp_path, finished):
    plan = sweep().plan(tmp_path / "new")
    assert (plan.cells, plan.done, plan.todo) == (4, 0, 4)
    assert plan.seconds > 0
    assert not (tmp_path / "new").exists()
    root, _ = finished
    wider = sweep("planned", axes={"colour": ["red", "purple"], "seed": [0, 1]})
    plan = wider.plan(root)
    assert (plan.cells, plan.done, plan.todo) == (4, 2, 2)
    assert "timed here" in plan.basis
    assert "purple" in str(plan)
    assert "<td" in plan._repr_html_()


def test_metrics_can_be_chosen_and_computed_later(tmp_path):
    table = sweep(metrics=["brightness"]).run(tmp_path)
    assert "adherence" not in table.columns
    assert remeasure(tmp_path, "trial") == Measured(4, 0)
    assert dwlab.Results(tmp_path).table("trial")["adherence"].notna().all()


def test_pictures_that_are_gone_are_passed_over_when_measured_and_made_again_by_the_sweep(tmp_path):
    table = sweep(metrics=["brightness"]).run(tmp_path)
    files = [tmp_path / image for image in table["image"]]
    kept = [path.read_bytes() for path in files]
    files[0].unlink()
    files[1].write_bytes(kept[1][:100])
    measured = remeasure(tmp_path, "trial")
    assert measured == Measured(2, 2)
    assert str(measured).startswith("2 pictures measured, 2 missing or damaged (`dwlab verify`")
    assert (sweep().plan(tmp_path).todo, sweep().plan(tmp_path).failed) == (2, 0)
    made = []
    outcome = run(sweep(), results=tmp_path, render=counting(made), compute=Compute(pack=1))
    assert (len(made), outcome.made, outcome.reused) == (2, 2, 2)
    again = dwlab.Results(tmp_path).table("trial")
    assert all((tmp_path / image).exists() for image in again["image"])
    assert again["adherence"].notna().all()


def test_a_metric_that_raises_does_not_stop_a_sweep(tmp_path, monkeypatch):
    def divide(_image, _prompt):
        return 1 / 0

    monkeypatch.setattr(measures, "METRICS", (MetricSet(("odd",), 1, divide), *measures.METRICS))
    table = sweep().run(tmp_path)
    assert (
        set(table["status"]) == {"ok"}
        and table["odd"].isna().all()
        and table["adherence"].notna().all()
    )
    assert run(sweep(), results=tmp_path).made == 0


def test_a_finished_picture_is_committed_before_the_next_one_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "GROUP_SECONDS", 3600)
    seen = []

    def look(event):
        with closing(sqlite3.connect(tmp_path / "dwlab.sqlite")) as sql:
            (rows,) = sql.execute("SELECT count(*) FROM cells").fetchone()
        seen.append((event.kind, event.index, rows))

    run(sweep(base={**BASE, "steps": 1}), results=tmp_path, compute=Compute(pack=1), on_event=look)
    assert seen == [
        (kind, k, k + (kind == "done")) for k in range(4) for kind in ("started", "step", "done")
    ]


def test_a_picture_of_another_experiment_is_measured_for_what_this_one_asks(tmp_path):
    sweep(metrics=["brightness"]).run(tmp_path)
    table = sweep("other").run(tmp_path)
    assert table["adherence"].notna().all()
    assert dwlab.Results(tmp_path).table().shape[0] == 4


def test_an_unknown_metric_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(dwlab.InvalidInput, match="beauty"):
        sweep(metrics=["beauty"]).run(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_hostile_prompt_is_escaped_where_a_notebook_shows_it(tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    table = sweep(base={**BASE, "prompt": evil}, axes={"seed": [0]}).run(tmp_path)
    assert table["prompt"][0] == evil
    assert evil not in table._repr_html_()
    picture = dwlab.generate(evil, steps=1, width=64, height=64)
    assert evil not in picture._repr_html_()
    assert (
        evil
        not in sweep(base={**BASE, "prompt": evil}, axes={"prompt": [evil]})
        .plan(tmp_path)
        ._repr_html_()
    )


def test_results_of_a_model_that_moved_away_can_still_be_read_planned_from_and_measured(tmp_path):
    model = tmp_path / "mine"
    shutil.copytree(SHAPES_FOLDER, model)
    asked = {
        **BASE,
        "guidance": 3,
    }  # what is left out comes from the catalog, which has more to say of shapes
    sweep(model=str(model), base=asked).run(tmp_path / "results")
    shutil.rmtree(model)
    assert len(dwlab.Results(tmp_path / "results").table("trial")) == 4
    assert remeasure(tmp_path / "results", "trial").pictures == 4
    plan = sweep("again", base=asked).plan(
        tmp_path / "results"
    )  # the same weights under their catalog name
    assert (plan.cells, plan.todo) == (4, 0)


def test_axes_of_a_changed_sweep_are_stored_though_the_run_before_was_killed(tmp_path, monkeypatch):
    base = {"prompt": "a red circle", "width": 64, "height": 64, "steps": 2}
    run(
        dwlab.Sweep("moved", base=base | {"guidance": 3.0}, axes={"seed": [0, 1]}), results=tmp_path
    )
    moved = dwlab.Sweep("moved", base=base, axes={"seed": [0, 1], "guidance": [3.0]})
    with monkeypatch.context() as patch:
        patch.setattr(experiments.Experiments, "set_members", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(moved, results=tmp_path)
    assert run(moved, results=tmp_path).reused == 2
    with store.Store(tmp_path) as opened:
        assert [json.loads(row["axes"]) for row in opened.cells.rows("moved")] == [
            {"seed": n, "guidance": 3.0} for n in (0, 1)
        ]
        assert opened.experiments.specs()["moved"] == moved.as_dict()


def test_cells_that_are_chosen_are_computed_alone_and_keep_their_positions(tmp_path):
    made = []
    cells = sweep().cells()
    positions = []
    outcome = run(
        sweep(),
        results=tmp_path,
        render=counting(made),
        cells=[cells[1], cells[3]],
        on_event=lambda event: positions.append(event.index),
    )
    assert (outcome.total, outcome.made, outcome.left) == (2, 2, 0)
    assert set(positions) == {1, 3}
    # the next choice takes what is there
    outcome = run(sweep(), results=tmp_path, render=counting(made), cells=[*cells[:2], cells[3]])
    assert (outcome.total, outcome.made, outcome.reused) == (3, 1, 2)
    assert [(params.seed, params.prompt) for params in made] == [
        (1, "a red circle"),
        (1, "a blue circle"),
        (0, "a red circle"),
    ]
    table = dwlab.Results(tmp_path).table("trial")
    assert list(zip(table["colour"], table["seed"], strict=True)) == [
        ("red", 0),
        ("red", 1),
        ("blue", 1),
    ]
