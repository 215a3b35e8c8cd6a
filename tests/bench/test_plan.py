"""What a benchmark would take, before it runs."""

from __future__ import annotations

from bench.made_up import row, save

from dwlab.bench import machine
from dwlab.bench.plan import make_plan
from dwlab.bench.spec import BenchSpec

SPEC = BenchSpec(
    "b",
    base={"model": "shapes", "size": 128, "steps": 20, "device": "cpu"},
    axes={"dtype": ["float32", "bfloat16"]},
    rounds=2,
    iterations=3,
    seconds=0,
)


def test_a_plan_counts_processes_and_times_them_by_what_this_machine_measured(tmp_path):
    unknown = make_plan(SPEC, tmp_path, [])
    assert (unknown.configurations, unknown.processes, unknown.done) == (2, 4, 0)
    assert not unknown.is_known and "at least" in unknown.time_text()
    other = save(tmp_path, "other", row(10.0), name="Another CPU")
    assert make_plan(SPEC, tmp_path, [other]).seconds == unknown.seconds
    facts = machine.facts(["cpu"])
    here = save(
        tmp_path, "here", row(10.0), name=facts["devices"]["cpu"]["name"], cores=facts["cores"]
    )
    known = make_plan(SPEC, tmp_path, [here])
    # 2 configurations, 2 rounds: 1 first call, 1 warmup, 3 samples, 4 probes, and checks once
    assert known.is_known and known.seconds == unknown.seconds + 10 * (4 * 9 + 2 * 8)
    assert not (tmp_path / "benchmarks").exists()
