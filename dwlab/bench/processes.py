"""Start a process that measures one configuration, and wait for its result."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from . import machine, tasks

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from .configuration import Configuration
    from .files import Document
    from .tasks import Task

# Seconds between looks at whether the user cancelled.
POLL = 0.2
RESULT_SUFFIX = ".result.json"


def run_worker(
    configuration: Configuration,
    task: Task,
    result: Path,
    *,
    timeout: float,
    cancel: threading.Event,
) -> Document | None:
    """Run `dwlab.bench.worker` to its end and return what it measured; None if cancelled.

    A process that dies or takes longer than `timeout` seconds has a result too: its status says
    so. result: the file that the worker writes; its task and its log are written beside it.
    """
    task_file = result.with_name(result.name.replace(RESULT_SUFFIX, ".json"))
    document = {"configuration": configuration.as_dict(), "task": tasks.as_dict(task)}
    write_atomic(task_file, json.dumps(document).encode())
    command = [sys.executable, "-m", "dwlab.bench.worker", str(task_file)]
    log = task_file.with_suffix(".log")
    with log.open("wb") as output:
        worker = subprocess.Popen(  # noqa: S603  # dwlab itself
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            # a group of its own: Ctrl-C is for the runner, which ends the worker through its
            # standard input
            start_new_session=True,
        )
        try:
            ending = _wait(worker, timeout, cancel)
        finally:
            worker.kill()
            worker.wait()
            if worker.stdin:
                worker.stdin.close()
    if ending == "cancelled":
        return None
    if ending == "timeout":
        return {"status": "timeout", "error": f"not done in {timeout:g} s"}
    return _outcome(worker.returncode, result, log)


def _wait(worker: subprocess.Popen[bytes], timeout: float, cancel: threading.Event) -> str:
    """Wait for a worker; returns why the waiting is over: ended, cancelled or timeout."""
    deadline = time.monotonic() + timeout
    while worker.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(POLL)
        if cancel.is_set():
            return "cancelled"
        if time.monotonic() > deadline:
            return "timeout"
    return "ended"


def _outcome(returncode: int, result: Path, log: Path) -> Document:
    if result.exists():
        return dict(json.loads(result.read_text("utf-8")))
    if returncode == -9:
        error = "the system killed the process, as it does when memory runs out"
        return {"status": "oom", "error": error}
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    last_line = machine.without_paths(lines[-1]) if lines else "nothing"
    error = f"the process ended with {returncode} and said: {last_line}"
    return {"status": "failed", "error": error}
