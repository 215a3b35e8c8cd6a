"""Votes rank settings, with intervals, agreement and how fragile the order is."""

from __future__ import annotations

import math

import evalica
import numpy as np
import pytest
from simulated_raters import Rater, random_pairs, rated_table, vote, vote_on

from dwlab.analysis.counted_votes import LOSS, TIE, WIN, counted_votes
from dwlab.analysis.ordered_votes import fit
from dwlab.analysis.rated_pictures import rated_pictures
from dwlab.analysis.rating import rating
from dwlab.analysis.vote_fragility import fragility
from dwlab.errors import InvalidInput
from dwlab.store.vote import Choice

TASTE = np.array([-1.2, -0.4, 0.3, 1.3])


def known(settings=4, prompts=3, seeds=4):
    table = rated_table(settings, prompts, seeds)
    return table, rated_pictures(table)


def rater(prompts=3, **more):
    return Rater(np.repeat(TASTE[:, None], prompts, axis=1), **more)


def picture(pictures, setting, prompt=0, seed=0):
    matched = (pictures.settings == setting) & (pictures.prompts == prompt)
    return int(np.flatnonzero(matched & (pictures.seeds == seed))[0])


def votes_between(pictures, outcomes, first=0, second=1, rater="ada", start=0):
    """Votes on the same two settings, each for another prompt and seed."""
    votes = []
    for number, outcome in enumerate(outcomes, start):
        prompt, seed = number % 3, number // 3
        left = picture(pictures, first, prompt, seed)
        right = picture(pictures, second, prompt, seed)
        votes.append(vote(pictures, left, right, outcome, rater, number))
    return votes


def test_settings_are_ranked_as_the_rater_likes_them():
    table, pictures = known()
    rng = np.random.default_rng(0)
    votes = vote_on(pictures, random_pairs(pictures, 300, rng), rater(), rng)
    result = rating(table, votes)
    assert [each.setting for each in result.preferences] == [
        "steps 8",
        "steps 6",
        "steps 4",
        "steps 2",
    ]
    for each, truth in zip(result.preferences, TASTE[::-1], strict=True):
        assert each.low < truth < each.high
        assert 0 < each.share_low < each.share < each.share_high < 1
    assert result.sentence.startswith("Liked best: steps 8, in ")
    assert "95% interval for prompts like these" in result.sentence
    assert "Every other setting is shown to be behind it." in result.sentence
    assert list(result.table()["setting"]) == [each.setting for each in result.preferences]


def test_the_order_and_the_strengths_are_those_of_evalica():
    _, pictures = known()
    rng = np.random.default_rng(1)
    counted = counted_votes(
        pictures, vote_on(pictures, random_pairs(pictures, 400, rng), rater(ties=0.0), rng)
    )
    ours = fit(4, counted.left_setting, counted.right_setting, counted.outcome).strength
    winners = {WIN: evalica.Winner.X, LOSS: evalica.Winner.Y, TIE: evalica.Winner.Draw}
    theirs = evalica.bradley_terry(
        list(counted.left_setting),
        list(counted.right_setting),
        [winners[outcome] for outcome in counted.outcome],
    ).scores.sort_index()
    logs = np.log(theirs.to_numpy())
    # theirs shrinks nothing and knows no side
    assert ours == pytest.approx(logs - logs.mean(), abs=0.06)


def test_a_rater_who_favours_a_side_does_not_move_the_order():
    table, pictures = known()
    rng = np.random.default_rng(2)
    votes = vote_on(pictures, random_pairs(pictures, 300, rng), rater(left=1.5), rng)
    strengths = fit(4, *_arrays(pictures, votes))
    assert strengths.left == pytest.approx(1.5, abs=0.4)
    assert rating(table, votes).preferences[0].setting == "steps 8"


def _arrays(pictures, votes):
    counted = counted_votes(pictures, votes)
    return counted.left_setting, counted.right_setting, counted.outcome


def test_a_setting_that_won_everything_has_a_finite_strength():
    _, pictures = known()
    strengths = fit(4, *_arrays(pictures, votes_between(pictures, [Choice.LEFT] * 9)))
    assert np.isfinite(strengths.strength).all() and strengths.strength[0] > strengths.strength[1]
    assert np.isfinite(strengths.covariance).all()


def test_ties_alone_make_settings_equal():
    table, pictures = known()
    result = rating(table, votes_between(pictures, [Choice.TIE] * 9))
    assert [each.strength for each in result.preferences] == pytest.approx([0, 0], abs=1e-6)
    assert "Not told apart from it" in result.sentence


def test_a_vote_moves_the_strengths_by_about_its_influence():
    _, pictures = known()
    rng = np.random.default_rng(3)
    counted = counted_votes(
        pictures, vote_on(pictures, random_pairs(pictures, 200, rng), rater(), rng)
    )
    whole = fit(4, counted.left_setting, counted.right_setting, counted.outcome)
    rest = counted.without([7])
    less = fit(4, rest.left_setting, rest.right_setting, rest.outcome)
    moved = whole.strength - less.strength
    assert whole.influence[7] == pytest.approx(moved, abs=0.1 * np.abs(moved).max())


def test_prompts_that_disagree_widen_the_interval_for_prompts_like_these():
    table, pictures = known(prompts=6, seeds=6)
    rng = np.random.default_rng(4)
    tastes = TASTE[:, None] + np.random.default_rng(5).normal(0, 1.5, (4, 6))
    votes = vote_on(pictures, random_pairs(pictures, 400, rng), Rater(tastes), rng)
    width = {}
    for target in ("prompts like these", "these prompts"):
        first = rating(table, votes, target=target).preferences[0]
        width[target] = first.high - first.low
    assert width["prompts like these"] > 1.3 * width["these prompts"]


def test_one_prompt_says_nothing_of_others():
    table, pictures = known(prompts=1, seeds=9)
    rng = np.random.default_rng(6)
    result = rating(table, vote_on(pictures, random_pairs(pictures, 40, rng), rater(1), rng))
    assert result.target == "these prompts"
    assert "nothing is known of other prompts" in result.sentence


def test_skipped_repeated_and_unmatched_pairs_do_not_count():
    table, pictures = known()
    skipped = votes_between(pictures, [Choice.SKIP])
    counts = votes_between(pictures, [Choice.LEFT], start=1)
    again = votes_between(pictures, [Choice.RIGHT], start=1)
    other_seed = vote(
        pictures, picture(pictures, 0, seed=0), picture(pictures, 1, seed=1), Choice.LEFT
    )
    gone = vote(pictures, 0, 1, Choice.LEFT)
    gone = type(gone)(
        type(gone.pair)("x", "sweep", "ada", 9, "gone", pictures.keys[0]), Choice.LEFT, ""
    )
    result = rating(table, [*skipped, *counts, *again, other_seed, gone])
    assert (result.votes, result.left_out) == (1, 4)


@pytest.mark.parametrize("votes", [[], [Choice.SKIP]])
def test_without_a_vote_that_counts_nothing_is_ranked(votes):
    table, pictures = known()
    with pytest.raises(InvalidInput, match="dwlab rate"):
        rating(table, votes_between(pictures, votes))


def test_a_metric_that_is_the_taste_predicts_it_and_a_reversed_one_its_opposite():
    table, pictures = known()
    table["adherence"] = table["steps"] / 100
    table["roughness"] = -table["steps"]
    table["noisy"] = [float(number % 2) for number in range(len(table))]
    table["constant"] = 1.0
    votes = votes_between(pictures, [Choice.RIGHT] * 10 + [Choice.TIE] * 2)
    result = rating(table, votes)
    shares = {each.first: (each.share, each.pairs) for each in result.metrics}
    assert shares == {"adherence": (1.0, 10), "roughness": (0.0, 10), "noisy": (0.5, 10)}
    assert any(line.startswith("adherence predicts your taste in 100% [") for line in result.lines)
    assert any(
        line.startswith("lower roughness predicts your taste in 100% [") for line in result.lines
    )
    assert any("noisy" in line and "may be chance" in line for line in result.lines)


def test_raters_agree_with_each_other_and_with_themselves():
    table, pictures = known()
    ada = votes_between(pictures, [Choice.LEFT] * 6)
    bob = votes_between(
        pictures, [Choice.LEFT] * 3 + [Choice.TIE] * 2 + [Choice.RIGHT], rater="bob"
    )
    mirrored = votes_between(pictures, [Choice.RIGHT] * 2, first=1, second=0)
    result = rating(table, [*ada, *bob, *mirrored])
    (between,) = result.raters
    assert (between.first, between.second, between.pairs) == ("ada", "bob", 6)
    assert between.share == pytest.approx(4 / 6)
    (repeats,) = result.repeats
    assert (repeats.first, repeats.share, repeats.pairs) == ("ada", 1.0, 2)
    assert result.votes == 12


def test_the_votes_that_hold_up_the_order_are_counted():
    _, pictures = known()
    votes = votes_between(pictures, [Choice.LEFT] * 6 + [Choice.RIGHT] * 5)
    counted = counted_votes(pictures, votes)
    strengths = fit(4, counted.left_setting, counted.right_setting, counted.outcome)
    weak = fragility(counted, strengths)
    assert (weak.votes, weak.first, weak.rival) == (2, "steps 2", "steps 4")
    assert "2 votes would change the order" in weak.sentence


def test_an_order_that_all_votes_support_is_not_fragile_within_reach():
    table, pictures = known()
    result = rating(table, votes_between(pictures, [Choice.LEFT] * 12))
    assert result.fragility is None or result.fragility.votes > 6
    assert math.isfinite(result.preferences[0].strength)
