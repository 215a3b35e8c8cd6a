"""Engines draw the same cells, are measured in turns, and must draw the same pictures."""

from __future__ import annotations

import shutil

import pytest

from dwlab.bench.engine import speed
from dwlab.bench.engine.engines import ENGINES, Engine, Kind, loop
from dwlab.bench.engine.report import EngineReport
from dwlab.errors import InvalidInput, RenderError
from dwlab.models import loading
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.params import GenerationParams


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu")


def cells():
    return [
        GenerationParams("a red circle", seed=seed, steps=2, guidance=guidance, width=64, height=64)
        for seed in (0, 1)
        for guidance in (1.0, 3.0)
    ]


def test_a_peer_that_fails_is_named_with_the_reason_and_the_others_are_measured(model):
    def failing(model, cells):
        raise RuntimeError("no such scheduler in /home/ann/model\nand much more")

    engines = {"loop": Engine(ENGINES["loop"].draw, model), "packed": Engine(failing, model)}
    failures = {}
    results = speed.measure(engines, "small", cells(), rounds=1, failures=failures)
    assert [row.engine for row in results] == ["loop"]
    assert failures == {"packed": "it fails on small: no such scheduler in model"}
    with pytest.raises(RenderError, match="engine packed: it fails on small: no such scheduler"):
        speed.measure(engines, "small", cells(), rounds=1)


def test_engines_make_the_same_pictures_and_their_forwards_are_counted(model):
    engines = {name: Engine(ENGINES[name].draw, model) for name in ("loop", "grouped", "packed")}
    rows = {row.engine: row for row in speed.measure(engines, "small", cells(), rounds=2)}
    # two steps of one or two rows; in a group of two seeds twice that; packed, all at once
    assert [rows[name].rows_a_forward for name in engines] == [[1.5] * 2, [3.0] * 2, [6.0] * 2]
    for row in rows.values():
        assert len(row.seconds) == 2 and row.difference <= 1
        assert all(0 < share < 1 for share in row.idle) and min(row.tflops) > 0 and row.memory > 0
    report = EngineReport(list(rows.values()), {"float32": 1e11}, "shapes", 1.0, {})
    assert all(name in report.text() for name in engines)


def test_pictures_that_differ_are_noticed(model):
    def other(loaded, cells):
        yield from loop(loaded, [params.replace(seed=9) for params in cells])

    engines = {"loop": Engine(loop, model), "other": Engine(other, model)}
    rows = speed.measure(engines, "small", cells()[:2], rounds=1)
    assert rows[1].difference > 20
    assert EngineReport(rows, {}, "shapes", 1.0, {}).disagreeing() == [
        f"other on small: {rows[1].difference} of 255"
    ]


@pytest.mark.slow
def test_what_was_measured_is_told_after_each_grid_without_the_engine_that_fails(
    monkeypatch, tmp_path
):
    def failing(model, cells):
        raise RuntimeError("out of memory")

    monkeypatch.setitem(ENGINES, "packed", Kind(failing))
    folder = shutil.copytree(SHAPES_FOLDER, tmp_path / "mine")
    told = []
    report = speed.compare_engines(
        str(folder), device="cpu", grids=["mixed", "one-seed"], engines=["loop", "packed"], rounds=1, scale=0.05,
        limit=1, on_grid=lambda report: told.append([row.grid for row in report.results]),
    )  # fmt: skip
    assert told == [["mixed"], ["mixed", "one-seed"]]
    # without the path that leads to it
    assert report.model == "mine"


def test_unknown_engines_and_grids_are_refused_by_name():
    with pytest.raises(InvalidInput, match="warp"):
        speed.compare_engines(engines=["warp"])
    with pytest.raises(InvalidInput, match="nine"):
        speed.compare_engines(grids=["nine"])
