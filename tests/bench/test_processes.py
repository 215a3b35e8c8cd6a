"""Processes that end late, are killed, or lose the runner that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from bench.test_runner import SPEC

from dwlab.bench import files, runner
from dwlab.bench.spec import BenchSpec


def _until(found, seconds=120):
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
    return value


def _running(argument):
    import psutil

    return [
        p.pid
        for p in psutil.process_iter(["cmdline", "status"])
        if argument in (p.info["cmdline"] or []) and p.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_a_worker_ends_when_its_runner_is_killed(tmp_path):
    """Killed, not asked: nothing may go on measuring, which would disturb the next run."""
    code = (
        "from dwlab.bench import runner; from dwlab.bench.spec import BenchSpec; "
        "s = BenchSpec('b', base={'device': 'cpu', 'steps': 1000}, rounds=1, iterations=900, "
        "parity='none'); "
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


def test_a_process_that_takes_too_long_is_a_row_with_status_timeout(tmp_path):
    spec = BenchSpec("b", base=SPEC.base, rounds=1, timeout=0.0, parity="none")
    path = runner.run(spec, results=tmp_path)
    (row,) = files.load(path)["rows"]
    assert row["status"] == "timeout" and "0 s" in row["error"]


def test_a_process_that_is_killed_is_a_row_with_status_oom(tmp_path):
    spec, rows = BenchSpec("b", base=SPEC.base, rounds=1, parity="none"), []
    work = threading.Thread(
        target=lambda: rows.append(files.load(runner.run(spec, results=tmp_path))["rows"][0])
    )
    work.start()
    job = _until(lambda: list(tmp_path.glob("benchmarks/unfinished/b-*/0-*.json")))[0]
    for pid in _until(lambda: _running(str(job))):
        os.kill(pid, signal.SIGKILL)
    work.join()
    assert rows[0]["status"] == "oom" and "memory" in rows[0]["error"]
