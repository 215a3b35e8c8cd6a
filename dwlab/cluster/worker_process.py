"""What a worker's process does as it starts (Dask calls it a preload)."""

from __future__ import annotations

import os
import signal

from ..models import device


def dask_setup(_worker: object) -> None:
    """Take the share of the cores that the environment says.

    Ctrl-C is left to the process that runs the sweep, which lets workers end within a step.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threads = os.environ.get("OMP_NUM_THREADS", "")
    # torch may have been imported before the environment was set: by the script that starts workers
    if threads.isdecimal() and int(threads):
        device.use_threads(int(threads))
