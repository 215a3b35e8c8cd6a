"""A plan counts what can be counted: kept seeds, and every model that is here."""

from __future__ import annotations

import pytest
from faults.child import fake_render, toy_model

from dwlab.errors import InvalidInput
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep

BASE = {"prompt": "a {colour} circle", "steps": 1, "width": 64, "height": 64, "scheduler": "DDIM"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


def sweep(toy, **axes):
    base = {**BASE, **({} if "model" in axes else {"model": toy})}
    return Sweep(
        "trial", base=base, axes={"colour": ["red", "blue"], **axes}, metrics=["brightness"]
    )


def computed(spec, root):
    return run(spec, results=root, render=fake_render)


def test_more_random_seeds_leave_the_kept_ones_done(toy, tmp_path):
    computed(sweep(toy, seed={"random": 2}), tmp_path)
    plan = sweep(toy, seed={"random": 3}).plan(tmp_path)
    assert (plan.cells, plan.done, plan.todo) == (6, 4, 2)
    assert computed(sweep(toy, seed={"random": 3}), tmp_path).made == plan.todo
    assert sweep(toy, seed={"random": 1}).plan(tmp_path).todo == 0


def test_a_seed_that_is_not_drawn_yet_is_never_done(toy, tmp_path):
    computed(sweep(toy, seed={"range": [0, 9]}), tmp_path)
    plan = Sweep(
        "other", model=toy, base=BASE, axes={"colour": ["red", "blue"], "seed": {"random": 3}}
    ).plan(tmp_path)
    assert (plan.cells, plan.done) == (6, 0)


def test_a_model_that_is_not_here_hides_nothing_of_the_others(toy, tmp_path):
    computed(sweep(toy), tmp_path)
    plan = sweep(toy, model=[toy, "sdxl", "sd15"]).plan(tmp_path)
    assert (plan.cells, plan.done, plan.todo) == (6, 2, 4)
    assert plan.seconds is None and "sdxl, sd15" in plan.basis
    assert plan.bytes > 4 * 64 * 64
    assert [
        w
        for w in plan.warnings
        if "2 cells" in w and "stabilityai/stable-diffusion-xl-base-1.0" in w
    ]


def test_the_models_that_are_here_are_checked_all_the_same(toy, tmp_path):
    spec = sweep(toy, model=["sdxl", toy], **{"scheduler_options.nosuch": [1]})
    with pytest.raises(InvalidInput, match=r"scheduler_options\.nosuch"):
        spec.plan(tmp_path)


def test_the_plan_prints_no_orders_to_the_terminal(toy, tmp_path):
    text = str(sweep(toy, colour=["\x1b]0;title\x07", "two\nlines"]).plan(tmp_path))
    assert all(line.isprintable() for line in text.splitlines())
    assert r"\x1b]0;title\x07, two\nlines" in text
