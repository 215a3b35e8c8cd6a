"""The store benchmark."""

from __future__ import annotations

from dwlab.bench import store_speed


def test_the_store_benchmark_plans_runs_and_resumes_a_sweep():
    figures = store_speed.measure(50)
    assert "50 cells" in figures.text() and len(figures.memory) == 3
    assert min(figures.plan, figures.row, figures.store, figures.resume) > 0
