"""Benchmarks from the command line and from the notebook, as a user starts them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import dwlab
from dwlab.bench import tune
from dwlab.bench.runner import with_settings
from dwlab.models import profiles
from dwlab.models.identity import identify


def dwlab_bench(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", "from dwlab.cli import main; main()", "bench", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_the_command_measures_and_lines_up(tmp_path):
    (tmp_path / "bench-x.yaml").write_text(
        "rounds: 1\nbase: {size: 64, steps: 2, device: cpu}\nparity: none\n"
    )
    done = dwlab_bench(
        "run",
        "bench-x.yaml",
        "--quick",
        "--dtype",
        "float32,bfloat16",
        "--results",
        "r",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "cpu, bfloat16" in done.stdout and "100%: 2/2 measurements" in done.stderr
    path = tmp_path / done.stdout.splitlines()[-1]
    done = dwlab_bench("compare", path, "--plots", "p", "--steps", 50, cwd=tmp_path)
    assert done.returncode == 0 and "scaled" in done.stdout
    assert {p.name for p in (tmp_path / "p").iterdir()} == {"speed.png", "phases.png", "parity.png"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml"], "a readable YAML file"),
        (["run", "--device", "warp"], "device is 'warp'"),
        (["run", "--dtype", "int4"], "dtype is 'int4'"),
        (["compare", "none.json"], "the JSON that `dwlab bench run` or"),
        (["tune", "--model", "nonesuch"], "neither in the catalog"),
    ],
)
def test_bad_input_is_one_line(tmp_path, arguments, message):
    done = dwlab_bench(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_papermill_runs_the_notebook(tmp_path):
    import papermill

    from dwlab.notebook.papermill import notebook_path

    (tmp_path / "bench-x.yaml").write_text("rounds: 1\nbase: {size: 64, steps: 2}\nparity: none\n")
    parameters = {
        "benchmark": "bench-x.yaml",
        "devices": ["cpu"],
        "dtypes": ["float32"],
        "results": str(tmp_path / "r"),
    }
    out = papermill.execute_notebook(
        notebook_path("benchmark"),
        tmp_path / "out.ipynb",
        parameters,
        cwd=tmp_path,
        progress_bar=False,
    )
    assert len(list((tmp_path / "r/benchmarks").glob("*.json"))) == 1
    shown = json.dumps(out)
    assert "image/png" in shown and "cpu, float32" in shown


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_tuning_keeps_a_profile_that_generate_then_uses(tmp_path, monkeypatch):
    """One stage of real measurements; what is faster here and now is not for a test to say."""
    monkeypatch.setattr(
        tune, "_stages", lambda *_, **__: [("batch", lambda one: [with_settings(one, batch=4)])]
    )
    found = tune.tune("shapes", device="cpu", steps=2, results=tmp_path)
    assert found.profile.batch in (1, 4) and found.profile.gain >= 1
    assert "batch, over the best so far" in found.text() and str(found.path) in found.text()
    kept = profiles.find("fast", "shapes", identify("shapes", "cpu").weights, "cpu")
    assert kept == found.profile
    picture = dwlab.generate("a red star", profile="fast", device="cpu")
    assert (picture.dtype, picture.settings) == (kept.dtype, kept.settings.changed())
