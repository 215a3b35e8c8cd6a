"""The prompt bench without a page, in a project of its own."""

import pytest

import dwlab


@pytest.fixture
def bench(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    bench = dwlab.explore()
    bench.controls = {
        **bench.controls,
        "prompt": "a star",
        "steps": 2,
        "width": 64,
        "height": 64,
        "seed": 1,
        "locked": True,
    }
    yield bench
    bench.close()
