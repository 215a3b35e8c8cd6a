"""Processes that a test starts beside itself, and waits for by what they say."""

from __future__ import annotations

import subprocess
import time

SECONDS = 300


def wait_until(is_so):
    """Wait for something."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


class Background:
    """Processes that go on beside a test, and end with it."""

    def __init__(self):
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.terminate()
            process.wait(SECONDS)

    def start(self, command, log, **options):
        """Start `dwlab scheduler` or `dwlab worker`, and wait until it is ready."""
        with log.open("w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, **options)
        self._processes.append(process)
        wait_until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
