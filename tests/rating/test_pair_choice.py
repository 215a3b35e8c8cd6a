"""Pairs are matched, blind and new, and are chosen where a vote tells most."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from simulated_raters import Rater, rated_table, vote

from dwlab.analysis.counted_votes import counted_votes
from dwlab.analysis.ordered_votes import fit
from dwlab.analysis.rated_pictures import rated_pictures
from dwlab.rating import pair_choice
from dwlab.rating.pair_choice import REPEAT_EVERY, REST, SHARE_EVERY, expected_gain, next_pair
from dwlab.store.vote import Choice


def known(settings=4, prompts=2, seeds=3, alike=()):
    table = rated_table(settings, prompts, seeds)
    same = table["steps"].isin(alike)
    table.loc[same, "pixels"] = table["prompt"] + table["seed"].astype(str)
    return rated_pictures(table)


def choose(pictures, votes=(), rater="ada", waiting=(), seed=0):
    rng = np.random.default_rng(seed)
    return next_pair(pictures, counted_votes(pictures, votes), rater, waiting, rng)


def rate(pictures, many, rater=None, *, name="ada", before=(), seed=0):
    """Votes as a rater gives them on the pairs that are chosen; stops when there are no more."""
    rng = np.random.default_rng(seed)
    rater = rater or Rater(np.zeros((len(pictures.codes), 2)))
    votes = list(before)
    for number in range(many):
        pair = choose(pictures, votes, name, seed=seed + number)
        if pair is None:
            break
        settings = (int(pictures.settings[at]) for at in (pair.left, pair.right))
        choice = rater.choice(*settings, int(pictures.prompts[pair.left]), rng)
        votes.append(vote(pictures, pair.left, pair.right, choice, name, number))
    return votes


def shown(pictures, votes):
    """The pairs of pictures in these votes, whichever side they were on."""
    counted = counted_votes(pictures, votes)
    return [
        frozenset(pair) for pair in zip(counted.left.tolist(), counted.right.tolist(), strict=True)
    ]


def test_a_pair_has_one_prompt_one_seed_and_two_settings():
    pictures = known()
    for seed in range(10):
        pair = choose(pictures, seed=seed)
        assert pictures.prompts[pair.left] == pictures.prompts[pair.right]
        assert pictures.seeds[pair.left] == pictures.seeds[pair.right]
        assert pictures.settings[pair.left] != pictures.settings[pair.right]


def test_either_setting_may_stand_on_the_left():
    pictures = known()
    left_is_first = [
        pair.left < pair.right for pair in (choose(pictures, seed=n) for n in range(20))
    ]
    assert 2 < sum(left_is_first) < 18


def test_every_pair_is_shown_before_there_is_none_left():
    pictures = known(settings=3, prompts=2, seeds=2)
    counts = Counter(shown(pictures, rate(pictures, 100)))
    assert len(counts) == 3 * 4
    assert max(counts.values()) <= 2


def test_of_many_settings_every_pair_is_shown_too(monkeypatch):
    monkeypatch.setattr(pair_choice, "MOST_SETTINGS", 2)
    pictures = known(settings=3, prompts=2, seeds=2)
    assert len(set(shown(pictures, rate(pictures, 100)))) == 3 * 4


def test_thousands_of_settings_need_little_memory():
    pictures = known(settings=4_000, prompts=1, seeds=1)
    tracemalloc.start()
    assert choose(pictures) is not None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


def test_pictures_that_are_equal_are_never_put_side_by_side():
    pictures = known(alike=(2, 4))
    for pair in shown(pictures, rate(pictures, 100)):
        assert {int(pictures.settings[at]) for at in pair} != {0, 1}


def test_pairs_that_wait_or_were_skipped_are_not_chosen():
    pictures = known(settings=2, prompts=1, seeds=2)
    first = choose(pictures)
    second = choose(pictures, waiting=[(first.left, first.right)])
    assert {second.left, second.right}.isdisjoint({first.left, first.right})
    both = [(pair.left, pair.right) for pair in (first, second)]
    assert choose(pictures, waiting=both) is None


def test_now_and_then_an_old_pair_comes_again_with_its_sides_changed():
    pictures = known(settings=5)
    votes = rate(pictures, REPEAT_EVERY)
    first, last = votes[0].pair, votes[-1].pair
    assert (last.left, last.right) == (first.right, first.left)
    assert REPEAT_EVERY > REST
    assert len(set(shown(pictures, votes))) == REPEAT_EVERY - 1


def test_a_second_rater_gets_some_pairs_of_the_first():
    pictures = known(settings=6)
    ada = rate(pictures, 20)
    bob = rate(pictures, SHARE_EVERY * 3, name="bob", before=ada, seed=50)[20:]
    common = set(shown(pictures, ada)) & set(shown(pictures, bob))
    assert len(common) >= 3


def test_prompts_and_seeds_are_used_evenly():
    pictures = known(settings=6)
    counted = counted_votes(pictures, rate(pictures, 36))
    contexts = Counter(zip(counted.prompt.tolist(), counted.seed.tolist(), strict=True))
    assert len(contexts) == 6
    assert max(contexts.values()) - min(contexts.values()) <= 4


def test_close_settings_are_compared_more_often_than_those_that_are_far_apart():
    pictures = known(settings=6, prompts=2, seeds=8)
    taste = np.array([-6.0, -5.8, -5.6, 5.6, 5.8, 6.0])
    rater = Rater(np.repeat(taste[:, None], 2, axis=1))
    counted = counted_votes(pictures, rate(pictures, 60, rater))
    late = slice(30, None)
    is_close = (counted.left_setting[late] < 3) == (counted.right_setting[late] < 3)
    # at random it would be 40%
    assert np.mean(is_close) > 0.7


def test_the_gain_is_none_of_a_setting_with_itself_and_small_where_the_order_is_known():
    left = np.array([0, 0, 1] * 30)
    right = np.array([1, 2, 2] * 30)
    outcome = np.array([1, 2, 2] * 30)
    gain = expected_gain(fit(3, left, right, outcome))
    assert gain == pytest.approx(gain.T)
    assert np.diag(gain) == pytest.approx(0, abs=1e-6)
    assert gain[0, 1] > 5 * gain[0, 2]


def test_a_vote_that_skips_counts_for_nothing():
    pictures = known()
    pair = choose(pictures)
    skip = vote(pictures, pair.left, pair.right, Choice.SKIP)
    assert len(counted_votes(pictures, [skip])) == 0
