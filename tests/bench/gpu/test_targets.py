"""The table of targets says what was met, missed and not measured."""

from __future__ import annotations

from dwlab.bench import machine
from dwlab.bench.engine.report import EngineReport, EngineResult
from dwlab.bench.gpu.targets import TARGETS, verdicts


def result(engine, seconds, tflops, grid="homogeneous"):
    return EngineResult(
        grid=grid,
        engine=engine,
        dtype="bfloat16",
        device="cpu",
        cells=32,
        seconds=seconds,
        rows_a_forward=[2.0] * len(seconds),
        idle=[0.1] * len(seconds),
        tflops=tflops,
        memory=1,
    )


def test_the_best_packed_engine_counts_and_what_was_not_measured_is_said(tmp_path):
    results = [
        result("loop", [20.0, 20.0], [100.0, 100.0]),
        result("grouped", [5.0, 5.0], [300.0, 300.0]),
        result("packed", [4.2, 4.2], [350.0, 350.0]),
        result("packed-fast", [3.0, 3.0], [500.0, 500.0]),
    ]
    report = EngineReport(
        results, {"bfloat16": 790e12}, "sd15-geometry", 1.0, machine.facts({"cpu"})
    )
    report.save(tmp_path / "engine-sd15.json")
    (tmp_path / "engine-broken.json").write_text("{")
    lines = verdicts(tmp_path).splitlines()
    assert len(lines) == 1 + len(TARGETS) + 1
    loop, mixed, matmul, *sdxl = lines[1:6]
    assert "6.67" in loop and "packed-fast" in loop and loop.endswith("met")
    assert mixed.endswith("not measured")
    assert "0.63" in matmul and matmul.endswith("met")
    assert all(line.endswith("not measured") for line in sdxl)
    assert "4.00 times the pictures of a loop" in lines[-1]


def test_a_target_can_be_missed(tmp_path):
    results = [result("loop", [20.0], [100.0]), result("packed", [10.0], [200.0])]
    EngineReport(results, {"bfloat16": 790e12}, "sd15-geometry", 1.0, machine.facts({"cpu"})).save(
        tmp_path / "engine-sd15.json"
    )
    assert verdicts(tmp_path).splitlines()[1].endswith("missed")
