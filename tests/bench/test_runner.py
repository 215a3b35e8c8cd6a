"""Benchmarks as they run: real processes on the embedded model, what is kept, what is said of what fails."""

from __future__ import annotations

import getpass
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import dwlab
from dwlab.bench import parity, record, runner, timed_calls, worker
from dwlab.bench.compare import compare
from dwlab.bench.spec import BenchSpec, Configuration
from dwlab.errors import InvalidInput, StoreError
from dwlab.models import loading, profiles
from dwlab.models.arguments import check_arguments
from dwlab.models.identity import identify
from dwlab.models.settings import STOCK, Settings
from dwlab.spec.params import GenerationParams

SPEC = BenchSpec(
    "b", base={"size": 64, "steps": 2, "device": "cpu"}, rounds=1, iterations=1, warmup=0, seconds=0
)


def configuration(batch=1, settings=STOCK, **params):
    return Configuration(
        GenerationParams(
            **{"prompt": "a red star", "width": 64, "height": 64, "steps": 2, **params}
        ),
        "cpu",
        batch,
        settings,
    )


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    """The file of a benchmark with two configurations, two rounds each."""
    spec = BenchSpec(
        "b",
        base=SPEC.base,
        axes={"dtype": ["float32", "bfloat16"]},
        rounds=2,
        iterations=2,
        warmup=0,
        seconds=0,
    )
    events = []
    path = runner.run(
        spec, results=tmp_path_factory.mktemp("r"), on_event=lambda e: events.append(e.kind)
    )
    assert events == ["started", "done"] * 4
    return path


def test_a_run_is_one_file_with_all_that_the_issue_of_trust_needs(run_file):
    found = record.load(run_file)
    assert run_file.parent.name == "benchmarks" and not list(
        (run_file.parent / "unfinished").glob("b-*")
    )
    exact, half = found["rows"]
    assert (exact["status"], half["status"]) == ("ok", "ok")
    assert {"load", "first_call", "prompt", "step", "decode", "end_to_end"} == set(exact["phases"])
    assert exact["phases"]["end_to_end"]["rounds"] == [2, 2]
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
    assert compare([run_file]).failed == 0


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
    assert {row["workload"]["seed"] for row in record.load(path)["rows"]} == {0, 1}


def test_the_worker_ends_with_its_runner(tmp_path):
    """Killed, not asked: nothing may go on measuring, which would disturb the next run."""
    code = (
        "from dwlab.bench import runner; from dwlab.bench.spec import BenchSpec; "
        "s = BenchSpec('b', base={'device': 'cpu', 'steps': 1000}, rounds=1, iterations=900, parity='none'); "
        f"runner.run(s, results={str(tmp_path)!r}, on_event=lambda e: print(e.kind, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout.readline() == "started\n"
        try:
            # a file that is still being written has another name, with a dot first
            job = next(
                iter(_until(lambda: list(tmp_path.glob("benchmarks/unfinished/b-*/[!.]*.json"))))
            )
            found = _until(lambda: _running(str(job)))
        finally:
            parent.send_signal(signal.SIGKILL)
    _until(lambda: not _running(str(job)))
    assert found


def _until(found, seconds=120):
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
    return value


def _running(argument):
    import psutil

    return [
        p.pid for p in psutil.process_iter(["cmdline", "status"])
        if argument in (p.info["cmdline"] or []) and p.info["status"] != psutil.STATUS_ZOMBIE
    ]  # fmt: skip


def test_two_at_once_are_refused(tmp_path):
    from dwlab._util.lock import locked

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


def test_a_late_process_is_a_row_that_says_so(tmp_path):
    spec = BenchSpec("b", base=SPEC.base, rounds=1, timeout=0.0, parity="none")
    path = runner.run(spec, results=tmp_path)
    (row,) = record.load(path)["rows"]
    assert row["status"] == "timeout" and "0 s" in row["error"]


def test_a_process_that_is_killed_is_a_row_that_says_so(tmp_path):
    spec, rows = BenchSpec("b", base=SPEC.base, rounds=1, parity="none"), []
    work = threading.Thread(
        target=lambda: rows.append(record.load(runner.run(spec, results=tmp_path))["rows"][0])
    )
    work.start()
    job = _until(lambda: list(tmp_path.glob("benchmarks/unfinished/b-*/0-*.json")))[0]
    for pid in _until(lambda: _running(str(job))):
        os.kill(pid, signal.SIGKILL)
    work.join()
    assert rows[0]["status"] == "oom" and "memory" in rows[0]["error"]


JOB = {
    "kind": "measure",
    "warmup": 0,
    "iterations": 1,
    "seconds": 0.0,
    "first": True,
    "reference": None,
}


def test_what_cannot_work_here_is_unsupported():
    assert (
        worker.attempt(configuration(settings=Settings(offload="model")), JOB)["status"]
        == "unsupported"
    )


def test_memory_that_runs_out_is_a_status(monkeypatch):
    def full(*_args, **_more):
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        )

    monkeypatch.setattr(timed_calls, "call", full)
    assert worker.attempt(configuration(), JOB)["status"] == "oom"


@pytest.mark.parametrize(("value", "status"), [(np.nan, "nan"), (0.0, "black"), (0.5, "ok")])
def test_broken_pictures_are_a_status(value, status):
    assert worker._looks(np.full((1, 64, 64, 3), value), configuration()) == status


def test_a_reference_that_differs_makes_a_row_invalid(tmp_path):
    """The gate: a reference of another prompt's picture is what a wrong picture looks like."""
    right, wrong = tmp_path / "right.safetensors", tmp_path / "wrong.safetensors"
    for path, prompt in ((right, "a red star"), (wrong, "a blue circle")):
        worker.attempt(
            configuration(prompt=prompt),
            {"kind": "reference", "parity": "picture", "reference": str(path)},
        )
    good = worker.attempt(configuration(), {**JOB, "reference": str(right)})
    bad = worker.attempt(configuration(), {**JOB, "reference": str(wrong)})
    assert (good["status"], bad["status"]) == ("ok", "invalid") and not bad["parity"]["ok"]


def test_the_timed_call_draws_what_dwlab_draws():
    model, one = loading.load("shapes", "cpu"), configuration(batch=2, seed=7)
    timed = timed_calls.call(model, one, 0)
    for n, picture in enumerate(timed):
        drawn = dwlab.generate("a red star", seed=7 + n, width=64, height=64, steps=2, model=model)
        assert np.abs(np.asarray(drawn.image) / 255 - picture).max() <= 1.01 / 255


def test_a_probe_sees_all_phases_and_changes_no_picture():
    model, one = (
        loading.load("shapes", "cpu"),
        configuration(guidance=3.0, scheduler="heun", steps=4),
    )
    found = timed_calls.probe(model, one, 0)
    assert (
        len(found.steps_s) == 7 and min(found.prompt_s, found.decode_s, *found.steps_s) > 0
    )  # Heun: 2 x 4 - 1
    assert found.calls == {"denoiser": 7, "decoder": 1, "text_encoder": 2}
    assert np.array_equal(found.pictures, timed_calls.call(model, one, 0))
    assert not model.pipeline.unet._forward_pre_hooks and not model.pipeline.unet._forward_hooks
    left = timed_calls.probe(model, one, 0, one_step=True)
    assert np.array_equal(left.denoised, found.denoised) and not left.pictures.size


def test_operations_are_those_that_torch_counts_on_the_real_modules():
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    model, one = loading.load("shapes", "cpu"), configuration()
    counted = timed_calls.tera_operations(model, timed_calls.probe(model, one, 0))
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        timed_calls.call(model, one, 0)
    assert counted == pytest.approx(counter.get_total_flops() / 1e12, rel=0.02)


# -- settings and profiles -----------------------------------------------------------------------


def test_settings_keep_the_pictures_and_go_away_again():
    import torch

    threads, stock = (
        torch.get_num_threads(),
        timed_calls.call(loading.load("shapes", "cpu"), configuration(), 0),
    )
    chosen = Settings(attention="math", channels_last=True, threads=1, slicing="attention")
    model = loading.load_identified(identify("shapes", "cpu", settings=chosen))
    assert torch.get_num_threads() == 1 and not torch.backends.cuda.flash_sdp_enabled()
    assert np.abs(timed_calls.call(model, configuration(), 0) - stock).max() <= 1 / 255
    loading.load("shapes", "cpu")
    assert torch.get_num_threads() == threads and torch.backends.cuda.flash_sdp_enabled()


@pytest.fixture
def fast(own_folders):
    """A profile of `shapes` on this machine's CPU."""
    settings = Settings(channels_last=True, threads=1)
    found = profiles.Profile("bfloat16", settings, 4, 1.7, {"torch": "2.13.0"})
    profiles.keep(found, identify("shapes", "cpu").weights, "cpu")
    return found


def test_a_profile_is_used_where_it_is_asked_for_and_only_there(fast):
    model = loading.load("shapes", "cpu", profile="fast")
    assert (model.identity.dtype, model.identity.settings, model.identity.pack) == (
        "bfloat16",
        fast.settings,
        4,
    )
    stock = loading.load("shapes", "cpu")
    assert (stock.identity.dtype, stock.identity.settings, stock.identity.pack) == (
        "float32",
        STOCK,
        None,
    )
    assert identify("shapes", "cpu", "float32", profile="fast").dtype == "float32"


def test_a_sweep_with_a_profile_says_so_in_its_rows(fast, tmp_path):
    sweep = dwlab.Sweep("s", base={"prompt": "a red star", "steps": 2}, axes={"seed": [0, 1]})
    assert sweep.plan(tmp_path, device="cpu", profile="fast").todo == 2
    table = sweep.run(tmp_path, device="cpu", profile="fast")
    assert set(table["dtype"]) == {"bfloat16"}
    assert json.loads(table["versions"][0])["settings"] == {"channels_last": True, "threads": 1}
    assert sweep.plan(tmp_path, device="cpu", profile="fast").todo == 0
    assert sweep.plan(tmp_path, device="cpu").todo == 2  # stock float32 makes other pictures


@pytest.mark.parametrize(
    ("profile", "message"),
    [("fast", "dwlab bench tune --model shapes"), ("warp", "fast, or nothing")],
)
def test_a_profile_that_is_not_there_says_what_to_do(own_folders, profile, message):
    with pytest.raises(InvalidInput, match=message):
        loading.load("shapes", "cpu", profile=profile)


def test_a_broken_profile_file_says_what_to_do(fast):
    profiles._path().write_text("{")
    with pytest.raises(StoreError, match="delete it"):
        loading.load("shapes", "cpu", profile="fast")


def test_geometry_is_the_same_every_time_and_counts_what_is_published():
    import torch

    from dwlab.models import random_weights

    with torch.device("meta"):
        parts = random_weights._sd15(), random_weights._sdxl()
    counts = [sum(p.numel() for p in part["unet"].parameters()) for part in parts]
    assert counts == [859_520_964, 2_567_463_684]
    small = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))
    sums = []
    for _ in range(2):
        random_weights._fill(small, torch.Generator().manual_seed(0))
        sums.append(small(torch.ones(1, 8)).sum().item())
    assert sums[0] == sums[1] and np.isfinite(sums[0])


def test_a_geometry_draws_nothing_that_a_person_would_look_at():
    from dwlab.spec import catalog

    assert "sd15-geometry" in catalog.CATALOG and "sd15-geometry" not in catalog.DRAWING
    cell, identity = (
        GenerationParams("p", model="sd15-geometry", call={"eta": 0}),
        identify("sd15-geometry", "cpu"),
    )
    with pytest.raises(InvalidInput, match="for measuring"):
        check_arguments([cell], identity)


def test_parity_is_of_pictures_where_these_are_small_and_mean_something():
    small, large = configuration(), configuration(model="sd15", width=512, height=512)
    assert parity.kind_for("auto", small, random=False) == "picture"
    assert parity.kind_for("auto", small, random=True) == "denoiser"
    assert parity.kind_for("auto", large, random=False) == "denoiser"
    assert parity.kind_for("none", small, random=False) == "none"


def test_a_model_that_remembers_its_pictures_is_suspect():
    """The self-check: repeated calls that are answered from memory take no time, which no fresh one does."""
    same = np.zeros((1, 2, 2, 3))
    honest = worker._checks(lambda _: 1.0, same, same)
    remembering = worker._checks(lambda k: 1.0 if k else 0.1, same, same)
    lucky = worker._checks(_script([0.5, 1.0, 1.0, 1.0, 0.5, 1.0]), same, same)
    assert (honest["ok"], remembering["ok"], lucky["ok"]) == (True, False, True)
    assert not worker._checks(lambda _: 1.0, same, same + 0.1)["ok"]


def _script(seconds):
    left = iter(seconds)
    return lambda _: next(left)


def test_a_reference_that_fails_is_tried_once_and_said(tmp_path, monkeypatch):
    started, real = [], runner._start

    def start(run_, one, result, job, timeout):
        started.append(job["kind"])
        return (
            real(run_, one, result, job, timeout)
            if job["kind"] == "measure"
            else {"status": "oom", "error": "none left"}
        )

    monkeypatch.setattr(runner, "_start", start)
    spec = BenchSpec("b", base=SPEC.base, rounds=2, iterations=1, warmup=0, seconds=0)
    found = compare([runner.run(spec, results=tmp_path)]).table.iloc[0]
    assert started == ["reference", "measure", "measure"]
    assert found["status"] == "ok" and found["note"] == "no parity: its reference failed"
