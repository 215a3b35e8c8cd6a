"""A results folder answers questions about its sweeps."""

from __future__ import annotations

import itertools
import json

import pytest

import dwlab
from dwlab.spec.params import GenerationParams
from dwlab.store.cells import CellRow
from dwlab.store.experiments import Member
from dwlab.store.store import Store


@pytest.fixture
def results(tmp_path):
    """A folder with a sweep `trial` of 3 prompts, 2 seeds and 2 step counts; more are better."""
    prompts = ("a red circle", "a star", "a blue ring")
    points = list(itertools.product(prompts, (0, 1), (5, 20)))
    axes = [{"prompt": prompt, "seed": seed, "steps": steps} for prompt, seed, steps in points]
    with Store(tmp_path) as store:
        store.experiments.enter("trial", {"name": "trial"})
        members = [Member(n, f"key{n}", json.dumps(point)) for n, point in enumerate(axes)]
        store.experiments.set_members("trial", {"name": "trial"}, members)
        for member, point in zip(members, axes, strict=True):
            params = GenerationParams(model="shapes", guidance=1, **point)
            text = json.dumps(params.as_dict())
            row = CellRow(member.key, text, "w", "float32", "cpu", "ok", image="images/a.png")
            adherence = 0.03 * point["steps"] + 0.1 * point["seed"]
            store.add(row, experiment="trial", metrics={"adherence": (1, adherence)})
    return dwlab.Results(tmp_path)


def test_two_values_are_compared_by_the_name_of_the_experiment(results):
    result = results.compare("trial", "adherence", {"steps": 20}, {"steps": 5})
    assert result.difference == pytest.approx(0.45)
    assert (result.pairs, result.wins) == (6, 6)


def test_an_experiment_that_never_ran_is_named(results):
    with pytest.raises(dwlab.InvalidInput, match="another"):
        results.compare("another", "adherence", {"steps": 20}, {"steps": 5})
