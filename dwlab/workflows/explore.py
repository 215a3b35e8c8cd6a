"""The prompt bench without its screen: a queue of pictures and sweeps, and the history in the store."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .._util.checks import check_whole_number
from ..errors import DwlabError, InvalidInput, StoreError
from ..events import Event
from ..runs.keep import keep
from ..spec.compute import Compute
from ..store.history_index import HistoryRun
from ..store.store import Store, open_existing
from .certificate.redrawing import redraw
from .certificate.stored_cells import stored_cells
from .certificate.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from ..render.renderer import Renderer
    from ..render.resolved_cell import ResolvedCell
    from ..runs.sweep import Sweep
    from ..runs.work import Work
    from ..spec.params import GenerationParams
    from ..store.history_search import HistoryEntry
    from ..store.mark_changes import MarkChange

log = logging.getLogger(__name__)

# the experiment that explored pictures belong to: `dwlab table explore`
NAME = "explore"

PLAIN_RUN = HistoryRun()
# lowest and highest value of each mark
MARKS = {"stars": (0, 5), "pin": (0, 1), "hide": (0, 1)}
NOTE_LIMIT = 2_000  # characters


@dataclass(frozen=True, eq=False)
class Task:
    """Something the session does: the pictures of `params`, a whole `sweep`, or `again` one picture.

    base: the key of the picture whose neighbours are made. again: that of a picture that is made
    again, to be compared.
    """

    work: Callable[[threading.Event], object]
    params: tuple[GenerationParams, ...] = ()
    base: str = ""
    sweep: Sweep | None = None
    again: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class TaskStarted:
    """A task is no longer waiting."""

    task: Task


@dataclass(frozen=True)
class TaskPlanned:
    """The sweep of a task knows what is left to do."""

    work: Work


@dataclass(frozen=True)
class TaskEnded:
    """A task is over.

    error: what went wrong, in words; empty if nothing did. wrong: the same as an error about a
    value, if it was one.
    """

    error: str = ""
    wrong: InvalidInput | None = None


@dataclass(frozen=True)
class TaskCompared:
    """A picture was made again. text: how it differs from the first one, in words."""

    text: str


# between the start and the end of a task come the events of its pictures
SessionEvent: TypeAlias = TaskStarted | TaskPlanned | TaskCompared | Event | TaskEnded


class Session:
    """Does one task after the other and tells `listener` how it goes, on the session's thread.

    render: see `dwlab.render.renderer`. execute: see `dwlab.workflows.sweep.execute`. The listener
    hears of a finished picture once its row is committed.
    """

    def __init__(
        self,
        root: Path,
        render: Renderer,
        execute: Callable[..., object],
        listener: Callable[[SessionEvent], None],
        *,
        compute: Compute = Compute(),
    ) -> None:
        self.root = root
        self.compute = compute
        self._render = render
        self._execute = execute
        self._listener = listener
        self._inbox: queue.Queue[Task | None] = queue.Queue()
        self._unfinished: list[Task] = []
        self._worker: threading.Thread | None = None

    @property
    def unfinished(self) -> int:
        """The number of tasks that are under way or waiting."""
        return len(self._unfinished)

    def spec(self, name: str) -> dict[str, Any] | None:
        """The sweep `name` as a dictionary, if it is under way or waiting."""
        for task in list(self._unfinished):
            if task.sweep and task.sweep.name == name:
                return task.sweep.as_dict()
        return None

    def make(self, params: Sequence[GenerationParams], run: HistoryRun = PLAIN_RUN) -> None:
        """Make these pictures after the tasks that are waiting; they are a run of the history."""

        def work(cancelled: threading.Event) -> None:
            keep(
                params,
                experiment=NAME,
                results=self.root,
                compute=self.compute,
                render=self._render,
                cancel=cancelled,
                on_event=self._tell,
                run=run,
            )

        self._submit(Task(work, params=tuple(params), base=run.base))

    def sweep(self, spec: Sweep) -> None:
        """Run a sweep after the tasks that are waiting."""

        def plan(_total: int, todo: Work) -> None:
            self._listener(TaskPlanned(todo))

        def work(cancelled: threading.Event) -> None:
            self._execute(
                spec,
                results=self.root,
                compute=self.compute,
                cancel=cancelled,
                on_plan=plan,
                on_event=self._tell,
            )

        self._submit(Task(work, sweep=spec))

    def rerun(self, key: str) -> None:
        """Make a picture of the history again after the tasks that wait; it is not kept."""
        self.entry(key)

        def work(cancelled: threading.Event) -> None:
            def watched(
                cells: Sequence[ResolvedCell],
                *,
                compute: Compute,
                cancel: threading.Event | None = cancelled,
                dropped: Callable[[int], bool] | None = None,
            ) -> Generator[Event, None, None]:
                for event in self._render(cells, compute=compute, cancel=cancel, dropped=dropped):
                    self._tell(event)
                    yield event

            cells = stored_cells(self.root, [key])
            for redrawn in redraw(cells, self.root, device=self.compute.device, render=watched):
                self._listener(TaskCompared(judge(redrawn).sentence))

        self._submit(Task(work, again=key))

    def _tell(self, event: Event) -> None:
        self._listener(event)

    def _submit(self, task: Task) -> None:
        self._unfinished.append(task)
        self._inbox.put(task)
        if self._worker is None:
            self._worker = threading.Thread(target=self._serve, name="dwlab-explore", daemon=True)
            self._worker.start()

    def cancel(self) -> None:
        """Stop the task under way within a step, and skip those that are waiting."""
        for task in list(self._unfinished):
            task.cancelled.set()

    def wait(self) -> None:
        """Wait until all tasks have ended and the listener has heard of it."""
        self._inbox.join()

    def close(self) -> None:
        """Cancel, and wait until the thread has ended."""
        self.cancel()
        if self._worker is not None:
            self._inbox.put(None)
            self._worker.join()
            self._worker = None

    def _serve(self) -> None:
        while (task := self._inbox.get()) is not None:
            ended = TaskEnded() if task.cancelled.is_set() else self._do(task)
            self._unfinished.remove(task)
            try:
                self._listener(ended)
            except Exception:  # the next task is done all the same
                log.exception("the listener failed at the end of a task")
            self._inbox.task_done()

    def _do(self, task: Task) -> TaskEnded:
        """Do a task; returns how it ended."""
        try:
            self._listener(TaskStarted(task))
            task.work(task.cancelled)
        except InvalidInput as failure:
            return TaskEnded(str(failure), failure)
        except (DwlabError, OSError) as failure:
            return TaskEnded(str(failure))
        except Exception as failure:
            log.exception("exploring ended unexpectedly")
            return TaskEnded(f"{type(failure).__name__}: {failure}")
        return TaskEnded()

    def history(self, limit: int = 60) -> list[HistoryEntry]:
        """Explored pictures with their marks: all pinned ones, then the `limit` newest others."""
        self.update_history()
        with open_existing(self.root) as store:
            return store.history.latest(NAME, limit) if store else []

    def update_history(self) -> None:
        """Make pictures that were finished since part of the history that is searched.

        A results folder that cannot be written keeps the history that it has.
        """
        with open_existing(self.root) as store:
            if store is None or not store.history.is_behind(NAME):
                return
        with contextlib.suppress(StoreError), Store(self.root, check=False) as store:
            store.history.update_index(NAME)

    def entry(self, key: str) -> HistoryEntry:
        """One picture of the history; raises InvalidInput if it has none with this key."""
        return self.entries([key])[0]

    def entries(self, keys: Sequence[str]) -> list[HistoryEntry]:
        """Pictures of the history; raises InvalidInput if it lacks one of these keys."""
        with open_existing(self.root) as store:
            entries = store.history.pictures(NAME, keys) if store else []
        missing = [key for key in keys if key not in {entry.key for entry in entries}]
        if missing:
            raise InvalidInput("key", missing[0], "a picture of the history")
        return entries

    def mark(self, key: str, mark: str, value: Any) -> None:
        """Set a mark of a picture, see `give_mark`; `take_back` takes it back."""
        self.mark_all([key], mark, value)

    def mark_all(self, keys: Sequence[str], mark: str, value: Any) -> None:
        """Set a mark of pictures at once."""
        _check_mark(mark, value)
        self.entries(keys)
        with Store(self.root, check=False) as store:
            store.history.give_marks(NAME, keys, mark, value)

    def take_back(self) -> MarkChange | None:
        """Take back the last change of marks; returns it, or None if there is none."""
        with Store(self.root, check=False) as store:
            return store.history.take_back(NAME)


def give_mark(root: Path, key: str, mark: str, value: int | str) -> None:
    """Set a mark of a picture: `stars` 0 to 5, `pin` and `hide` 0 or 1, `note` a text."""
    _check_mark(mark, value)
    with Store(root, check=False) as store:
        store.history.set_mark(key, mark, value)


def _check_mark(mark: str, value: object) -> None:
    if mark == "note":
        if not isinstance(value, str) or len(value) > NOTE_LIMIT:
            raise InvalidInput(mark, value, f"a text of at most {NOTE_LIMIT:,} characters")
    elif mark in MARKS:
        lowest, highest = MARKS[mark]
        check_whole_number(mark, value, lowest, highest)
    else:
        raise InvalidInput("mark", mark, f"{', '.join(MARKS)}, note")
