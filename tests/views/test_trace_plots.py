"""Traces are drawn as lines along the steps, and films as strips."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from faults.child import toy_model
from probed import probed_render
from typer.testing import CliRunner

import dwlab
from dwlab.analysis.trace_lines import SHARE, SIGMA, trace_lines
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.pictures.traces import Trace
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.views.trace_charts import trace_charts
from dwlab.views.trace_plots import film_plot, trace_plot
from dwlab.workflows.report import make_report


def traces(steps=(2, 2, 4), values=None):
    """Pictures with so many steps at guidance 1, 2, 1; the values are the steps times the guidance."""
    rows = []
    for number, count in enumerate(steps):
        guidance = 1 + number % 2
        for step in range(1, count + 1):
            value = values(step) if values else float(step * guidance)
            rows.append(
                {
                    "experiment": "s",
                    "key": str(number),
                    "guidance": guidance,
                    "step": step,
                    "sigma": 10.0 ** (count - step),
                    "timestep": 1.0,
                    "value": value,
                }
            )
    table = pd.DataFrame(rows)
    table.attrs = {"trace": "norm", "axes": {"guidance": [1, 2]}, "reasons": {}}
    return table


def test_pictures_of_as_many_steps_are_averaged_step_by_step():
    drawn = trace_lines(traces(steps=(2, 2, 2)), "guidance")
    assert [line.label for line in drawn.lines] == ["1", "2"]
    assert list(drawn.lines[1].mean.y) == [2.0, 4.0]
    assert len(drawn.lines[0].pictures) == 2


def test_pictures_of_other_numbers_of_steps_are_compared_at_the_same_share():
    drawn = trace_lines(traces(), "guidance")
    assert drawn.along == SHARE
    mean = drawn.lines[0].mean
    # half the way: 1 of 2 steps, and 2 of 4
    assert mean.x[0] == 0.5 and mean.y[0] == pytest.approx(1.5)
    assert mean.x[-1] == 1.0 and mean.y[-1] == pytest.approx(3.0)


def test_along_sigma_values_in_between_are_interpolated_by_its_logarithm():
    mean = trace_lines(traces(steps=(2, 2, 3)), "guidance", SIGMA).lines[0].mean
    assert (min(mean.x), max(mean.x)) == (pytest.approx(1.0), pytest.approx(10.0))
    assert mean.y[np.argmin(mean.x)] == pytest.approx((2 + 3) / 2)


def test_plots_are_drawn_with_a_line_per_value_of_an_axis():
    figure = trace_plot(traces(steps=(2, 2, 2)), "guidance")
    plot = figure.axes[0]
    assert (plot.get_xlabel(), plot.get_ylabel()) == ("step", "norm")
    named = [line for line in plot.get_lines() if not line.get_label().startswith("_")]
    assert [line.get_label() for line in named] == ["1", "2"]
    arrays = trace_plot(traces(values=lambda step: [step, step + 2.0]), dark=True)
    assert arrays.axes[0].get_ylabel() == "mean of norm"
    noise = trace_plot(traces(), x="sigma").axes[0]
    assert noise.xaxis_inverted() and noise.get_xscale() == "log"
    for each in (figure, arrays):
        each.savefig(io.BytesIO())


def test_traces_without_values_are_a_sentence_that_says_why():
    empty = traces().iloc[:0]
    empty.attrs = {**traces().attrs, "reasons": {"no guidance": 3}}
    (text,) = trace_plot(empty).axes[0].texts
    assert text.get_text() == "no guidance"


def test_an_axis_that_traces_do_not_have_is_refused():
    with pytest.raises(InvalidInput, match="guidance"):
        trace_plot(traces(), "steps")
    with pytest.raises(InvalidInput, match="step or sigma"):
        trace_plot(traces(), x="timestep")
    with pytest.raises(InvalidInput, match="those of x0"):
        film_plot(traces())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traces")
    sweep = Sweep(
        "small",
        model=str(toy_model(folder / "toy")),
        base={"prompt": "a {colour} circle", "steps": 2, "width": 32, "height": 32},
        axes={"colour": ["red", "blue"], "seed": [0, 1]},
        metrics=["brightness"],
        probes=["latent_norm", "x0"],
    )
    run(sweep, results=folder / "results", render=probed_render)
    return folder / "results"


@pytest.mark.slow
def test_charts_are_per_trace_and_axis_and_the_report_has_them(root):
    table = dwlab.Results(root).table("small")
    titles = [chart.title for chart in trace_charts(table)]
    assert titles == ["latent_norm along the steps, by colour", "what the steps predict, by colour"]
    page = make_report(root, "small").read_text("utf-8")
    assert "What happens at each step" in page
    assert all(page.count(f'alt="{title}"') == 1 for title in titles)


def many_traces_render(cells, **options):
    for event in probed_render(cells, **options):
        yield _with_many_traces(event) if event.kind == "done" else event


def _with_many_traces(event):
    values = ([1.0, 2.0], [3.0, 4.0])
    numbers = [
        Trace(f"record_{number}", (1, 2), (14.5, 0.3), (999.0, None), values)
        for number in range(14)
    ]
    traces = (*event.result.traces, *numbers)
    return replace(event, result=replace(event.result, traces=traces))


def test_many_traces_leave_room_for_the_chart_of_the_film(tmp_path):
    sweep = Sweep(
        "many",
        model=str(toy_model(tmp_path / "toy")),
        base={"prompt": "a red circle", "steps": 2, "width": 32, "height": 32},
        axes={"seed": [0, 1]},
        metrics=[],
        probes=["x0"],
    )
    run(sweep, results=tmp_path / "results", render=many_traces_render)
    table = dwlab.Results(tmp_path / "results").table("many")
    titles = [chart.title for chart in trace_charts(table)]
    assert (len(titles), titles[-1]) == (12, "what the steps predict")
    shown = dw(tmp_path / "results", "show", table["key"][0]).output
    assert "of 2 steps, arrays of 2" in shown


def test_a_film_is_a_strip_with_the_numbers_of_its_steps(root):
    figure = film_plot(dwlab.Results(root).traces("x0"), "colour")
    assert [plot.get_xlabel() for plot in figure.axes] == ["1", "2", "1", "2"]
    assert [plot.get_title(loc="left") for plot in figure.axes[::2]] == ["red", "blue"]
    figure.savefig(io.BytesIO())


def dw(root, *words):
    return CliRunner().invoke(app, [*words, "--results", str(root)])


def test_commands_tell_of_traces(root):
    assert "kept of each step: latent_norm, x0" in dw(root, "table", "small").output
    steps = dw(root, "table", "small", "--traces", "latent_norm", "--where", "colour=red")
    assert steps.output.split()[:6] == ["colour", "seed", "step", "sigma", "timestep", "value"]
    assert "blue" not in steps.output
    key = dwlab.Results(root).table("small")["key"][0]
    shown = dw(root, "show", key).output
    assert "of 2 steps, from 0.5 to nan" in shown
    assert f"of 2 steps, in {root}" in shown
    told = dw(root, "table", "small", "--traces", "y").output
    assert "one that is in small: latent_norm, x0" in told
