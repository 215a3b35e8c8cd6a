"""Plots of a sweep's table."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from sweep_tables import HOSTILE, sweep_table

from dwlab.errors import InvalidInput
from dwlab.plots import interval
from dwlab.views.plots import metric_plot, seconds_plot


def test_plots_are_drawn_for_numbers_words_and_hostile_text(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, steps=(2, 64))
    line = metric_plot(table, hue="guidance")
    assert line.axes[0].get_xlabel() == "steps" and line.axes[0].get_ylabel() == "adherence"
    means = [curve.get_ydata() for curve in line.axes[0].get_lines()]
    assert np.allclose(means, [[0.12, 0.74], [0.42, 1.0]])
    words = metric_plot(table, x="prompt", hue="seed")
    assert len(words.axes[0].get_yticklabels()) == len(HOSTILE)
    assert Image.open(io.BytesIO(line._repr_png_())).size == (
        700,
        360,
    )  # what a notebook shows, without pyplot
    for figure in (line, words, metric_plot(table, hue="prompt", dark=True), seconds_plot(table)):
        figure.savefig(
            io.BytesIO()
        )  # lays text out: formulas and unknown glyphs would raise or warn here
        assert figure.get_size_inches()[0] * figure.dpi == 700


def test_a_plot_of_an_unknown_metric_or_axis_says_what_there_is(tmp_path):
    table = sweep_table(tmp_path)
    with pytest.raises(InvalidInput, match="adherence"):
        metric_plot(table, "beauty")
    with pytest.raises(InvalidInput, match="prompt, steps, guidance, seed"):
        metric_plot(table, x="lora")


def test_the_interval_holds_the_mean_and_narrows_with_more_pictures():
    sample = np.random.default_rng(0).normal(5.0, 1.0, 2000)
    widths = []
    for size in (20, 200, 2000):
        low, high = interval(sample[:size])
        assert low < sample[:size].mean() < high
        widths.append(high - low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]
    assert interval(sample[:20]) == interval(sample[:20])


def test_the_interval_of_few_numbers_is_as_wide_as_that_of_a_t_test():
    sample = np.array([1.0, 2.0, 3.0, 4.0])
    low, high = interval(sample)
    error = sample.std(ddof=1) / 2
    assert (low, high) == pytest.approx((2.5 - 3.182 * error, 2.5 + 3.182 * error), abs=1e-3)
