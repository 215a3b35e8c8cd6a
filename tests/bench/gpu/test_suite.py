"""Parts of `dwlab bench gpu`: run once, stopped at their limits, and gone on with by the next call."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psutil
import pytest

from dwlab.bench.gpu.parts import Part
from dwlab.bench.gpu.suite import DONE, FAILED, NO_TIME, STOPPED, run_parts

LONG = 120.0


def part(name, statement, limit=LONG, result=None):
    """A part that runs a line of Python."""
    return Part(name, ("timeit", "-n", "1", "-r", "1", statement), limit, result)


def noting(name, path, result=None):
    """A part that leaves a letter in a file each time it runs."""
    return part(name, f"open({str(path)!r}, 'a').write('x')", result=result)


@pytest.fixture
def note(tmp_path):
    return tmp_path / "note"


def statuses(parts, folder, seconds=10 * LONG):
    return [outcome.status for outcome in run_parts(parts, folder, seconds=seconds)]


def test_what_is_done_is_not_done_again_unless_its_command_or_result_is_another(tmp_path, note):
    parts = [noting("one", note, result=note)]
    assert statuses(parts, tmp_path) == statuses(parts, tmp_path) == [DONE]
    assert note.read_text() == "x"
    known = json.loads((tmp_path / "part-one.json").read_text())
    assert known["status"] == DONE and known["seconds"] > 0 and "loop" in known["output"]
    assert statuses([part("one", f"open({str(note)!r}, 'a').write('y')")], tmp_path) == [DONE]
    assert note.read_text() == "xy"
    note.unlink()
    assert statuses(parts, tmp_path) == [DONE] and note.read_text() == "x"


def test_a_part_that_fails_or_takes_too_long_does_not_stop_the_others(tmp_path, note):
    pid = tmp_path / "pid"
    endless = (
        "import subprocess; child = subprocess.Popen(['sleep', '3600']); "
        f"open({str(pid)!r}, 'w').write(str(child.pid)); child.wait()"
    )
    parts = [part("wrong", "1 / 0"), part("endless", endless, limit=3.0), noting("last", note)]
    outcomes = run_parts(parts, tmp_path, seconds=10 * LONG)
    assert [outcome.status for outcome in outcomes] == [FAILED, STOPPED, DONE]
    assert outcomes[0].line().endswith("ZeroDivisionError: division by zero")
    # what it had started was stopped with it
    assert not pid.exists() or not psutil.pid_exists(int(pid.read_text()))
    assert note.read_text() == "x"
    # the next call tries again what is not done
    again = [noting("wrong", note), noting("endless", note), noting("last", note)]
    assert statuses(again, tmp_path) == [DONE, DONE, DONE] and note.read_text() == "xxx"


def test_a_part_that_could_take_too_long_in_all_is_left_to_the_next_call(tmp_path, note):
    parts = [noting("long", note), noting("longer", note)]
    assert statuses(parts, tmp_path, seconds=LONG / 2) == [NO_TIME, NO_TIME]
    assert not note.exists()
    assert statuses(parts, tmp_path) == [DONE, DONE]


def test_a_part_ends_with_what_it_started_when_its_caller_is_killed(tmp_path):
    pids = tmp_path / "pids"
    endless = (
        "import os, subprocess; child = subprocess.Popen(['sleep', '3600']); "
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} '); child.wait()"
    )
    code = (
        "from pathlib import Path\n"
        "from dwlab.bench.gpu.parts import Part\n"
        "from dwlab.bench.gpu.suite import run_parts\n"
        f"part = Part('endless', ('timeit', '-n', '1', '-r', '1', {endless!r}), {LONG})\n"
        f"run_parts([part], Path({str(tmp_path)!r}), seconds={10 * LONG})\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as caller:
        waited_for(lambda: pids.exists() and pids.read_text().count(" ") == 2)
        caller.kill()
    left = [int(pid) for pid in pids.read_text().split()]
    waited_for(lambda: not any(map(is_running, left)))


def waited_for(is_so):
    ends = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
