"""A search computes the cells that it chooses, goes on where it was stopped, and says what it found."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace

import pytest

import dwlab
from dwlab.errors import InvalidInput
from dwlab.events import Done, Failed, Loaded, WorkerChanged
from dwlab.render.renderer import render
from dwlab.runs.budget_work import BudgetWork
from dwlab.runs.run import run
from dwlab.runs.search_answer import load_answer
from dwlab.spec.compute import Compute
from dwlab.workflows.budgeted.run import run_within_budget

BASE = {"prompt": "a small blue {shape} at the top on a yellow background"}
AXES = {"shape": ["circle", "star"], "seed": [0, 1, 2, 3], "steps": [1, 4], "guidance": [1, 3]}


def sweep(name="trial", **parts):
    values = {"name": name, "base": BASE, "axes": AXES, "budget": "500 rows", **parts}
    if values["budget"]:
        values.setdefault("search", {"margin": 0.1})
    return dwlab.Sweep(**values)


def keys(root, name="trial"):
    return set(dwlab.Results(root).table(name)["key"])


class Counting:
    """The real renderer, noting what it makes. fails: whether a cell fails. stop_after: so many pictures."""

    def __init__(self, *, fails=lambda _: False, stop_after=None):
        self.made = []
        self.failed = 0
        self.cancel = threading.Event()
        self._fails = fails
        self._stop_after = stop_after

    def __call__(self, cells, **options):
        for event in render(cells, **options):
            if isinstance(event, Done) and self._fails(event.params):
                self.failed += 1
                yield Failed(event.index, event.params, "it does not work")
                continue
            yield event
            if isinstance(event, Done):
                self.made.append(event.params)
                if len(self.made) == self._stop_after:
                    self.cancel.set()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    root = tmp_path_factory.mktemp("undisturbed")
    plans = []
    outcome = run_within_budget(
        sweep(), results=root, on_plan=lambda total, work: plans.append((total, work))
    )
    return root, outcome, plans


def test_a_search_computes_some_cells_and_keeps_what_it_found(undisturbed):
    root, outcome, plans = undisturbed
    table = dwlab.Results(root).table("trial")
    assert len(table) == outcome.total == outcome.made < 32
    assert outcome.left == outcome.reused == outcome.failed == 0
    answer = load_answer(root, "trial")
    assert answer.method == "ladder" and answer.metric == "adherence" and answer.margin == 0.1
    assert set(answer.setting) == {"steps", "guidance"}
    assert "held-out seeds" in answer.sentence
    assert f"{outcome.made} pictures made" in answer.spent and "500 denoiser rows" in answer.spent
    ((total, work),) = plans
    assert total == 32 and isinstance(work, BudgetWork)


def test_the_same_search_again_makes_nothing_and_says_the_same(undisturbed):
    root, before, _ = undisturbed
    answer = load_answer(root, "trial")
    counting = Counting()
    outcome = run_within_budget(sweep(), results=root, render=counting)
    assert counting.made == []
    assert (outcome.total, outcome.made, outcome.reused) == (before.made, 0, before.made)
    assert load_answer(root, "trial") == answer


@pytest.mark.parametrize("pictures", [1, 5])
def test_a_stopped_search_goes_on_and_ends_like_an_undisturbed_one(undisturbed, tmp_path, pictures):
    counting = Counting(stop_after=pictures)
    stopped = run_within_budget(sweep(), results=tmp_path, render=counting, cancel=counting.cancel)
    assert stopped.is_stopped and stopped.made < undisturbed[1].made
    assert "was stopped" in load_answer(tmp_path, "trial").sentence
    rest = Counting()
    run_within_budget(sweep(), results=tmp_path, render=rest)
    root, whole, _ = undisturbed
    assert keys(tmp_path) == keys(root)
    assert len(counting.made) + len(rest.made) == whole.made
    found, expected = load_answer(tmp_path, "trial"), load_answer(root, "trial")
    # seconds differ
    assert replace(found, spent="") == replace(expected, spent="")


def test_pictures_of_other_sweeps_are_free(undisturbed, tmp_path):
    run(sweep("grid", budget=None), results=tmp_path)
    counting = Counting()
    run_within_budget(sweep(budget="1 picture"), results=tmp_path, render=counting)
    answer = load_answer(tmp_path, "trial")
    assert counting.made == [] and answer.pictures == 0
    assert "cost nothing" in answer.spent
    assert keys(tmp_path) == keys(undisturbed[0])


@pytest.mark.slow
def test_a_sweep_of_the_same_name_shares_the_pictures_of_the_search(undisturbed, tmp_path):
    run_within_budget(sweep(), results=tmp_path)
    outcome = run(sweep(budget=None), results=tmp_path)
    assert outcome.total == 32 and outcome.reused == undisturbed[1].made
    # a grid has no verdict of a search
    assert dwlab.Results(tmp_path).table("trial").attrs["search"] is None


def test_a_failed_cell_is_tried_once_and_has_no_value(tmp_path):
    counting = Counting(fails=lambda params: params.guidance == 1 and params.seed == 0)
    outcome = run_within_budget(sweep(), results=tmp_path, render=counting)
    failed = [row for row in dwlab.Results(tmp_path).table("trial")["status"] if row == "failed"]
    assert counting.failed == outcome.failed == len(failed) > 0


@pytest.mark.slow
def test_random_seeds_are_drawn_once(tmp_path):
    axes = {**AXES, "seed": {"random": 4}}
    run_within_budget(sweep(axes=axes), results=tmp_path)
    again = Counting()
    run_within_budget(sweep(axes=axes), results=tmp_path, render=again)
    assert again.made == []


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"budget": "3 rows"}, "budget"),
        ({"budget": "2 pictures"}, "budget"),
        ({"metric": "stars"}, "metric"),
        ({"metrics": ["sharpness"]}, "metric"),
        ({"metric": "sharpness", "search": "halving"}, "search.margin"),
        ({"metric": "sharpness", "search": {"method": "ladder", "margin": 1}}, "search.method"),
        ({"search": {"held_out": 4}}, "search.held_out"),
        ({"axes": {**AXES, "steps": [4], "guidance": [3]}}, "settings"),
        (
            {"metric": "ssim", "metrics": [{"ssim": {"against": {"steps": 4}}}]},
            "metric",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_made(tmp_path, parts, field):
    counting = Counting()
    with pytest.raises(InvalidInput) as caught:
        run_within_budget(sweep(**parts), results=tmp_path, render=counting)
    assert caught.value.field == field
    assert counting.made == [] and not list(tmp_path.iterdir())


def test_a_plain_run_refuses_a_sweep_with_a_budget(tmp_path):
    with pytest.raises(InvalidInput, match=r"dwlab\.search"):
        sweep().run(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["halving", "racing", "random"])
def test_each_method_finds_a_setting(undisturbed, tmp_path, method):
    shutil.copytree(undisturbed[0], tmp_path / "results")
    search = {"method": method, "margin": 0.1, "seed": 1}
    run_within_budget(sweep(search=search), results=tmp_path / "results")
    answer = load_answer(tmp_path / "results", "trial")
    assert answer.method == method and answer.setting


def test_a_budget_in_time_ends_a_search_and_the_same_command_adds_nothing(tmp_path):
    first = run_within_budget(sweep(budget="2s"), results=tmp_path)
    assert first.made > 0
    assert "on the device" in load_answer(tmp_path, "trial").spent
    assert run_within_budget(sweep(budget="2s"), results=tmp_path).made == 0


@pytest.mark.slow
def test_workers_and_their_models_stay_between_rounds(undisturbed, tmp_path):
    joined = []
    loaded = []

    def listen(event):
        joined.extend([event.worker] if isinstance(event, WorkerChanged) else [])
        loaded.extend([event] if isinstance(event, Loaded) else [])

    search = {"margin": 0.1, "method": "halving"}
    compute = Compute(where="cpu*2")
    run_within_budget(sweep(search=search), results=tmp_path, compute=compute, on_event=listen)
    assert len(set(joined)) == 2 and len(loaded) <= 2
    assert load_answer(tmp_path, "trial").setting
