"""Workers as a job of Slurm, on a Slurm of one node that the test runs itself."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from slurm_here import SECONDS, Slurm, skip_without_slurm

from dwlab.cluster import slurm
from dwlab.errors import InvalidInput
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.compute import Compute


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("90m", 5400),
        ("1d", 86400),
        ("30", 1800),
        ("2:30", 150),
        ("1:00:05", 3605),
        ("1-12", 129600),
        ("1-12:30", 131400),
        ("2-00:00:01", 172801),
    ],
)
def test_times_are_read_as_people_and_as_slurm_write_them(text, seconds):
    assert slurm.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["soon", "0m", "0", "0:00", "0-0"])
def test_a_time_that_is_none_is_named(text):
    with pytest.raises(InvalidInput, match=r"slurm\.time"):
        slurm.seconds_of(text)


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Lets `squeue` be a script of this text."""
    file = tmp_path / "squeue"

    def write(script):
        file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        file.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return write


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("echo 'PENDING (Priority)'", "PENDING (Priority)"),
        ("echo 'RUNNING (None)'", "RUNNING"),
        ("true", ""),
        ("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", ""),
        ("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", None),
        ("exec sleep 60", None),
    ],
)
def test_a_job_is_over_only_if_slurm_says_so(squeue, tmp_path, monkeypatch, script, state):
    squeue(script)
    if "sleep" in script:
        monkeypatch.setattr(slurm, "ANSWER_SECONDS", 0.5)
    assert slurm.Job("7", tmp_path / "job.log").state() == state


def test_tasks_with_gpus_are_one_worker_per_gpu_and_end_before_their_time(tmp_path):
    options = {"partition": "gpu", "gres": "gpu:4", "time": "2h", "nodes": "2", "host": "10.0.0.1"}
    script = slurm.script_of(options, tmp_path / "scheduler.json")
    assert "--device 'cuda:*' --lifetime 5760s" in script
    assert slurm.sbatch_options(options) == {
        "partition": "gpu",
        "gres": "gpu:4",
        "time": "120",
        "nodes": "2",
    }
    assert "--device cpu" in slurm.script_of({"device": "cpu"}, tmp_path / "x")


EXPERIMENT = """
name: rings
base: {prompt: "a {colour} ring", width: 64, height: 64}
axes: {colour: [red, blue], seed: {range: [0, 6]}, steps: [2, 4]}
"""

SWEEP = Sweep(
    "two", base={"prompt": "a red ring", "width": 64, "height": 64}, axes={"seed": [0, 1]}
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    skip_without_slurm()
    with Slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


def begin_sweep(cluster, folder, slurm_options, *options):
    (folder / "experiments").mkdir(exist_ok=True)
    (folder / "experiments/rings.yaml").write_text(EXPERIMENT)
    command = [sys.executable, "-m", "dwlab", "sweep", "experiments/rings.yaml", "--no-notebook"]
    return subprocess.Popen(
        [*command, "--where", "slurm", "--slurm", f"{slurm_options} host=127.0.0.1", *options],
        cwd=folder,
        env=cluster.environment | {"OMP_NUM_THREADS": "1", "HOME": str(Path.home())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sweep(cluster, folder, slurm_options, *options):
    process = begin_sweep(cluster, folder, slurm_options, *options)
    output, errors = process.communicate(timeout=SECONDS)
    return process.returncode, output, errors


def keys_left():
    """Folders with the key of a cluster; none of a run that is over."""
    return list((Path.home() / ".cache/dwlab").glob("slurm-*"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_sweep_runs_as_a_job_of_slurm_which_ends_with_it(cluster, tmp_path):
    code, output, errors = sweep(cluster, tmp_path, "time=10m ntasks=2")
    assert code == 0, errors
    assert "24 made now" in output
    log = (tmp_path / "results/rings/run.log").read_text()
    assert len(re.findall(r"worker (.*) joined", log)) == 2, log
    cluster.wait_until_empty()
    assert keys_left() == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_plan_submits_nothing_and_bad_options_are_said_with_slurms_own_words(cluster, tmp_path):
    code, output, errors = sweep(cluster, tmp_path, "ntasks=2 begin=now+1hour", "--dry-run")
    assert code == 0, errors
    assert "to do:        24" in output and "with 2 workers" in output
    assert cluster.jobs() == []
    code, output, errors = sweep(cluster, tmp_path, "partition=nosuch")
    assert code == 2, output
    assert "invalid partition" in errors and "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_job_that_ends_without_a_worker_says_what_it_printed(cluster, tmp_path):
    code, _, errors = sweep(cluster, tmp_path, "device=cuda:7")
    assert code not in (0, 2) and "Traceback" not in errors
    assert "ended before a worker came" in errors and "cuda:7" in errors


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ctrl_c_while_the_job_waits_in_its_queue_takes_it_out(cluster, tmp_path):
    process = begin_sweep(cluster, tmp_path, "begin=now+1hour")
    cluster.wait_until(lambda: cluster.jobs() == ["dwlab PENDING"])
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    cluster.wait_until_empty()
    assert keys_left() == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_cancel_while_the_job_waits_ends_the_run(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", cluster.environment["SLURM_CONF"])
    cancel = threading.Event()
    outcomes = []
    compute = Compute(where="slurm begin=now+1hour host=127.0.0.1")

    def compute_all():
        outcomes.append(run(SWEEP, results=tmp_path, compute=compute, cancel=cancel))

    thread = threading.Thread(target=compute_all)
    thread.start()
    cluster.wait_until(lambda: cluster.jobs() == ["dwlab PENDING"])
    cancel.set()
    thread.join()
    assert outcomes[0].begun is False and outcomes[0].left == 2
    cluster.wait_until_empty()
