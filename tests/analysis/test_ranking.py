"""Settings are ranked in pairs, and only what is shown counts as good enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.comparison import compare
from dwlab.analysis.ranking import Verdict, best
from dwlab.errors import InvalidInput

STEPS = {"steps": [2, 5, 20]}


def swept(means, prompts=12, seeds=6, noise=0.01, number=0):
    """A metric at settings with these true means, over prompts that are far apart."""
    rng = np.random.default_rng(number)
    means = np.asarray(means, dtype=float)
    difficulty = rng.normal(0, 0.3, (prompts, 1)) + rng.normal(0, 0.1, (1, seeds))
    values = means[..., None, None] + difficulty
    return values + rng.normal(0, noise, values.shape)


def verdicts(ranking):
    return {standing.setting: standing.verdict for standing in ranking.standings}


def test_the_cheapest_setting_that_is_shown_to_be_within_the_margin_is_named():
    ranking = best(table_of(swept([0.5, 0.89, 0.9]), STEPS), "adherence")
    assert verdicts(ranking) == {
        "steps 2": Verdict.BEYOND,
        "steps 5": Verdict.WITHIN,
        "steps 20": Verdict.WITHIN,
    }
    assert ranking.cheapest.setting == "steps 5"
    assert ranking.cheapest.behind == pytest.approx(0.01, abs=0.005)
    assert ranking.sentence.startswith(
        "Cheapest setting shown to be within 0.030 of the best adherence: steps 5 (72 pairs"
    )
    assert "10 denoiser rows, 1/4 of the cost of the best" in ranking.sentence


def test_few_seeds_leave_a_setting_open_and_say_what_it_would_take():
    few = swept([0.5, 0.89, 0.9], prompts=4, seeds=3, noise=0.05)
    ranking = best(table_of(few, STEPS), "adherence")
    assert ranking.cheapest is None
    assert "No setting is shown to be within 0.030" in ranking.sentence
    assert "to tell, it would take about" in ranking.sentence
    standing = next(each for each in ranking.standings if each.setting == "steps 5")
    assert standing.verdict is Verdict.OPEN
    assert standing.more is not None


def test_no_interval_reaches_farther_than_the_metric():
    values = np.array([[[1.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    table = table_of(values, {"steps": [2, 5]})
    assert all(-1 <= each.low <= each.high <= 1 for each in best(table, "adherence").standings)
    comparison = compare(table, "adherence", {"steps": 2}, {"steps": 5})
    assert (comparison.low, comparison.high) == (-1, 1)


def test_as_many_more_prompts_as_it_says_settle_it():
    means = [0.5, 0.89, 0.9]
    ranking = best(table_of(swept(means, 6, 4, 0.04, 3), STEPS), "adherence")
    more = next(each.more for each in ranking.standings if each.setting == "steps 5")
    assert 1 < more.prompts < 60
    settled = [
        best(table_of(swept(means, 6 + more.prompts, 4, 0.04, number), STEPS), "adherence")
        for number in range(10)
    ]
    within = [each.cheapest is not None and each.cheapest.setting == "steps 5" for each in settled]
    assert sum(within) >= 4


def test_fewer_seeds_never_show_more():
    values = swept([0.5, 0.89, 0.9], noise=0.03)
    shown = []
    for seeds in (2, 3, 4, 6):
        ranking = best(table_of(values[:, :, :seeds], STEPS), "adherence")
        shown.append(sum(each.verdict is not Verdict.OPEN for each in ranking.standings))
    assert shown == sorted(shown)


def test_ties_are_named():
    values = swept([[0.5, 0.5], [0.9, 0.9], [0.9, 0.9]])
    values[:, 1] = values[:, 0]
    axes = STEPS | {"scheduler": ["DDIMScheduler", "EulerDiscreteScheduler"]}
    ranking = best(table_of(values, axes), "adherence")
    assert ranking.cheapest.ties == "steps 5, scheduler DDIM or Euler"


def test_prompts_and_seeds_are_not_ranked():
    ranking = best(table_of(swept([0.5, 0.89, 0.9]), STEPS), "adherence")
    assert {each.setting for each in ranking.standings} == {"steps 2", "steps 5", "steps 20"}


def test_prices_are_rows_of_the_denoiser():
    axes = {"scheduler": ["DDIMScheduler", "HeunDiscreteScheduler"], "guidance": [1.0, 3.0]}
    ranking = best(table_of(swept(np.zeros((2, 2))), axes), "adherence")
    rows = {each.setting: each.rows for each in ranking.standings}
    assert rows == {
        "scheduler DDIM, guidance 1": 20,
        "scheduler DDIM, guidance 3": 40,
        "scheduler Heun, guidance 1": 39,
        "scheduler Heun, guidance 3": 78,
    }
    assert all(each.seconds == pytest.approx(0.2 * (1 + ("guidance 3" in each.setting)))
               for each in ranking.standings)  # fmt: skip


def test_a_setting_that_was_tried_with_easy_prompts_only_gains_nothing():
    values = swept([0.5, 0.6, 0.7], noise=0.01)
    values -= values.min()
    easy = np.argsort(values[0].mean(axis=1))[6:]
    only_easy = np.full_like(values[0], np.nan)
    only_easy[easy] = values[0][easy]
    values[0] = only_easy
    ranking = best(table_of(values, STEPS), "adherence")
    assert [each.setting for each in ranking.standings] == ["steps 20", "steps 5", "steps 2"]
    assert ranking.standings[2].behind == pytest.approx(0.2, abs=0.01)
    assert ranking.standings[2].pairs == 36


def test_a_grid_with_holes_is_ranked():
    values = swept([0.5, 0.89, 0.9])
    values[np.random.default_rng(1).random(values.shape) < 0.3] = np.nan
    ranking = best(table_of(values, STEPS), "adherence")
    assert ranking.cheapest.setting == "steps 5"


def test_a_setting_without_a_pair_stays_open():
    values = swept([0.5, 0.89, 0.9])
    values[1, :6] = np.nan
    values[2, 6:] = np.nan
    ranking = best(table_of(values, STEPS), "adherence")
    assert verdicts(ranking)["steps 5"] is Verdict.OPEN
    standing = next(each for each in ranking.standings if each.setting == "steps 5")
    assert math.isinf(standing.high)
    assert ranking.sentence


def test_these_prompts_alone_are_told_apart_sooner():
    rng = np.random.default_rng(3)
    values = swept([0.5, 0.9, 0.9], prompts=4) + rng.normal(0, 0.05, (3, 4, 1))
    table = table_of(values, STEPS)
    sampled = best(table, "adherence", margin=0.1)
    fixed = best(table, "adherence", margin=0.1, target="these prompts")
    assert verdicts(sampled)["steps 5"] is Verdict.OPEN
    assert "Still open: steps 5; to tell, it would take about" in sampled.sentence
    assert fixed.cheapest.setting == "steps 5"
    assert "for these prompts" in fixed.sentence


def test_one_prompt_says_nothing_of_others():
    ranking = best(table_of(swept([0.5, 0.89, 0.9], prompts=1), STEPS), "adherence")
    assert ranking.target == "these prompts"
    assert "nothing is known of other prompts" in ranking.sentence


def test_the_ranking_is_a_table_too():
    table = best(table_of(swept([0.5, 0.89, 0.9]), STEPS), "adherence").table()
    assert list(table["setting"]) == ["steps 20", "steps 5", "steps 2"]
    assert list(table["verdict"]) == ["within the margin", "within the margin", "beyond the margin"]
    assert {"behind", "low", "high", "rows", "seconds", "pairs"} <= set(table.columns)


@pytest.mark.parametrize("margin", [0, -1, math.nan, math.inf])
def test_a_margin_is_above_0(margin):
    with pytest.raises(InvalidInput, match="margin"):
        best(table_of(swept([0.5, 0.89, 0.9]), STEPS), "adherence", margin=margin)


def test_a_sweep_over_prompts_alone_has_no_settings_to_rank():
    with pytest.raises(InvalidInput, match="some setting varies"):
        best(table_of(swept([0.5])[0], {}), "adherence")


def test_what_costs_more_per_row_is_priced_in_seconds():
    values = swept([[0.5, 0.9], [0.5, 0.9]])
    table = table_of(values, {"width": [64, 128], "steps": [5, 20]})
    table["device_seconds"] *= np.where(table["width"] == 128, 4.0, 1.0)
    ranking = best(table, "adherence")
    assert ranking.unit == "seconds"
    assert ranking.cheapest.setting == "width 64, steps 20"
    assert ranking.cheapest.price == ranking.cheapest.seconds
    assert "s per picture" in ranking.sentence
    assert best(table_of(swept([0.5, 0.9]), {"steps": [5, 20]}), "adherence").unit == "rows"
    untimed = table.drop(columns="device_seconds")
    assert best(untimed, "adherence").unit == "rows"
