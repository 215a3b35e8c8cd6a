"""The report of the engine benchmark as a file."""

from __future__ import annotations

from dwlab.bench import files, machine
from dwlab.bench.engine.chart import engine_chart
from dwlab.bench.engine.engines import ENGINES
from dwlab.bench.engine.report import EngineReport, EngineResult


def test_an_engine_of_another_library_is_saved_and_read_without_rows_and_idle_share(tmp_path):
    seconds = [2.0, 2.1]
    loop = EngineResult(
        "small", "loop", "float32", "cpu", 3, seconds, [1.5, 1.5], [0.1, 0.1], [1, 1]
    )
    genai = EngineResult("small", "openvino-genai", "float32", "cpu", 3, seconds, tflops=[1, 1])
    unmeasured = {"stock-fast": "it fails on small: no compiler"}
    report = EngineReport(
        [loop, genai], {"float32": 1e11}, "shapes", 1.0, machine.facts({"cpu"}), unmeasured
    )
    read = EngineReport.of(files.load(report.save(tmp_path / "peers.json")))
    assert read.results == report.results
    assert read.unmeasured == unmeasured


def test_the_chart_tells_more_engines_apart_than_it_has_colours():
    seconds = [2.0, 2.1]
    names = list(ENGINES)
    results = [
        EngineResult("small", name, "float32", "cpu", 3, seconds, tflops=[1, 1]) for name in names
    ]
    report = EngineReport(results, {"float32": 1e11}, "shapes", 1.0, machine.facts({"cpu"}))
    plot = engine_chart(report).axes[0]
    bars = [container[0] for container in plot.containers]
    looks = {(bar.get_facecolor(), bar.get_hatch()) for bar in bars}
    assert len(names) > 10
    assert len(looks) == len(names) - 1
