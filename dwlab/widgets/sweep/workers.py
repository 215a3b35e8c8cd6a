"""The workers of a run as the page of the sweep panel shows them: who computes, how fast, who is gone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...runs.workers import rate_text

if TYPE_CHECKING:
    from ...events import WorkerChanged
    from ...runs.workers import Workers
    from .page import SweepPage

SHOW_EVERY = 0.3  # seconds between two changes of the page
SHOWN = 48  # workers, those that are here first


class WorkersStrip:
    """Keeps the page's trait `workers` current during a run.

    News come in bursts, and then none for as long as a model loads: the last one of a burst is
    shown by a timer.
    """

    def __init__(self, page: SweepPage) -> None:
        self._page = page
        self._timer: threading.Timer | None = None

    def clear(self) -> None:
        """Forget the workers of the run before."""
        self._page.workers = {}

    def tell(self, workers: Workers) -> None:
        """Take in what is known now; called many times per second."""
        if self._timer is None or not self._timer.is_alive():
            self._timer = threading.Timer(SHOW_EVERY, self._show, [workers])
            self._timer.daemon = True
            self._timer.start()

    def end(self, workers: Workers) -> None:
        """The run is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        self._show(workers, over=True)

    def _show(self, workers: Workers, *, over: bool = False) -> None:
        shown = workers_for_page(workers)
        if shown:
            self._page.workers = {**shown, "over": over}


def workers_for_page(workers: Workers) -> dict[str, object]:
    """The trait `workers`; empty for a run without a cluster."""
    everyone = sorted(workers.all, key=lambda worker: worker not in workers.here)
    if not everyone:
        return {}
    return {
        "text": workers.text(named=0),
        "dashboard": workers.dashboard,
        "workers": [_for_page(worker) for worker in everyone[:SHOWN]],
        "more": max(0, len(everyone) - SHOWN),
    }


def _for_page(worker: WorkerChanged) -> dict[str, object]:
    return {
        "name": worker.worker,
        "place": " of ".join(text for text in (worker.device, worker.machine) if text),
        "state": worker.state,
        "doing": _doing(worker),
        "made": _made(worker),
    }


def _doing(worker: WorkerChanged) -> str:
    if worker.state in ("left", "refused"):
        return f"{worker.state}: {worker.reason}" if worker.reason else worker.state
    if worker.state == "idle":
        return "waiting"
    return f"computing {worker.doing}".rstrip()


def _made(worker: WorkerChanged) -> str:
    if worker.state == "refused":
        return ""
    made = f"{worker.made:,} made"
    return f"{made}, {rate_text(worker.rate)}" if worker.rate else made
