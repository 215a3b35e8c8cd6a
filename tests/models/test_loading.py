"""A model that does not load is its own failed cells, and the others are drawn."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tiny
import torch
from checkpoint_folders import changed, write
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.models.settings import Settings
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep


def two_models(folder, results):
    base = {"prompt": "a red circle", "width": 64, "height": 64, "steps": 1}
    spec = Sweep("two", base=base, axes={"model": [str(folder), "shapes"]})
    events = []
    outcome = run(spec, results=results, on_event=events.append)
    return outcome, [event for event in events if event.kind == "failed"]


def test_cells_of_a_model_that_does_not_load_fail_and_the_sweep_goes_on(pipeline, tmp_path):
    changed(pipeline / "unet" / "config.json", cross_attention_dim=999)
    outcome, failed = two_models(pipeline, tmp_path / "results")
    assert (outcome.made, outcome.failed, outcome.left) == (1, 1, 0)
    assert failed[0].error.endswith("its configs do not fit its weights: copy or download it again")
    assert "low_cpu_mem_usage" not in failed[0].error


def test_cells_of_a_model_without_a_decoder_fail_and_the_error_names_the_part(pipeline, tmp_path):
    changed(pipeline / "model_index.json", vae=None)
    shutil.rmtree(pipeline / "vae")
    outcome, failed = two_models(pipeline, tmp_path / "results")
    assert (outcome.made, outcome.failed, outcome.left) == (1, 1, 0)
    assert failed[0].error.endswith("does not load: it lacks vae; copy or download it again")


@pytest.mark.parametrize(
    "raised",
    [ZeroDivisionError("odd"), AssertionError("odd"), MemoryError("odd"), ImportError("odd")],
)
def test_any_error_while_a_model_is_set_up_fails_its_own_cells_only(
    pipeline, tmp_path, monkeypatch, raised
):
    apply = loading.apply

    def odd(loaded, settings, device):
        if str(loaded.config._name_or_path) == str(pipeline):
            raise raised
        apply(loaded, settings, device)

    write(pipeline / "notes.txt", "weights of its own")
    monkeypatch.setattr(loading, "apply", odd)
    outcome, failed = two_models(pipeline, tmp_path / "results")
    assert (outcome.made, outcome.failed, outcome.left) == (1, 1, 0)
    assert "does not load: odd" in failed[0].error
    assert failed[0].status == ("oom" if isinstance(raised, MemoryError) else "failed")


def test_the_command_draws_the_other_models_pictures_and_prints_no_traceback(
    pipeline, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    changed(pipeline / "unet" / "config.json", cross_attention_dim=999)
    base = {"prompt": "a", "width": 64, "height": 64, "steps": 1}
    write(
        tmp_path / "x.yaml",
        {"name": "x", "base": base, "axes": {"model": [str(pipeline), "shapes"]}},
    )
    result = CliRunner().invoke(app, ["sweep", "x.yaml", "--no-notebook"])
    assert result.exit_code == 3 and "1 made now" in result.output and "1 failed" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("family", ["deepfloyd", "kandinsky3"])
def test_a_model_without_a_vae_draws_what_stock_draws(tmp_path, family):
    stock = getattr(tiny, family)()
    stock.set_progress_bar_config(disable=True)
    stock.save_pretrained(tmp_path / family)
    picture = dwlab.generate(
        "a red circle",
        model=str(tmp_path / family),
        width=64,
        height=64,
        steps=2,
        guidance=3.0,
        seed=1,
    )
    expected = stock(
        "a red circle", width=64, height=64, num_inference_steps=2, guidance_scale=3.0, output_type="np",
        generator=torch.Generator().manual_seed(1),
    ).images[0]  # fmt: skip
    assert np.abs(np.asarray(picture.image, dtype=int) - np.round(expected * 255)).max() <= 1


def test_slicing_a_decoder_that_cannot_be_sliced_is_refused():
    settings = Settings(slicing="vae")
    with pytest.raises(
        InvalidInput, match="none or attention for this model, whose decoder cannot be sliced"
    ):
        loading.apply(tiny.deepfloyd(), settings, "cpu")
