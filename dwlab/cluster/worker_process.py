"""What a worker's process does as it starts (Dask calls it a preload)."""

from __future__ import annotations

import signal


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C to the process that runs the sweep, which lets workers end within a step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
