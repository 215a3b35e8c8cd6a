"""A job that is a sweep: run like one from a file, under a name of the network's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...events import Done, Failed, Started, WorkerChanged
from ...paths import network_name
from ...runs.eta import Pace
from ...runs.search_answer import load_answer
from ...runs.sweep import Sweep
from ...workflows.sweep import execute

if TYPE_CHECKING:
    from ...events import Event
    from ...runs.outcome import Outcome
    from ...runs.work import Work
    from ..events.job_events import JobEventLog
    from ..jobs.job import JsonObject
    from .batch import Batch


class SweepProgress:
    """Writes the events of a sweep into its job's log."""

    def __init__(self, batch: Batch, log: JobEventLog) -> None:
        self._batch = batch
        self._log = log
        self._pace = Pace(0)

    def on_plan(self, total: int, to_do: Work) -> None:
        """Note how many cells there are, and how many are still to be made."""
        self._pace = Pace(to_do)
        self._log.step = total - len(to_do)
        self._log.steps = total
        self._log.add("plan", {"cells": total, "to_do": len(to_do)})

    def on_event(self, event: Event) -> None:
        """Note one event of a cell."""
        self._pace.update(event)
        self._log.seconds_left = self._pace.left
        if isinstance(event, Started | WorkerChanged):
            self._note_device(event)
        elif isinstance(event, Done | Failed):
            self._log.step += 1
            data: JsonObject = {
                "index": event.index,
                "step": self._log.step,
                "steps": self._log.steps,
            }
            if isinstance(event, Failed):
                data["error"] = event.error
            self._log.add(event.kind, data)

    def _note_device(self, event: Started | WorkerChanged) -> None:
        """Note what a device does for the sweep; that of this process has no name in events."""
        for device in self._batch.workplace.here():
            if isinstance(event, WorkerChanged):
                if device.worker == event.worker:
                    device.sweep = event.doing
            elif not device.worker:
                device.note_model(event.params.model)
                device.sweep = f"pictures of {event.params.model}"

    def end(self) -> None:
        """Note that the sweep keeps no device any more."""
        for device in self._batch.workplace.here():
            device.sweep = ""


def run_sweep(batch: Batch) -> None:
    """Run the sweep that a job requests; a sweep that was stopped does not end its job."""
    (job,) = batch.jobs
    requested: JsonObject = job.request["sweep"]
    workplace = batch.workplace
    sweep: Sweep = Sweep.from_dict({**requested, "name": network_name(requested["name"])})
    progress = SweepProgress(batch, workplace.event_logs.start(job.id))
    try:
        outcome, _ = execute(
            sweep,
            results=batch.store.root,
            compute=batch.compute,
            limit=workplace.settings.max_cells,
            render=workplace.devices.render_patiently,
            cancel=batch.claimed.stop,
            download=False,
            on_plan=progress.on_plan,
            on_event=progress.on_event,
        )
    finally:
        progress.end()
    workplace.metrics.pictures.labels("made").inc(outcome.made)
    workplace.metrics.pictures.labels("reused").inc(outcome.reused)
    # the job was cancelled, or the next server continues it
    if outcome.left or outcome.is_stopped:
        return
    result = _result(batch, sweep, outcome)
    if outcome.failed:
        error = f"{outcome.failed} of {outcome.total} pictures failed; see the experiment's table"
        batch.fail(job, error, result)
    else:
        batch.complete(job, result)


def _result(batch: Batch, sweep: Sweep, outcome: Outcome) -> JsonObject:
    rows = batch.store.cells.rows(sweep.name)
    counts = {
        "total": outcome.total,
        "reused": outcome.reused,
        "made": outcome.made,
        "failed": outcome.failed,
        "nan": outcome.nan,
    }
    answer = load_answer(batch.store.root, sweep.name) if sweep.request else None
    return {
        "images": [f"/{row['image']}" for row in rows if row["status"] == "ok"],
        "counts": counts,
        "warning": outcome.warning,
        "found": answer.sentences if answer else None,
    }
