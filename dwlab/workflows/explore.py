"""Exploring, without a screen: a queue of recipes, computed on a thread of its own, and the history in the store."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import DwlabError, InvalidInput
from ..runs.keep import keep
from ..spec.compute import Compute
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..render.renderer import Renderer
    from ..runs.sweep import Sweep
    from ..spec.params import GenerationParams

T = TypeVar("T")
log = logging.getLogger(__name__)
NAME = "explore"  # the experiment that explored pictures belong to: `dwlab table explore`
MARKS = {"stars": (0, 5), "pin": (0, 1), "hide": (0, 1)}
NOTE_LIMIT = 2_000  # characters
NEAR = {
    "guidance": (0.6, 0.8, 1.25, 1.6),
    "steps": (0.5, 0.75, 1.5, 2),
}  # factors of the neighbours
OTHERS = ("DDIM", "Euler", "Euler a", "DPM++ 2M", "UniPC")


@dataclass(frozen=True, eq=False)
class Job:
    """Something that was asked for: `params` to make, or a whole `sweep`."""

    work: Callable[[threading.Event], object]
    params: tuple[GenerationParams, ...] = ()
    sweep: Sweep | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class Session:
    """Does one job after the other, and tells `listener(kind, what)` how it goes.

    kinds: `begin` (the Job), `plan` (the Work of a sweep that is left), `event` (an Event of it;
    `done` once its row is committed), `end` (an error's text, or ""). render: see `dwlab.render.renderer`. execute: like `dwlab.workflows.sweep.execute`. The listener is
    called on the session's thread.
    """

    def __init__(
        self,
        root: Path,
        render: Renderer,
        execute: Callable[..., object],
        listener: Callable[[str, Any], None],
        *,
        device: str = "auto",
    ) -> None:
        self.root, self.device = root, device
        self._render, self._execute, self._listener = render, execute, listener
        self._inbox: queue.Queue[Job | None] = queue.Queue()
        self._unfinished: list[Job] = []
        self._worker: threading.Thread | None = None

    @property
    def unfinished(self) -> int:
        """Jobs that are under way or wait."""
        return len(self._unfinished)

    def spec(self, name: str) -> dict[str, Any] | None:
        """What the sweep `name` is, if it is under way or waits."""
        return next(
            (
                job.sweep.as_dict()
                for job in list(self._unfinished)
                if job.sweep and job.sweep.name == name
            ),
            None,
        )

    def make(self, params: Sequence[GenerationParams]) -> None:
        """Make these pictures, after what was asked for before."""

        def work(cancelled: threading.Event) -> None:
            keep(params, experiment=NAME, cancel=cancelled, render=self._render, **self._options)

        self._submit(Job(work, params=tuple(params)))

    def sweep(self, spec: Sweep) -> None:
        """Run a sweep, after what was asked for before."""

        def work(cancelled: threading.Event) -> None:
            self._execute(
                spec,
                cancel=cancelled,
                on_plan=lambda _total, todo: self._listener("plan", todo),
                **self._options,
            )

        self._submit(Job(work, sweep=spec))

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "results": self.root,
            "compute": Compute(device=self.device),
            "on_event": lambda event: self._listener("event", event),
        }

    def _submit(self, job: Job) -> None:
        self._unfinished.append(job)
        self._inbox.put(job)
        if self._worker is None:
            self._worker = threading.Thread(target=self._serve, name="dwlab-explore", daemon=True)
            self._worker.start()

    def cancel(self) -> None:
        """Stop the job under way within a step, and pass over those that wait."""
        for job in list(self._unfinished):
            job.cancelled.set()

    def close(self) -> None:
        """Cancel, and wait until the thread has ended."""
        self.cancel()
        if self._worker is not None:
            self._inbox.put(None)
            self._worker.join()
            self._worker = None

    def _serve(self) -> None:
        while (job := self._inbox.get()) is not None:
            error = "" if job.cancelled.is_set() else self._do(job)
            self._unfinished.remove(job)
            try:
                self._listener("end", error)
            except Exception:  # the next job is done all the same
                log.exception("the end of a job could not be told")

    def _do(self, job: Job) -> str:
        """Do a job; returns what went wrong in words, or nothing."""
        try:
            self._listener("begin", job)
            job.work(job.cancelled)
        except (DwlabError, OSError) as failure:
            return str(failure)
        except Exception as failure:
            log.exception("exploring ended unexpectedly")
            return f"{type(failure).__name__}: {failure}"
        return ""

    def history(self, limit: int = 60) -> list[dict[str, Any]]:
        """What was explored, each with its marks: all that is pinned, then the `limit` newest others."""
        return self._read(lambda store: store.latest(NAME, limit), [])

    def row(self, key: str) -> dict[str, Any]:
        """One picture of the history; raises InvalidInput where there is none of this key."""
        row = self._read(lambda store: store.picture(NAME, key), None)
        if row is None:
            raise InvalidInput("key", key, "a picture of the history")
        return row

    def _read(self, what: Callable[[Store], T], nothing: T) -> T:
        """What the store says, or `nothing` while there is none."""
        if not (self.root / "dwlab.sqlite").exists():
            return nothing
        with Store(self.root, read=True) as store:
            return what(store)

    def mark(self, key: str, mark: str, value: Any) -> None:
        """Keep a mark of a picture: `stars` 0 to 5, `pin` and `hide` 0 or 1, `note` a text."""
        if mark == "note":
            good = isinstance(value, str) and len(value) <= NOTE_LIMIT
            allowed = f"a text of at most {NOTE_LIMIT:,} characters"
        elif mark in MARKS:
            low, high = MARKS[mark]
            good = isinstance(value, int) and low <= value <= high
            allowed = f"a whole number from {low} to {high}"
        else:
            raise InvalidInput("mark", mark, f"{', '.join(MARKS)}, note")
        if not good:
            raise InvalidInput(mark, value, allowed)
        with Store(self.root) as store:
            store.set_mark(key, mark, value)


def neighbours(params: GenerationParams, along: str) -> list[GenerationParams]:
    """The recipes beside one: seeds +1 to +4, guidance or steps up and down, or other schedulers.

    Raises InvalidInput for another direction.
    """
    if along == "seed":
        return [params.replace(seed=(params.seed + k) % 2**63) for k in range(1, 5)]
    if along == "scheduler":
        near = [params.replace(scheduler=name, scheduler_options={}) for name in OTHERS]
        return [one for one in near if one.scheduler != params.scheduler][:4]
    if along not in NEAR:
        raise InvalidInput("along", along, f"seed, scheduler, {', '.join(NEAR)}")
    value, whole = getattr(params, along), along == "steps"
    values = [
        min(1000, max(1, round(value * factor)))
        if whole
        else round(min(100, (value or 1) * factor), 2)
        for factor in NEAR[along]
    ]
    return [params.replace(**{along: one}) for one in dict.fromkeys(values) if one != value]


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(name, value in a, value in b) for each parameter in which two recipes differ."""
    return [
        (name, a.get(name), b.get(name))
        for name in dict.fromkeys([*a, *b])
        if a.get(name) != b.get(name)
    ]
