"""How soon pictures stop changing with more steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image
from simulated_sweeps import table_of

from dwlab.analysis.reference_distance import convergence
from dwlab.errors import InvalidInput

STEPS = {"steps": [2, 5, 10, 40]}
CURVES = {"scheduler": ["DDIMScheduler", "HeunDiscreteScheduler"], **STEPS}


def with_distances(by_steps, axes=STEPS, prompts=6, seeds=3):
    """A table with a column of distances around these means."""
    rng = np.random.default_rng(0)
    means = np.asarray(by_steps)[..., None, None]
    values = means * rng.uniform(0.9, 1.1, (*means.shape[:-2], prompts, seeds))
    return table_of(values, axes, metric="far")


def test_the_fewest_steps_within_the_tolerance_are_named():
    result = convergence(with_distances([0.3, 0.05, 0.01, 0.0]), distance="far", tolerance=0.02)
    assert [point.steps for point in result.points] == [2, 5, 10]
    assert result.points[1].distance == pytest.approx(0.05, rel=0.05)
    assert result.fewest[0].steps == 10
    assert result.fewest[0].reference == 40
    assert result.sentence.startswith(
        "10 steps come within 0.020 of the reference, 40 steps, at 20"
    )


def test_steps_count_only_if_more_steps_stay_within():
    result = convergence(with_distances([0.3, 0.01, 0.05, 0.0]), distance="far", tolerance=0.02)
    assert result.fewest[0].steps is None
    assert result.sentence.startswith("No setting is shown to come within 0.020")


def test_the_price_is_rows_of_the_denoiser():
    distances = [[0.3, 0.05, 0.01, 0.0], [0.2, 0.01, 0.01, 0.0]]
    result = convergence(with_distances(distances, CURVES), distance="far", tolerance=0.02)
    fewest = {each.setting: (each.steps, each.rows) for each in result.fewest}
    # Heun calls the denoiser twice per step but once in the last one, and guidance doubles it
    assert fewest == {"scheduler DDIM": (10, 20), "scheduler Heun": (5, 18)}
    assert "2 of 2 settings do" in result.sentence
    assert result.sentence.startswith("5 steps (scheduler Heun) come within 0.020")
    assert "at 18 denoiser rows per picture;" in result.sentence


def test_settings_of_one_price_are_named_together():
    axes = {"scheduler": ["DDIMScheduler", "EulerDiscreteScheduler"], **STEPS}
    distances = [[0.3, 0.05, 0.01, 0.0], [0.2, 0.03, 0.01, 0.0]]
    result = convergence(with_distances(distances, axes), distance="far", tolerance=0.02)
    assert result.sentence.startswith("10 steps (scheduler DDIM) come within 0.020")
    assert "at 20 denoiser rows per picture (so do 10 steps (scheduler Euler));" in result.sentence


@pytest.mark.parametrize("metric", ["psnr", "ssim.small", "adherence", "stars"])
def test_a_metric_of_which_more_is_better_is_no_distance(metric):
    table = with_distances([0.3, 0.05, 0.01, 0.0]).rename(columns={"far": metric})
    with pytest.raises(InvalidInput, match="a distance, 0 for equal pictures"):
        convergence(table, distance=metric)


def test_without_a_price_the_steps_are_named_alone():
    table = with_distances([0.3, 0.05, 0.01, 0.0]).drop(columns="guidance")
    assert convergence(table, distance="far").sentence == (
        "10 steps come within 0.020 of the reference, 40 steps; 1 of 1 setting does."
    )


def test_an_interval_that_reaches_beyond_the_tolerance_is_not_enough():
    table = with_distances([0.3, 0.05, 0.019, 0.0], prompts=3, seeds=2)
    table["far"] *= np.where(table["prompt"] == "prompt 0", 1.5, 0.7)
    result = convergence(table, distance="far", tolerance=0.02)
    assert result.points[2].distance < 0.02 < result.points[2].high
    assert result.fewest[0].steps is None


def test_pictures_are_compared_with_their_own_reference(tmp_path):
    table = table_of(np.zeros((3, 2, 2)), {"steps": [2, 10, 40]})
    names = []
    for row, (steps, seed) in enumerate(zip(table["steps"], table["seed"], strict=True)):
        grey = 100 * seed + {2: 51, 10: 5, 40: 0}[steps]
        name = f"{row}.png"
        Image.new("RGB", (8, 8), (grey, grey, grey)).save(tmp_path / name)
        names.append(name)
    table["image"] = names
    table.attrs["results"] = str(tmp_path)
    result = convergence(table)
    assert [point.distance for point in result.points] == pytest.approx([0.2, 5 / 255])
    assert result.points[0].pairs == 4
    (tmp_path / names[-1]).unlink()  # a reference that is gone
    assert convergence(table).points[0].pairs == 3


def test_points_are_a_table_too():
    result = convergence(with_distances([0.3, 0.05, 0.01, 0.0]), distance="far")
    assert list(result.table()["steps"]) == [2, 5, 10]


@pytest.mark.parametrize("axes", [{"guidance": [1.0, 3.0]}, {}])
def test_steps_must_be_an_axis(axes):
    table = table_of(np.zeros((*map(len, axes.values()), 3, 2)), axes)
    with pytest.raises(InvalidInput, match="steps as an axis"):
        convergence(table, distance="adherence")


@pytest.mark.parametrize("tolerance", [0, -1, math.nan, math.inf])
def test_a_tolerance_is_above_0(tolerance):
    with pytest.raises(InvalidInput, match="tolerance"):
        convergence(with_distances([0.1, 0.1, 0.1, 0.0]), distance="far", tolerance=tolerance)


def test_without_references_nothing_can_be_said():
    table = with_distances([0.1, 0.1, 0.1, 0.0])
    with pytest.raises(InvalidInput, match="two step counts"):
        convergence(table[table["steps"] != 40].assign(image=None))
