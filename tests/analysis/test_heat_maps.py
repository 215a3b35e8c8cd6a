"""Heat maps show the two axes that move a metric most, and leave out what was not measured."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.heat_maps import heat_maps
from dwlab.analysis.ranking import best
from dwlab.errors import InvalidInput

SCHEDULERS = ["DDIMScheduler", "EulerDiscreteScheduler"]
AXES = {"scheduler": SCHEDULERS, "steps": [25, 2], "guidance": [1, 3, 9]}
# of steps and guidance; schedulers differ by little
MEANS = np.array([[0.9, 0.8, 0.7], [0.1, 0.5, 0.6]])


def table(means=MEANS, axes=AXES, noise=0.0):
    rng = np.random.default_rng(0)
    pictures = rng.normal(0, 0.02, (4, 3))
    by_scheduler = np.stack([means, means - 0.01])
    values = by_scheduler[..., None, None] + pictures
    return table_of(values + rng.normal(0, noise, values.shape), axes)


def test_the_two_strongest_axes_are_shown_with_a_map_per_value_of_the_third():
    maps = heat_maps(table(), "adherence")
    assert (maps.row_axis, maps.column_axis, maps.third) == ("steps", "guidance", "scheduler")
    assert [each.title for each in maps.maps] == ["scheduler DDIM", "scheduler Euler"]
    # numbers ascend, whatever their order in the sweep
    assert maps.rows == ("2", "25")
    assert maps.columns == ("1", "3", "9")
    first, second = maps.maps
    assert np.allclose(np.diff(first.values), np.diff(MEANS[::-1]))
    assert np.allclose(first.values - second.values, 0.01)


def test_an_axis_that_only_turns_another_round_counts_as_strong():
    crossing = np.array([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]])
    maps = heat_maps(table(crossing), "adherence")
    assert {maps.row_axis, maps.column_axis} == {"steps", "guidance"}


def test_prompts_and_seeds_are_never_axes_of_a_map():
    maps = heat_maps(table(), "adherence")
    assert not {"prompt", "seed"} & {maps.row_axis, maps.column_axis, maps.third, *maps.others}


def test_words_stand_in_rows_and_numbers_in_columns():
    axes = {"scheduler": SCHEDULERS, "steps": [25, 2, 5]}
    values = np.array([[0.9, 0.8, 0.7], [0.1, 0.5, 0.6]])[..., None, None] + np.zeros((2, 2))
    maps = heat_maps(table_of(values, axes), "adherence")
    assert (maps.row_axis, maps.column_axis, maps.third) == ("scheduler", "steps", "")
    assert np.allclose(maps.maps[0].values, [[0.8, 0.7, 0.9], [0.5, 0.6, 0.1]])


def test_a_single_axis_is_one_row():
    values = np.array([0.2, 0.8, 0.9])[..., None, None] + np.zeros((2, 2))
    maps = heat_maps(table_of(values, {"steps": [2, 5, 20]}), "adherence")
    assert (maps.row_axis, maps.column_axis) == ("", "steps")
    assert maps.maps[0].values.shape == (1, 3)


def test_what_was_not_measured_is_missing_and_the_rest_is_adjusted_for_hard_prompts():
    sweep = table()
    at_hard_corner = (sweep["steps"] == 2) & (sweep["guidance"] == 9)
    sweep.loc[at_hard_corner & (sweep["scheduler"] == "DDIMScheduler"), "adherence"] = np.nan
    sweep.loc[sweep["prompt"] == "prompt 0", "adherence"] -= 0.5
    easy_only = (sweep["steps"] == 25) & (sweep["guidance"] == 1)
    sweep.loc[easy_only & (sweep["prompt"] == "prompt 0"), "adherence"] = np.nan
    first = heat_maps(sweep, "adherence").maps[0].values
    assert np.isnan(first[0, 2])
    assert np.isfinite(first).sum() == 5
    assert first[1, 0] - first[1, 1] == pytest.approx(0.1)


def test_settings_that_are_shown_to_be_good_enough_are_marked():
    sweep = table(noise=0.001)
    ranking = best(sweep, "adherence")
    first, second = heat_maps(sweep, "adherence", ranking).maps
    assert first.within.tolist() == [[False] * 3, [True, False, False]]
    assert second.within.tolist() == first.within.tolist()
    assert not heat_maps(sweep, "adherence").maps[0].within.any()


def test_means_over_further_axes_are_named_and_marked_as_no_setting():
    values = np.zeros((2, 2, 2, 2)) + np.array([0.0, 0.4])[:, None, None, None]
    values += np.array([0.0, 0.2])[:, None, None] + np.array([0.0, 0.1])[:, None]
    values += np.array([0.0, 0.05])
    axes = {"steps": [2, 5], "guidance": [1, 3], "width": [64, 128], "height": [64, 128]}
    sweep = table_of(values[..., None, None] + np.zeros((2, 2)), axes)
    maps = heat_maps(sweep, "adherence", best(sweep, "adherence"))
    assert (maps.third, maps.others) == ("width", ("height",))
    assert maps.maps[0].values[0, 0] == pytest.approx(0.025)
    assert not any(each.within.any() for each in maps.maps)


def test_a_table_without_settings_is_refused():
    with pytest.raises(InvalidInput, match="some setting varies"):
        heat_maps(table_of(np.zeros((3, 2)), {}), "adherence")
