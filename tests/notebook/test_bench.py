"""The benchmark notebook, run headlessly."""

from __future__ import annotations

import json

import papermill
import pytest

from dwlab.notebook.papermill import notebook_path


@pytest.mark.slow
def test_papermill_runs_the_benchmark_notebook(tmp_path):
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
