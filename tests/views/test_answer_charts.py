"""Heat maps and frontiers are drawn of anything that can be swept."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from simulated_sweeps import table_of
from sweep_tables import HOSTILE

from dwlab.analysis.heat_maps import heat_maps
from dwlab.analysis.ranking import best
from dwlab.views.charts import WIDTH
from dwlab.views.frontier_chart import frontier_plot
from dwlab.views.heat_chart import heat_map_plot


def sweep(axes, prompts=3, seeds=2, metric="adherence"):
    rng = np.random.default_rng(0)
    shape = [len(values) for values in axes.values()]
    means = rng.uniform(0.2, 1.0, (*shape, 1, 1))
    return table_of(means + rng.normal(0, 0.002, (*shape, prompts, seeds)), axes, metric)


def drawn(table, metric="adherence", *, dark=False):
    """The heat maps and the frontier, each after its text was laid out."""
    ranking = best(table, metric)
    maps = heat_maps(table, metric, ranking)
    charts = [heat_map_plot(maps, dark=dark), frontier_plot(ranking, dark=dark)]
    for chart in charts:
        chart.savefig(io.BytesIO())
        assert chart.get_size_inches()[0] == WIDTH
    return charts


def panels(chart):
    """The panels of a heat map, without its colour bar."""
    return [plot for plot in chart.axes if plot.images]


CASES = {
    "one axis": {"steps": [2, 5, 20]},
    "thirty values": {"steps": list(range(2, 32)), "guidance": [1, 3]},
    "hostile words": {"scheduler": list(HOSTILE), "dtype": list(HOSTILE[:3])},
    "many maps": {"steps": [2, 5], "guidance": [1, 3], "width": [64 * k for k in range(1, 10)]},
}


# a label that does not fit, or a glyph that no font has, is a warning
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("axes", CASES.values(), ids=CASES)
def test_all_axes_are_drawn(axes):
    heat, frontier = drawn(sweep(axes), dark="scheduler" in axes)
    assert panels(heat)
    assert "behind the best" in frontier.axes[0].get_ylabel()


@pytest.mark.filterwarnings("error")
def test_a_sweep_without_repeats_is_drawn_with_intervals_that_reach_out_of_the_plot():
    _, frontier = drawn(sweep({"steps": [2, 5, 20]}, prompts=1, seeds=1))
    bottom = max(frontier.axes[0].get_ylim())
    ends = [max(line.get_ydata()) for line in frontier.axes[0].get_lines()]
    assert max(ends) > bottom


def test_cells_have_their_numbers_and_missing_ones_none():
    table = sweep({"steps": [2, 5, 20], "guidance": [1, 3]})
    table.loc[(table["steps"] == 5) & (table["guidance"] == 3), "adherence"] = np.nan
    (panel,) = panels(drawn(table)[0])
    assert len(panel.texts) == 5
    hatched = [patch for patch in panel.patches if patch.get_hatch()]
    assert len(hatched) == 1


def test_good_settings_have_a_frame():
    table = sweep({"steps": [2, 5, 20], "guidance": [1, 3]})
    count = sum(each.verdict == "within the margin" for each in best(table, "adherence").standings)
    (panel,) = panels(drawn(table)[0])
    frames = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    frames = [patch for patch in frames if not patch.get_hatch()]
    assert count >= 1
    assert len(frames) == count


@pytest.mark.parametrize("metric", ["adherence", "blank"])
def test_the_best_setting_has_the_lightest_colour(metric):
    table = sweep({"steps": [2, 5, 20], "guidance": [1, 3]}, metric=metric)
    ranking = best(table, metric)
    chart = drawn(table, metric)[0]
    image = panels(chart)[0].images[0]
    colours = image.cmap(image.norm(np.array([each.mean for each in ranking.standings])))
    lightness = colours[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(lightness) < 0)


def test_the_frontier_names_its_settings_and_draws_the_intervals_of_the_ranking():
    table = sweep({"steps": [2, 5, 20]})
    ranking = best(table, "adherence")
    frontier = drawn(table)[1]
    names = [text.get_text() for text in frontier.legends[0].get_texts()]
    assert names[0].startswith("1. steps 2: ")
    best_setting = ranking.standings[0]
    spans = [sorted(line.get_ydata()) for line in frontier.axes[0].get_lines()]
    assert [best_setting.low, best_setting.high] in spans


def test_seconds_have_round_ticks_that_stand_apart():
    # without steps, what pictures cost is what they took
    table = sweep({"guidance": [1, 3, 5]}).drop(columns=["steps"])
    table["device_seconds"] = 0.0123456789 + table["guidance"].astype(float) * 1e-4
    figure = frontier_plot(best(table, "adherence"))
    figure.draw_without_rendering()
    ticks = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert len(set(ticks)) == len(ticks) > 1
    assert all(len(tick) <= len("0.0124") for tick in ticks)


def test_without_prices_there_is_a_sentence_instead_of_a_frontier():
    table = sweep({"width": [64, 128]}).drop(columns=["steps", "device_seconds"])
    figure = frontier_plot(best(table, "adherence"))
    assert "price" in figure.axes[0].texts[0].get_text()
