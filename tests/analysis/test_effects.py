"""What each axis does to a metric, and which setting is best."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sweep_tables import sweep_table

from dwlab.analysis.effects import axis_effects, ranked_settings


def by_axis_and_value(table, metric="adherence"):
    effects = axis_effects(table, metric)
    return {(effect.axis.name, value.label): value for effect in effects for value in effect.values}


def test_seeds_are_averaged_before_the_spread_between_settings_is_taken(tmp_path):
    effects = by_axis_and_value(sweep_table(tmp_path))
    settings = [0.14, 0.44, 0.18, 0.48]  # two guidances by two steps
    assert effects["prompt", "a star"].spread == pytest.approx(np.std(settings, ddof=1))
    assert effects["prompt", "a star"].pictures == 8


def test_with_one_setting_the_spread_is_between_its_seeds(tmp_path):
    table = sweep_table(tmp_path, ("a star",), guidance=(1.0,))
    table["adherence"] = [0.0, 1.0, 0.2, 0.8]  # steps 4, 8 by seed 0, 1
    effects = by_axis_and_value(table)
    assert effects["steps", "4"].mean == pytest.approx(0.5)
    assert effects["steps", "4"].spread == pytest.approx(np.std([0.0, 1.0], ddof=1))
    assert effects["seed", "1"].spread == pytest.approx(np.std([1.0, 0.8], ddof=1))


def test_a_single_picture_has_no_spread(tmp_path):
    table = sweep_table(tmp_path, ("a star",), guidance=(1.0,), seeds=(0,))
    effect = by_axis_and_value(table)["steps", "4"]
    assert effect.pictures == 1
    assert math.isnan(effect.spread)


def test_the_span_of_an_axis_leaves_values_without_pictures_out(tmp_path):
    table = sweep_table(tmp_path, ("a star",), guidance=(1.0, 4.0, 7.0), failed=(0, 1, 6, 7))
    table.loc[table["guidance"] == 1.0, "adherence"] = np.nan
    guidance = next(e for e in axis_effects(table, "adherence") if e.axis.name == "guidance")
    assert guidance.span == pytest.approx(0.3)


def test_settings_are_ranked_over_prompts_and_seeds(tmp_path):
    ranked = ranked_settings(sweep_table(tmp_path), "adherence")
    assert [setting.setting for setting in ranked] == [
        "steps 8, guidance 4",
        "steps 4, guidance 4",
        "steps 8, guidance 1",
        "steps 4, guidance 1",
    ]
    assert ranked[0].mean == pytest.approx(0.48)
    assert ranked[0].pictures == 4


def test_in_a_sweep_over_prompts_alone_prompts_are_ranked(tmp_path):
    table = sweep_table(tmp_path, steps=(4,), guidance=(1.0,))
    ranked = ranked_settings(table, "adherence")
    assert {setting.setting for setting in ranked} == {"prompt a red circle", "prompt a star"}
