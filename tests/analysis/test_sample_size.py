"""How many more prompts or seeds it would take to tell a difference."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.comparison import compare
from dwlab.analysis.sample_size import power
from dwlab.errors import InvalidInput

STEPS = {"steps": [5, 20]}
SIDES = ({"steps": 20}, {"steps": 5})


def swept(prompts, seeds, *, by_prompt=0.1, by_seed=0.0, noise=0.1, apart=0.1, number=0):
    rng = np.random.default_rng(number)
    values = rng.normal(0, noise, (2, prompts, seeds))
    values += rng.normal(0, by_prompt, (2, prompts, 1)) + rng.normal(0, by_seed, (2, 1, seeds))
    values[1] += apart
    return table_of(values, STEPS)


def test_what_is_told_already_needs_no_more():
    result = power(swept(20, 10), "adherence", *SIDES, apart=0.2)
    assert result.more is None
    assert result.reach < 0.2
    assert result.sentence.endswith("enough for 0.200.")


def test_as_many_prompts_as_it_says_bring_the_interval_down_on_average():
    answers = [power(swept(8, 4, number=n), "adherence", *SIDES, apart=0.05) for n in range(20)]
    numbers = [answer.more.prompts for answer in answers if answer.more.prompts]
    more = int(np.median(numbers))
    reaches = []
    for number in range(40):
        table = swept(8 + more, 4, number=number)
        result = compare(table, "adherence", *SIDES)
        reaches.append((result.high - result.low) / 2)
    assert np.median(reaches) == pytest.approx(0.05, rel=0.35)


def test_seeds_alone_cannot_make_up_for_few_prompts():
    result = power(swept(6, 8, by_prompt=0.3, noise=0.02), "adherence", *SIDES, apart=0.05)
    assert result.more.seeds is None
    assert result.more.prompts > 20
    assert "(seeds alone would not do)" in result.sentence


def test_for_these_prompts_only_seeds_are_added():
    table = swept(6, 4, by_prompt=0.3)
    result = power(table, "adherence", *SIDES, apart=0.03, target="these prompts")
    assert result.more.prompts is None
    assert result.more.seeds > 1


def test_the_difference_that_shows_now_is_what_it_asks_about_by_default():
    table = swept(6, 4, apart=0.05)
    result = power(table, "adherence", *SIDES)
    assert result.apart == pytest.approx(abs(compare(table, "adherence", *SIDES).difference))


@pytest.mark.parametrize("apart", [0, -0.1, float("nan"), float("inf")])
def test_a_difference_is_above_0(apart):
    with pytest.raises(InvalidInput, match="apart"):
        power(swept(3, 2), "adherence", *SIDES, apart=apart)
