"""Two values of a setting, compared in pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.comparison import compare
from dwlab.errors import InvalidInput

STEPS = {"steps": [5, 20]}


def test_the_difference_is_the_mean_over_pairs():
    values = np.array([[[0.2, 0.4], [0.6, 0.8]], [[0.3, 0.4], [0.9, 0.7]]])
    result = compare(table_of(values, STEPS), "adherence", {"steps": 20}, {"steps": 5})
    assert result.difference == pytest.approx(0.075)
    assert (result.wins, result.losses, result.ties) == (2, 1, 1)
    assert (result.pairs, result.prompts, result.seeds) == (4, 2, 2)
    assert (result.a, result.b) == ("steps 20", "steps 5")


def test_pairs_agree_in_all_other_settings():
    rng = np.random.default_rng(0)
    guidance_counts = np.array([0.0, 5.0])[None, :, None, None]
    values = rng.normal(size=(2, 2, 6, 4)) * 0.01 + guidance_counts
    values[1] += 0.2
    table = table_of(values, STEPS | {"guidance": [1.0, 3.0]})
    # without the pictures at one end, means over each value would be far apart
    table = table[~((table["steps"] == 20) & (table["guidance"] == 3.0) & (table["seed"] > 1))]
    result = compare(table, "adherence", {"steps": 20}, {"steps": 5})
    assert result.difference == pytest.approx(0.2, abs=0.02)
    assert result.pairs == 36
    assert result.low > 0.1


def test_several_axes_are_named_together():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 2, 6, 4))
    table = table_of(values, STEPS | {"guidance": [1.0, 3.0]})
    a, b = {"steps": 20, "guidance": 3}, {"guidance": 1, "steps": 5}
    result = compare(table, "adherence", a, b)
    assert result.difference == pytest.approx((values[1, 1] - values[0, 0]).mean())
    assert result.a == "steps 20, guidance 3"


def test_a_scheduler_is_named_as_other_tools_name_it():
    values = np.stack([np.zeros((3, 2)), np.ones((3, 2))])
    table = table_of(values, {"scheduler": ["DDIMScheduler", "EulerDiscreteScheduler"]})
    result = compare(table, "adherence", {"scheduler": "euler"}, {"scheduler": "DDIM"})
    assert result.difference == 1.0


def test_a_value_that_moves_with_another_names_both():
    table = table_of(np.stack([np.zeros((3, 2)), np.ones((3, 2))]), STEPS)
    table["guidance"] = np.where(table["steps"] == 5, 1.0, 3.0)
    table.attrs["axes"]["guidance"] = [1.0, 3.0]
    result = compare(table, "adherence", {"steps": 20}, {"steps": 5})
    assert result.a == "steps 20, guidance 3"
    assert result.difference == 1.0


def test_failed_pictures_make_no_pair():
    values = np.zeros((2, 3, 2))
    values[0, 1, 0] = math.nan
    result = compare(table_of(values, STEPS), "adherence", {"steps": 20}, {"steps": 5})
    assert result.pairs == 5


def test_swapping_the_sides_turns_the_signs():
    values = np.random.default_rng(4).normal(size=(2, 5, 3))
    values[1] += 1.0
    table = table_of(values, STEPS)
    one = compare(table, "adherence", {"steps": 20}, {"steps": 5})
    other = compare(table, "adherence", {"steps": 5}, {"steps": 20})
    mirrored = (-one.difference, -one.high, -one.low, one.p)
    assert (other.difference, other.low, other.high, other.p) == pytest.approx(mirrored)
    assert (one.wins, one.losses) == (other.losses, other.wins)


def test_with_one_prompt_nothing_is_known_of_others():
    values = np.random.default_rng(4).normal(size=(2, 1, 6))
    result = compare(table_of(values, STEPS), "adherence", {"steps": 20}, {"steps": 5})
    assert result.target == "these prompts"
    assert "nothing is known of other prompts" in result.sentence


def test_with_one_seed_nothing_is_known_of_others():
    values = np.random.default_rng(4).normal(size=(2, 6, 1))
    result = compare(table_of(values, STEPS), "adherence", {"steps": 20}, {"steps": 5})
    assert result.target == "prompts like these"
    assert "nothing is known of other seeds" in result.sentence


def test_the_sentence_says_which_is_higher_only_if_the_interval_leaves_0_out():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(2, 6, 4))
    values[1] += [[3.0]]
    apart = compare(table_of(values, STEPS), "adherence", {"steps": 20}, {"steps": 5})
    assert apart.sentence.startswith("adherence is higher at steps 20 than at steps 5: +")
    values[1] -= 3.0
    open_ = compare(table_of(values, STEPS), "adherence", {"steps": 20}, {"steps": 5})
    assert open_.sentence.startswith("adherence at steps 20 minus steps 5 may be nothing")
    assert str(open_) == open_.sentence


@pytest.mark.parametrize(
    ("a", "b", "field"),
    [
        ({"steps": 20}, {"guidance": 3}, "b"),
        ({}, {}, "b"),
        ({"steps": 21}, {"steps": 5}, "a"),
        ({"strength": 1}, {"strength": 0.5}, "a"),
    ],
)
def test_values_that_were_not_tried_are_named(a, b, field):
    table = table_of(np.zeros((2, 3, 2)), STEPS)
    with pytest.raises(InvalidInput) as error:
        compare(table, "adherence", a, b)
    assert error.value.field == field


def test_an_unknown_metric_or_target_is_named():
    table = table_of(np.zeros((2, 3, 2)), STEPS)
    with pytest.raises(InvalidInput, match="beauty"):
        compare(table, "beauty", {"steps": 20}, {"steps": 5})
    with pytest.raises(InvalidInput, match="prompts like these"):
        compare(table, "adherence", {"steps": 20}, {"steps": 5}, target="all prompts")
