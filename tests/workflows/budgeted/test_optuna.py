"""Optuna suggests settings of continuous axes; the store remembers what was tried."""

from __future__ import annotations

import threading

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import dwlab
from dwlab.errors import InvalidInput, MissingExtra
from dwlab.events import Done
from dwlab.render.renderer import render
from dwlab.runs.run import run
from dwlab.runs.search_answer import load_answer
from dwlab.store.store import Store
from dwlab.store.vote import Choice
from dwlab.workflows.budgeted.answer import pareto_front
from dwlab.workflows.budgeted.optuna_space import Space
from dwlab.workflows.budgeted.run import run_within_budget

AXES = {
    "seed": [0, 1, 2, 3],
    "steps": {"from": 1, "to": 4},
    "guidance": {"from": 1.0, "to": 8.0},
    "scheduler": ["DDIM", "Euler"],
}
SEARCH = {"method": "optuna", "batch": 2, "pictures": 2, "objectives": ["quality", "rows"]}


def sweep(**parts):
    values = {
        "name": "open",
        "base": {"prompt": "a small blue star at the top on a yellow background"},
        "axes": AXES,
        "budget": "24 pictures",
        "search": SEARCH,
        **parts,
    }
    return dwlab.Sweep(**values)


def study_of(root):
    storage = JournalStorage(JournalFileBackend(str(root / "open" / "optuna.journal")))
    return optuna.load_study(study_name="open", storage=storage)


def settings_of(root):
    table = dwlab.Results(root).table("open")
    return {(row.steps, row.guidance, row.scheduler) for row in table.itertuples()}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    root = tmp_path_factory.mktemp("ended")
    return root, run_within_budget(sweep(), results=root)


def test_settings_between_the_ends_are_tried_within_the_budget(ended):
    root, outcome = ended
    assert outcome.made == outcome.total <= 24
    settings = settings_of(root)
    # 70% of the budget at two pictures each; the claim takes the rest
    assert len(settings) == 8
    assert all(1 <= guidance <= 8 for _, guidance, _ in settings)
    # few digits, so that a person can write them down
    assert all(guidance == float(f"{guidance:.4g}") for _, guidance, _ in settings)
    answer = load_answer(root, "open")
    assert answer.method == "optuna" and set(answer.setting) == {"steps", "guidance", "scheduler"}
    assert answer.front[0].startswith("Pareto front") and "held-out seeds" in answer.sentence
    assert "of 8 settings" in answer.spent


def test_the_study_is_a_file_that_optuna_opens(ended):
    root, _ = ended
    study = study_of(root)
    assert study.metric_names == ["adherence", "rows"]
    tried = [trial for trial in study.trials if trial.values is not None]
    assert len(tried) == 8


def test_the_same_search_again_makes_nothing(ended):
    root, outcome = ended
    answer = load_answer(root, "open")
    again = run_within_budget(sweep(), results=root)
    assert (again.made, again.reused) == (0, outcome.total)
    assert load_answer(root, "open") == answer


def test_a_stopped_search_finishes_what_it_began_and_spends_no_more(tmp_path):
    cancel = threading.Event()
    made = []

    def stopping(cells, **options):
        for event in render(cells, **options):
            yield event
            if isinstance(event, Done):
                made.append(event.params)
                cancel.set()

    stopped = run_within_budget(sweep(), results=tmp_path, render=stopping, cancel=cancel)
    assert stopped.is_stopped
    # what Optuna keeps may be gone, the store has what counts
    (tmp_path / "open" / "optuna.journal").unlink()
    first = settings_of(tmp_path)
    outcome = run_within_budget(sweep(), results=tmp_path)
    assert first <= settings_of(tmp_path)
    assert len(settings_of(tmp_path)) == 8 and outcome.total <= 24
    assert not outcome.is_stopped


@pytest.mark.slow
def test_pictures_of_listed_settings_are_shared_with_grids(tmp_path):
    axes = {"seed": [0, 1, 2, 3], "steps": [1, 2], "scheduler": ["DDIM", "Euler"]}
    run(sweep(name="grid", axes=axes, search=None, budget=None), results=tmp_path)
    outcome = run_within_budget(sweep(axes=axes, budget="4 pictures"), results=tmp_path)
    # the space has four settings; a search ends when it is exhausted
    assert outcome.made == 0 and outcome.reused > 0
    assert load_answer(tmp_path, "open").pictures == 0


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"budget": "1 picture"}, "budget"),
        ({"metrics": ["brightness"]}, "metric"),
        ({"search": {**SEARCH, "held_out": 4}}, "search.held_out"),
    ],
)
def test_what_cannot_be_searched_is_refused(tmp_path, parts, field):
    with pytest.raises(InvalidInput) as caught:
        run_within_budget(sweep(**parts), results=tmp_path)
    assert caught.value.field == field
    assert not list(tmp_path.glob("images/*"))


def test_without_optuna_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"dwlab\[search\]"):
        run_within_budget(sweep(), results=tmp_path)


@pytest.mark.slow
def test_votes_are_what_is_looked_for(tmp_path):
    search = {**SEARCH, "objectives": ["votes"]}
    first = run_within_budget(sweep(search=search), results=tmp_path)
    assert first.made == 4 and first.is_stopped
    assert "dwlab rate open" in load_answer(tmp_path, "open").sentence
    # nothing more is made before somebody has voted
    assert run_within_budget(sweep(search=search), results=tmp_path).made == 0
    vote_for_the_first(tmp_path)
    after = run_within_budget(sweep(search=search), results=tmp_path)
    assert after.made == 4
    assert "Liked best" in load_answer(tmp_path, "open").sentence
    assert any(trial.values for trial in study_of(tmp_path).trials)


def vote_for_the_first(root):
    table = dwlab.Results(root).table("open")
    with Store(root) as store:
        for _, rows in table.groupby("seed"):
            left, right = rows["key"]
            pair = store.votes.offer("open", "ada", left, right, waiting=0)
            store.votes.vote(pair, Choice.LEFT)


def test_axes_that_move_together_are_one_choice():
    axes = {"seed": [0, 1], "steps": [1, 4], "guidance": [1, 7], "scheduler": ["DDIM"]}
    space = Space.of(sweep(axes=axes, zip=[["steps", "guidance"]]))
    assert [each.name for each in space.dimensions] == ["steps + guidance", "scheduler"]
    setting = {"steps": 4, "guidance": 7, "scheduler": "DDIM"}
    assert space.parameters(setting) == {"steps + guidance": "4, 7", "scheduler": "DDIM"}
    assert space.parameters({**setting, "steps": 1}) is None


def test_the_front_has_what_no_cheaper_one_equals():
    nan = float("nan")
    assert pareto_front([2, 4, 4, 6, 8, 1], [0.5, 0.7, 0.8, 0.8, 0.9, nan]) == [0, 2, 4]
