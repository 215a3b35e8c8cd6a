"""What axes do to a metric, against statsmodels, and on sweeps with a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from simulated_sweeps import table_of
from statsmodels.formula.api import ols
from statsmodels.stats.anova import AnovaRM, anova_lm

from dwlab.analysis.variance_shares import effects
from dwlab.errors import InvalidInput

AXES = {"steps": [2, 5, 20], "guidance": [1.0, 3.0]}
FORMULA = "adherence ~ C(steps) * C(guidance) + C(prompt) + C(seed)"


def swept(prompts=6, seeds=4, *, steps=0.0, both=0.0, number=0):
    """Settings that prompts take to differently. steps: what they add. both: what they reverse."""
    rng = np.random.default_rng(number)
    shape = (3, 2, prompts, seeds)
    values = rng.normal(0, 0.1, shape) + rng.normal(0, 0.1, (3, 2, prompts, 1))
    values += rng.normal(0, 0.05, (3, 2, 1, seeds)) + rng.normal(0, 0.2, (prompts, 1))
    values += steps * np.array([0, 1, 2])[:, None, None, None]
    sign = np.array([1, -1])[:, None, None]
    return values + both * np.array([0, 1, 2])[:, None, None, None] * sign


def shares(result):
    return {effect.name: effect.share for effect in result.effects}


def test_shares_are_those_of_an_analysis_of_variance():
    table = table_of(swept(steps=0.1, both=0.05), AXES)
    result = effects(table, "adherence")
    squares = anova_lm(ols(FORMULA, table).fit(), typ=2)["sum_sq"]
    part = squares / squares.sum()
    assert shares(result) == pytest.approx(
        {
            "steps": part["C(steps)"],
            "guidance": part["C(guidance)"],
            "steps × guidance": part["C(steps):C(guidance)"],
        }
    )
    assert result.prompts == pytest.approx(part["C(prompt)"])
    assert result.seeds == pytest.approx(part["C(seed)"])
    assert result.rest == pytest.approx(part["Residual"])


def test_combinations_that_were_left_out_share_as_in_a_type_2_analysis():
    table = table_of(swept(steps=0.1, both=0.05), AXES)
    table = table[~((table["steps"] == 20) & (table["guidance"] == 1.0))]
    formula = "adherence ~ C(steps) + C(guidance) + C(prompt) + C(seed)"
    squares = anova_lm(ols(formula, table).fit(), typ=2)["sum_sq"]
    total = ((table["adherence"] - table["adherence"].mean()) ** 2).sum()
    result = shares(effects(table, "adherence"))
    assert result["steps"] == pytest.approx(squares["C(steps)"] / total)
    assert result["guidance"] == pytest.approx(squares["C(guidance)"] / total)


def test_with_one_seed_two_values_are_told_apart_as_by_a_paired_t_test():
    values = swept(10, 1, steps=0.1)[[0, 2]][:, :1]
    result = effects(table_of(values, {"steps": [2, 20], "guidance": [1.0]}), "adherence")
    expected = stats.ttest_rel(values[0, 0, :, 0], values[1, 0, :, 0])
    assert result.effects[0].p == pytest.approx(expected.pvalue)


def test_with_one_seed_an_axis_is_tested_as_in_repeated_measures():
    table = table_of(swept(12, 1, steps=0.05), AXES)
    expected = AnovaRM(table, "adherence", "prompt", ["steps", "guidance"]).fit().anova_table
    result = {effect.name: effect.p for effect in effects(table, "adherence").effects}
    assert result["guidance"] == pytest.approx(expected.loc["guidance", "Pr > F"], rel=1e-6)
    # the correction for sphericity makes it larger
    plain = expected.loc["steps", "Pr > F"]
    assert plain < result["steps"] < 5 * plain


def test_an_axis_that_does_nothing_is_seldom_shown():
    results = [effects(table_of(swept(number=n), AXES), "adherence") for n in range(100)]
    shown = [effect.is_shown for result in results for effect in result.effects]
    assert np.mean(shown) < 0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5


def test_an_axis_that_matters_is_shown_and_named_first():
    result = effects(table_of(swept(steps=0.2), AXES), "adherence")
    assert result.effects[0].name == "steps"
    assert result.effects[0].is_shown
    assert result.sentence.startswith("Of the variance of adherence: steps ")


def test_what_reverses_the_order_of_an_axis_is_said():
    result = effects(table_of(swept(both=0.3), AXES), "adherence")
    pair = next(effect for effect in result.effects if effect.name == "steps × guidance")
    assert pair.note == "guidance reverses the order of steps (2 and 20)"
    assert result.sentence.endswith("Guidance reverses the order of steps (2 and 20).")


def test_missing_pictures_hardly_move_the_shares():
    values = swept(12, 6, steps=0.2)
    whole = shares(effects(table_of(values, AXES), "adherence"))
    values[np.random.default_rng(0).random(values.shape) < 0.05] = math.nan
    result = effects(table_of(values, AXES), "adherence")
    assert shares(result) == pytest.approx(whole, abs=0.03)
    assert result.effects[0].is_shown


def test_a_grid_with_more_holes_than_pictures_says_nothing_of_chance():
    values = swept(12, 6, steps=0.2)
    values[np.random.default_rng(0).random(values.shape) < 0.6] = math.nan
    result = effects(table_of(values, AXES), "adherence")
    assert sum(shares(result).values()) + result.prompts + result.seeds <= 1.0 + 1e-9


def test_shares_are_a_table_too():
    table = effects(table_of(swept(steps=0.2), AXES), "adherence").table()
    assert list(table["effect"])[-3:] == ["prompts", "seeds", "the rest"]
    assert table["share"].sum() == pytest.approx(1.0)


def test_pictures_that_are_all_alike_have_no_effects():
    result = effects(table_of(np.ones((3, 2, 4, 2)), AXES), "adherence")
    assert set(shares(result).values()) == {0.0}
    assert not any(effect.is_shown for effect in result.effects)


def test_a_sweep_over_prompts_alone_has_no_effects():
    with pytest.raises(InvalidInput, match="some setting varies"):
        effects(table_of(np.ones((4, 2)), {}), "adherence")


def test_a_prompt_and_seed_without_any_picture_warns_of_nothing():
    values = swept(4, 3)
    values[:, :, 1, 2] = math.nan
    assert effects(table_of(values, AXES), "adherence").sentence
