"""A process that exits quickly still ends its threads, calls its exit handlers and shows what it wrote."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import atexit, sys, threading, time
from dwlab._util.quick_exit import quick_exit

class Torn:
    def __del__(self):
        print("torn down")

def slow():
    time.sleep(0.3)
    print("thread ended")

torn = Torn()
with quick_exit():
    atexit.register(print, "handler called", end="")
    threading.Thread(target=slow).start()
    LAST
"""


def run(last):
    code = CODE.replace("LAST", last)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_kept_and_modules_are_not_taken_apart(code):
    ended = run(f"sys.exit({code})")
    assert (ended.returncode, ended.stdout) == (code, "thread ended\nhandler called")


@pytest.mark.parametrize(
    ("last", "code", "error"), [("sys.exit('why')", 1, "why\n"), ("1 / 0", 1, "ZeroDivisionError"), ("pass", 0, "")]
)  # fmt: skip
def test_other_ends_are_those_of_python(last, code, error):
    ended = run(last)
    assert ended.returncode == code
    assert error in ended.stderr
    assert ended.stdout == "thread ended\nhandler calledtorn down\n"


def test_for_a_reader_that_is_gone_python_ends_as_ever():
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    code = "with quick_exit():\n    print('unread')\n    sys.exit(0)"
    errors = []
    for guard in (
        "from dwlab._util.quick_exit import quick_exit",
        "from contextlib import nullcontext as quick_exit",
    ):
        with subprocess.Popen(
            [sys.executable, "-c", f"import sys, time\n{guard}\ntime.sleep(0.2)\n{code}"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            process.stdout.close()
            errors.append((process.stderr.read(), process.wait()))
    assert errors[0] == errors[1]
    assert "BrokenPipeError" in errors[0][0]
