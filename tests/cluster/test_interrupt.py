"""Ctrl-C in a terminal, which reaches every process of a run at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from dwlab.store.store import Store

SECONDS = 180
EXPERIMENT = """
name: long
base: {prompt: a red circle, steps: 20}
axes: {seed: {range: [0, 400]}}
"""


@pytest.mark.slow
def test_ctrl_c_keeps_what_workers_finished_and_leaves_no_process(tmp_path):
    file = tmp_path / "long.yaml"
    file.write_text(EXPERIMENT, "utf-8")
    words = ["sweep", file, "--results", tmp_path / "results", "--where", "cpu*2", "--no-notebook"]
    output = tmp_path / "output.txt"
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", "from dwlab.cli import main; main()", *words],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
    end = time.monotonic() + SECONDS
    while not re.search(r" [1-9]\d*/400 pictures", output.read_text("utf-8")):
        assert process.poll() is None, output.read_text("utf-8")
        assert time.monotonic() < end
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(SECONDS) == 130
    text = output.read_text("utf-8")
    assert "interrupted; finished work is saved" in text
    assert "Traceback" not in text and "ERROR" not in text
    with Store(tmp_path / "results") as store:
        rows = store.file.query("SELECT status FROM cells")
    assert rows and {row["status"] for row in rows} == {"ok"}
    # the group is that of the run and its workers
    while True:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < end + SECONDS
        time.sleep(0.2)
