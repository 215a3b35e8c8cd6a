"""Every experiment file of the project can be planned, and every benchmark makes configurations."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import dwlab
from dwlab.bench import runner
from dwlab.bench.spec import BenchSpec
from dwlab.models import device
from dwlab.spec.catalog import SHAPES_FOLDER

FOLDER = Path(__file__).parent.parent / "experiments"
BENCHMARKS = sorted(FOLDER.glob("bench-*.yaml"))
FILES = [path for path in sorted(FOLDER.glob("*.yaml")) if path not in BENCHMARKS]


def test_the_quickstart_is_among_the_experiments():
    assert "quickstart" in [f.stem for f in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_an_experiment_file_plans_without_warnings(path, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    sweep = dwlab.Sweep.from_yaml(beside_a_training(path, tmp_path / "lab"))
    plan = sweep.plan(results)
    assert sweep.name == path.stem
    assert plan.cells == sweep.count() == plan.todo
    assert plan.warnings == ()
    assert not list(results.iterdir())


def beside_a_training(path, folder):
    """A copy of an experiment in a folder with three checkpoints, as its first line says."""
    for step in (100, 200, 300):
        unet = folder / "results" / "training" / f"checkpoint-{step}" / "unet"
        unet.mkdir(parents=True)
        for own in (SHAPES_FOLDER / "unet").glob("*.safetensors"):
            (unet / own.name).symlink_to(own)
        # each is another one
        config = json.loads((SHAPES_FOLDER / "unet" / "config.json").read_text())
        (unet / "config.json").write_text(json.dumps(config | {"_name_or_path": f"{step}"}))
    copy = folder / "experiments" / path.name
    shutil.copytree(path.parent, copy.parent)
    return copy


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda p: p.stem)
def test_a_benchmark_file_makes_configurations(path, tmp_path):
    run = runner.prepare(BenchSpec.from_yaml(path), tmp_path)
    assert run.spec.name == path.stem and run.configurations
    assert {one.device for one in run.configurations} == set(device.available())


def test_the_quickstart_makes_at_least_48_pictures_over_prompt_seed_steps_and_guidance():
    sweep = dwlab.Sweep.from_yaml(FILES[[f.stem for f in FILES].index("quickstart")])
    cells = sweep.cells()
    assert len(cells) >= 48
    for field in ("prompt", "seed", "steps", "guidance"):
        assert len({getattr(c.params, field) for c in cells}) > 1
