"""Runs a module as `python -m` does: `python -m dwlab.bench.gpu.leash MODULE ARGUMENTS`.

It has a process group of its own and ends with all of it when its standard input is closed, which happens
also when the caller is killed. Otherwise a part that goes on alone would spoil the times of the next call.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module that the command line names."""
    caller = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with, args=(caller,), daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with(caller: int) -> None:
    # nothing is ever written: this returns when the other end is closed
    os.read(caller, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
