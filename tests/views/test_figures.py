"""Figures by name, and as files that a paper can print."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image
from simulated_sweeps import table_of
from sweep_tables import HOSTILE, sweep_table

from dwlab.analysis.reference_distance import convergence
from dwlab.errors import InvalidInput
from dwlab.views.convergence_chart import convergence_plot
from dwlab.views.figures import FIGURES, draw, save

SCHEDULERS = ["DDIMScheduler", "EulerDiscreteScheduler", "HeunDiscreteScheduler"]
STEPS = [2, 4, 8, 16, 32]


def far(axes):
    """A table of distances that halve with twice the steps. axes: the steps are the last one."""
    rng = np.random.default_rng(0)
    shape = [len(values) for values in axes.values()]
    means = np.zeros(shape) + 0.5 / np.array(axes["steps"])
    return table_of(means[..., None, None] * rng.uniform(0.8, 1.2, (*shape, 4, 3)), axes, "far")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_by_its_name(tmp_path, name):
    table = sweep_table(tmp_path)
    draw(table, name).savefig(io.BytesIO())


def test_an_unknown_figure_or_kind_of_file_says_what_there_is(tmp_path):
    table = sweep_table(tmp_path)
    with pytest.raises(InvalidInput, match="heat-maps, frontier, convergence"):
        draw(table, "pie")
    with pytest.raises(InvalidInput, match=r"\.png, \.pdf, \.svg"):
        save(draw(table, "seconds"), tmp_path / "seconds.bmp")
    assert not (tmp_path / "seconds.bmp").exists()


def test_a_figure_that_ranks_needs_a_metric_of_quality(tmp_path):
    table = sweep_table(tmp_path).drop(columns="adherence")
    with pytest.raises(InvalidInput, match="Nothing here says how good a picture is"):
        draw(table, "frontier")


def test_a_convergence_figure_is_as_wide_as_a_column_and_vector_files_are_the_same_again(tmp_path):
    chart = convergence_plot(
        convergence(far({"scheduler": SCHEDULERS, "steps": STEPS}), distance="far")
    )
    assert chart.get_size_inches()[0] * 25.4 == pytest.approx(85)
    for suffix in (".png", ".pdf", ".svg"):
        save(chart, tmp_path / f"one{suffix}")
        save(chart, tmp_path / f"two{suffix}")
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    pdf = (tmp_path / "one.pdf").read_bytes()
    assert b"/Type3" not in pdf
    assert b"/Subtype /Image" not in pdf
    width = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf)
    assert float(width[1]) / 72 * 25.4 == pytest.approx(85, abs=0.1)
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.width == pytest.approx(85 / 25.4 * 300, abs=1)


def test_a_table_that_tells_no_price_is_said_to():
    table = far({"scheduler": SCHEDULERS, "steps": STEPS}).drop(columns="guidance")
    chart = convergence_plot(convergence(table, distance="far"))
    chart.savefig(io.BytesIO())
    assert chart.axes[0].texts[0].get_text() == (
        "The table does not tell steps, guidance and scheduler"
    )


def test_lines_are_told_apart_without_colours():
    axes = {"scheduler": SCHEDULERS, "guidance": [1, 3], "steps": STEPS}
    result = convergence(far(axes), distance="far")
    chart = convergence_plot(result)
    assert [plot.get_title() for plot in chart.axes] == ["guidance 1", "guidance 3"]
    *entries, tolerance = chart.legends[0].legend_handles
    assert [entry.get_label() for entry in entries] == ["DDIM", "Euler", "Heun"]
    assert len({entry.get_marker() for entry in entries}) == 3
    assert tolerance.get_label() == "tolerance 0.020"


def test_markers_are_filled_from_where_on_all_are_within_the_tolerance():
    result = convergence(far({"steps": STEPS}), distance="far", tolerance=0.1)
    chart = convergence_plot(result)
    markers = [line for line in chart.axes[0].get_lines() if line.get_marker() == "o"]
    is_filled = {
        line.get_xdata()[0]: line.get_markerfacecolor() == line.get_color() for line in markers
    }
    # guidance makes two rows per step
    enough = result.fewest[0].rows
    assert is_filled == {2 * steps: 2 * steps >= enough for steps in STEPS[:-1]}


@pytest.mark.filterwarnings("error")
def test_hostile_names_and_many_panels_are_drawn():
    many = {"scheduler": list(HOSTILE[:9]), "guidance": [1, 3, 5, 7, 9], "steps": STEPS}
    chart = convergence_plot(convergence(far(many), distance="far"), dark=True)
    chart.savefig(io.BytesIO())
    said = [text.get_text() for text in chart.legends[0].get_texts()]
    assert "and 2 more" in said
    assert "4 of 5 panels" in said
