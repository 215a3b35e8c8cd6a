"""Every experiment file of the project can be planned, and every benchmark makes configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

import dwlab
from dwlab.bench import runner
from dwlab.bench.spec import BenchSpec
from dwlab.models import device

FOLDER = Path(__file__).parent.parent / "experiments"
BENCHMARKS = sorted(FOLDER.glob("bench-*.yaml"))
FILES = [path for path in sorted(FOLDER.glob("*.yaml")) if path not in BENCHMARKS]


def test_the_quickstart_is_among_the_experiments():
    assert "quickstart" in [f.stem for f in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_an_experiment_file_plans_without_warnings(path, tmp_path):
    sweep = dwlab.Sweep.from_yaml(path)
    plan = sweep.plan(tmp_path)
    assert sweep.name == path.stem
    assert plan.cells == sweep.count() == plan.todo
    assert plan.warnings == ()
    assert not list(tmp_path.iterdir())


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
