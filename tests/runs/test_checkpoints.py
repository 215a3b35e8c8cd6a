"""A sweep over the checkpoints of two trainings: its table, its plots, and its export."""

from __future__ import annotations

import json

import pytest
import tiny
import torch

import dwlab
from dwlab.analysis.axes import swept
from dwlab.models import fingerprint
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.views.plots import metric_plot
from dwlab.views.report.python_recipe import recipe
from dwlab.views.trace_charts import trace_charts
from dwlab.views.viewer.fields import fields_of

SIZE = {"width": 16, "height": 16, "steps": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, two trainings of its denoiser, and an experiment beside them."""
    folder = tmp_path_factory.mktemp("lab")
    pipeline = tiny.sd()
    pipeline.save_pretrained(folder / "model")
    torch.manual_seed(1)
    for number in (5, 10, 100):
        for run in ("slow", "fast"):
            with torch.no_grad():
                for parameter in pipeline.unet.parameters():
                    parameter.add_(torch.randn_like(parameter) * 0.05)
            path = folder / "runs" / run / f"checkpoint-{number}" / "unet"
            pipeline.unet.save_pretrained(path)
    (folder / "steps.yaml").write_text(
        f"""
model: {folder / "model"}
base: {{prompt: a star, width: 16, height: 16, steps: 2}}
axes:
  parts.unet: {{glob: "runs/*/checkpoint-*"}}
  seed: [0, 1]
probes: [latent_norm]
"""
    )
    return folder


@pytest.fixture
def table(folder, tmp_path, monkeypatch):
    # hashes of files that changed a moment ago are not kept
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    Sweep.from_yaml(folder / "steps.yaml").run(tmp_path / "results", device="cpu")
    return Results(tmp_path / "results").table("steps")


def test_a_training_is_compared_by_its_steps(table, folder, tmp_path):
    assert list(table["status"]) == ["ok"] * 12
    assert table["checkpoint"].tolist() == [5] * 4 + [10] * 4 + [100] * 4
    assert table["checkpoint"].dtype.kind == "i"
    assert set(table["run"]) == {"slow", "fast"}
    assert [axis.name for axis in swept(table)] == ["checkpoint", "run", "seed"]
    assert len(set(table["key"])) == len(set(table["pixels"])) == 12

    plot = metric_plot(table, "brightness", hue="run").axes[0]
    assert plot.get_xlabel() == "checkpoint"
    assert sorted(set(plot.get_lines()[0].get_xdata())) == [5, 10, 100]
    field = next(each for each in fields_of(table) if each.name == "checkpoint")
    assert (field.kind, field.amounts) == ("axis", [5.0, 10.0, 100.0])

    titles = [chart.title for chart in trace_charts(table)]
    assert titles == [f"latent_norm along the steps, by {axis}" for axis in ("checkpoint", "run")]

    # the number is no parameter of the picture, which its row makes again
    row = table.iloc[3]
    assert "checkpoint=" not in recipe(row.to_dict())
    assert eval(recipe(row.to_dict()), {"dwlab": dwlab}).key == row["key"]
    png = (tmp_path / "results" / row["image"]).read_bytes()
    assert str(folder).encode() not in png
    weights = json.loads(row["components"])["unet"]["weights"]
    again = dwlab.generate(
        "a star", seed=1, model=row["model"], parts={"unet": {"weights": weights}}, **SIZE
    )
    assert again.key == row["key"]


def test_a_training_that_was_moved_is_not_drawn_again(table, folder, tmp_path):
    (folder / "runs").rename(folder / "moved")
    try:
        text = (folder / "steps.yaml").read_text().replace("runs/*", "moved/*")
        (folder / "moved.yaml").write_text(text)
        plan = Sweep.from_yaml(folder / "moved.yaml").plan(tmp_path / "results", device="cpu")
        assert (plan.done, plan.todo) == (12, 0)
        assert "slow/checkpoint-100" in dict(plan.lines())["axis components.unet"]
    finally:
        (folder / "moved").rename(folder / "runs")


def test_an_export_keeps_the_numbers_and_no_paths(table, folder, tmp_path):
    from dwlab.workflows.archive.exporting import export
    from dwlab.workflows.archive.importing import import_sweep

    export(tmp_path / "results", "steps", tmp_path / "steps.zip")
    import_sweep(tmp_path / "theirs", tmp_path / "steps.zip")
    theirs = Results(tmp_path / "theirs").table("steps")
    assert theirs["checkpoint"].tolist() == table["checkpoint"].tolist()
    assert [axis.name for axis in swept(theirs)] == ["checkpoint", "run", "seed"]
    assert str(folder) not in json.dumps(Results(tmp_path / "theirs").specs())
