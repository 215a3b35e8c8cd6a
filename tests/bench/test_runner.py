"""A benchmark from its start to its file, in real processes on the embedded model."""

from __future__ import annotations

import getpass
import os
import platform
import threading
from pathlib import Path

import pytest
from measuring_here import measure_here

from dwlab._util.lock import locked
from dwlab.bench import files, runner
from dwlab.bench.compare import compare
from dwlab.bench.spec import BenchSpec
from dwlab.bench.tasks import MeasureTask, ReferenceTask
from dwlab.errors import InvalidInput, StoreError

SPEC = BenchSpec(
    "b", base={"size": 64, "steps": 2, "device": "cpu"}, rounds=1, iterations=1, warmup=0, seconds=0
)


@pytest.fixture(
    scope="module", params=["in this process", pytest.param("in processes", marks=pytest.mark.slow)]
)
def run_file(request, tmp_path_factory):
    """The file of a benchmark with two configurations."""
    spec = BenchSpec(
        "b",
        base=SPEC.base,
        axes={"dtype": ["float32", "bfloat16"]},
        rounds=1,
        iterations=2,
        warmup=0,
        seconds=0,
    )
    events = []
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "in this process":
            patch.setattr(runner, "run_worker", measure_here)
        path = runner.run(
            spec, results=tmp_path_factory.mktemp("r"), on_event=lambda e: events.append(e.kind)
        )
    assert events == ["started", "done"] * 2
    return path


def test_a_run_writes_one_file_with_phases_parity_checks_and_memory(run_file):
    found = files.load(run_file)
    assert run_file.parent.name == "benchmarks" and not list(
        (run_file.parent / "unfinished").glob("b-*")
    )
    exact, half = found["rows"]
    # on a busy machine the clock's own checks may call a row suspect
    assert {exact["status"], half["status"]} <= {"ok", "suspect"}
    assert {"load", "first_call", "prompt", "step", "decode", "end_to_end"} == set(exact["phases"])
    assert exact["phases"]["end_to_end"]["rounds"] == [2]
    assert (
        exact["parity"]["denoiser"] == 0
        and 0 < half["parity"]["denoiser"] < half["parity"]["denoiser_tolerance"]
    )
    assert exact["parity"]["picture_db"] is None and half["parity"]["picture_db"] > 20
    assert exact["checks"]["difference"] == 0 and exact["checks"]["repeat_ratio"] > 0
    assert (
        exact["workload"]["denoiser_calls"] == 2
        and exact["workload"]["latents"] == half["workload"]["latents"]
    )
    assert exact["images_per_s"] == pytest.approx(1 / exact["phases"]["end_to_end"]["median_s"])
    assert exact["tflops"] == pytest.approx(exact["tera_operations"] * exact["images_per_s"])
    assert exact["matmul_share"] == pytest.approx(exact["tflops"] / exact["matmul_tflops"])
    assert exact["memory"]["resident_gb"] > 0.1 and exact["settings"]["threads"] >= 1
    assert compare([run_file]).failed == [exact["status"], half["status"]].count("suspect")


def test_no_name_of_machine_user_or_folder_is_in_the_file(run_file):
    text = run_file.read_text()
    for secret in (
        platform.node(),
        str(Path.home()),
        str(run_file.parent),
        os.environ["HF_HOME"],
        str(Path.cwd()),
    ):
        assert secret not in text
    assert f'"{getpass.getuser()}"' not in text


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    spec = BenchSpec(
        "b",
        base=SPEC.base,
        axes={"seed": [0, 1]},
        rounds=1,
        iterations=1,
        warmup=0,
        seconds=0,
        parity="none",
    )
    stop, seen = threading.Event(), []

    def listen(event):
        seen.append((event.kind, event.params.seed))
        if event.kind == "done":
            stop.set()

    assert runner.run(spec, results=tmp_path, cancel=stop, on_event=listen) is None
    assert len([kind for kind, _ in seen if kind == "done"]) == 1
    plans, again = [], []
    path = runner.run(
        spec,
        results=tmp_path,
        on_plan=lambda *counts: plans.append(counts),
        on_event=lambda e: again.append(e.params.seed),
    )
    first = next(seed for kind, seed in seen if kind == "done")
    assert plans == [(2, 1)] and set(again) == {1 - first}
    assert {row["workload"]["seed"] for row in files.load(path)["rows"]} == {0, 1}


def test_a_second_benchmark_at_the_same_time_is_refused(tmp_path):
    with (
        locked(tmp_path / "benchmarks/unfinished/lock"),
        pytest.raises(StoreError, match="another benchmark"),
    ):
        runner.run(SPEC, results=tmp_path)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (SPEC.vary(device=["cuda:77"]), "device"),
        (SPEC.vary(scheduler=["Nonesuch"]), "scheduler"),
        (SPEC.vary(steps=[0]), "steps"),
    ],
)
def test_bad_input_is_refused_before_a_process_starts(tmp_path, spec, field):
    with pytest.raises(InvalidInput) as caught:
        runner.run(spec, results=tmp_path)
    assert caught.value.field == field and not (tmp_path / "benchmarks").exists()


@pytest.mark.slow
def test_a_reference_that_fails_is_tried_once_in_all_rounds_and_the_note_says_so(
    tmp_path, monkeypatch
):
    tasks = []

    def without_references(configuration, task, result, **options):
        tasks.append(type(task))
        if isinstance(task, ReferenceTask):
            return {"status": "oom", "error": "none left"}
        return measure_here(configuration, task, result, **options)

    monkeypatch.setattr(runner, "run_worker", without_references)
    spec = BenchSpec("b", base=SPEC.base, rounds=2, iterations=1, warmup=0, seconds=0)
    path = runner.run(spec, results=tmp_path)
    (compared,) = compare([path]).rows
    assert tasks == [ReferenceTask, MeasureTask, MeasureTask]
    assert compared.row.ok and compared.note == "no parity: its reference failed"
    (row,) = files.load(path)["rows"]
    assert row["phases"]["end_to_end"]["rounds"] == [1, 1]
