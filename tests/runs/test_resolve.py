"""Cells are resolved once: what was planned is what is made and stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from counting import Calls
from safetensors.numpy import load_file, save_file

import dwlab
from dwlab.models.identity import complete, identify
from dwlab.runs.keep import keep
from dwlab.runs.run import run
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.key import key_of
from dwlab.spec.params import GenerationParams

BASE = {"prompt": "a red circle", "width": 64, "height": 64, "steps": 1}


def edit_the_scheduler(folder):
    path = folder / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"note": "edited"}))


def swap_weights(folder):
    (path,) = (folder / "unet").glob("*.safetensors")
    save_file({name: -values for name, values in load_file(path).items()}, path)


def remove_weights(folder):
    (path,) = (folder / "unet").glob("*.safetensors")
    path.unlink()


def remove_the_folder(folder):
    shutil.rmtree(folder)


CHANGES = [edit_the_scheduler, swap_weights, remove_weights, remove_the_folder]


@pytest.fixture
def model(tmp_path):
    return Path(shutil.copytree(SHAPES_FOLDER, tmp_path / "mine"))


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def sweep(*models, seeds=(0, 1)):
    axes = {"model": [str(model) for model in models], "seed": list(seeds)}
    return dwlab.Sweep("trial", base=BASE, axes=axes)


def pictures(results):
    return {path.relative_to(results).as_posix() for path in results.glob("images/*/*.png")}


def assert_failed_because_files_changed(table, model):
    assert set(table["status"]) == {"failed"}
    (error,) = set(table["error"])
    assert repr(str(model)) in error
    assert "files" in error and "changed since the run was planned" in error
    assert "run the command again" in error


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_whose_files_change_after_the_plan_makes_no_picture(model, results, change):
    outcome = run(sweep(model), results=results, on_plan=lambda *_: change(model))
    assert (outcome.made, outcome.failed, outcome.left) == (0, 2, 0)
    assert_failed_because_files_changed(dwlab.Results(results).table("trial"), model)
    assert pictures(results) == set()


def test_the_same_command_makes_the_pictures_of_the_changed_model(model, results):
    run(sweep(model), results=results, on_plan=lambda *_: edit_the_scheduler(model))
    outcome = run(sweep(model), results=results)
    assert (outcome.made, outcome.failed) == (2, 0)
    table = dwlab.Results(results).table("trial")
    assert set(table["status"]) == {"ok"}
    assert set(table["image"]) == pictures(results)


def test_a_model_in_memory_whose_files_change_makes_no_picture_either(model, results):
    run(sweep(model, seeds=[7]), results=results)
    before = pictures(results)
    outcome = run(sweep(model), results=results, on_plan=lambda *_: edit_the_scheduler(model))
    assert (outcome.made, outcome.failed) == (0, 2)
    assert_failed_because_files_changed(dwlab.Results(results).table("trial"), model)
    assert pictures(results) == before


@pytest.mark.parametrize("order", [1, -1])
def test_the_pictures_of_the_other_models_are_made_all_the_same(model, results, order):
    other = Path(shutil.copytree(SHAPES_FOLDER, model.with_name("other")))
    # equal files would be one model with one key
    edit_the_scheduler(other)
    models = [model, other][::order]
    outcome = run(sweep(*models), results=results, on_plan=lambda *_: swap_weights(model))
    assert (outcome.made, outcome.failed) == (2, 2)
    table = dwlab.Results(results).table("trial")
    assert_failed_because_files_changed(table[table["model"] == str(model)], model)
    made = table[table["model"] == str(other)]
    assert set(made["status"]) == {"ok"}
    assert set(made["image"]) <= pictures(results)


@pytest.mark.parametrize("change", CHANGES)
def test_the_prompt_bench_and_the_server_make_no_picture_of_a_changed_model(model, results, change):
    from dwlab.render.renderer import render

    def render_after_a_change(cells, **options):
        change(model)
        yield from render(cells, **options)

    events = []
    keep(
        [GenerationParams(**BASE, model=str(model))],
        experiment="explore",
        results=results,
        render=render_after_a_change,
        on_event=events.append,
    )
    assert [event.kind for event in events] == ["failed"]
    assert "changed since the run was planned" in events[0].error
    assert_failed_because_files_changed(dwlab.Results(results).table("explore"), model)
    assert pictures(results) == set()


def test_a_run_identifies_a_model_and_resolves_a_cell_once(model, results):
    with Calls(identify, complete, key_of) as counts:
        run(sweep(model), results=results)
    assert counts == {"identify": 1, "complete": 2, "key_of": 2}


def test_a_plan_identifies_a_model_and_resolves_a_cell_once(model, results):
    with Calls(identify, complete, key_of) as counts:
        sweep(model).plan(results)
    assert counts == {"identify": 1, "complete": 2, "key_of": 2}


def test_keeping_pictures_identifies_a_model_and_resolves_a_recipe_once(model, results):
    recipes = [GenerationParams(**BASE, seed=seed, model=str(model)) for seed in (0, 1)]
    with Calls(identify, complete, key_of) as counts:
        keep(recipes, experiment="explore", results=results)
    assert counts == {"identify": 1, "complete": 2, "key_of": 2}


def test_the_key_that_is_planned_is_stored_and_in_the_picture(model, results):
    events = []
    run(sweep(model), results=results, on_event=events.append)
    keys = {event.result.key for event in events if event.kind == "done"}
    assert keys == set(dwlab.Results(results).table("trial")["key"])
    assert sweep(model).plan(results).todo == 0
