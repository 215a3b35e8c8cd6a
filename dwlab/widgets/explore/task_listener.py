"""What the session tells of its tasks, as the prompt bench shows it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..._util.durations import duration
from ...events import Done, Downloading, Failed, Step
from ...runs.eta import Pace
from ...runs.work import Work
from ...spec import catalog
from ...workflows.explore import TaskCompared, TaskEnded, TaskPlanned, TaskStarted
from .controls import problem_of
from .stage import Stage

if TYPE_CHECKING:
    from ...events import Download, Event
    from ...runs.sweep import Sweep
    from ...workflows.explore import SessionEvent, Task
    from .explorer import Explorer

TELL_EVERY = 0.2  # seconds between two moves of the progress bar and the previews
PAINT_EVERY = 2.0  # seconds between two pictures of a growing grid


class TaskListener:
    """Puts the progress of the task under way into the bench's traits, on the session's thread."""

    def __init__(self, bench: Explorer) -> None:
        self._bench = bench
        self._task: Task | None = None
        self._stage = Stage()
        self._pace = Pace(0)
        # What is known once a picture was made again.
        self._comparison = ""
        # Times of the monotonic clock.
        self._began = 0.0
        self._told = 0.0
        self._painted = 0.0

    def hear(self, event: SessionEvent) -> None:
        """Take in what the session tells."""
        match event:
            case TaskStarted():
                self._begin(event.task)
            case TaskPlanned():
                self._pace = Pace(event.work)
            case TaskCompared():
                self._comparison = event.text
            case TaskEnded():
                self._end(event)
            case _:
                self._event(event)

    def say(self, text: str, *, tone: str = "", share: float = 0.0) -> None:
        """Say something about the task under way; the form of a sweep says it too."""
        self._bench.status_line.say(text, tone=tone, share=share)
        if self._sweep:
            self._bench.sweep_form.say(text, tone=tone, share=share)

    @property
    def _sweep(self) -> Sweep | None:
        """The sweep under way; None while single pictures are made."""
        return self._task.sweep if self._task else None

    @property
    def _is_on_stage(self) -> bool:
        """Whether the pictures of the task under way are shown as they form."""
        return self._task is not None and bool(self._task.params)

    def _begin(self, task: Task) -> None:
        self._task = task
        self._pace = Pace(Work.of(task.params) if task.params else 1)
        self._began = time.monotonic()
        self._told = 0.0
        self._comparison = ""
        # What is on the page stays there until there is something new to see.
        self._stage = Stage(task.params, task.base)
        if task.params and not self._bench.stage:
            self._bench.stage = self._stage.for_page()
        # All pictures of a task have one model.
        from_hub = bool(task.params) and not catalog.lookup(task.params[0].model).local
        if task.sweep:
            self._bench.sweep_form.begin(task.sweep)
        if task.again:
            self.say("Making the picture again, to compare …")
            return
        first_time = " (downloaded the first time)" if from_hub else ""
        self.say(f"Loading the model{first_time} …")

    def _event(self, event: Event) -> None:
        if isinstance(event, Downloading):
            self._download(event.download)
            return
        self._pace.update(event)
        if isinstance(event, Step):
            self._step(event)
        elif isinstance(event, Done | Failed):
            self._picture_ended(event)

    def _download(self, download: Download) -> None:
        text = f"Downloading {download.model} (only the first time): {download}"
        self.say(text, share=download.share)

    def _step(self, event: Step) -> None:
        if self._is_on_stage:
            self._stage.step(event)
        if time.monotonic() - self._told < TELL_EVERY:
            return
        self.say(self._progress(event), share=self._pace.share)
        self._told = time.monotonic()
        if self._is_on_stage:
            self._bench.stage = self._stage.for_page()

    def _progress(self, event: Step) -> str:
        left = self._pace.left_text()
        done = self._picture_progress() if self._is_on_stage else self._other_progress(event)
        return f"{done}, {left}" if left else done

    def _other_progress(self, event: Step) -> str:
        steps = f"step {event.step} of {event.steps}"
        if not self._sweep:
            return f"Making the picture again, {steps}"
        return f"{self._pace.finished:,} of {self._pace.total:,} pictures, {steps} of the next"

    def _picture_progress(self) -> str:
        """Which of the run's pictures form, and the step that the slowest of them has reached."""
        forming = self._stage.forming
        slowest = min(forming.values(), key=lambda step: step.step / step.steps)
        steps = f"step {slowest.step} of {slowest.steps}"
        total = len(self._stage)
        if total == 1:
            return steps.capitalize()
        first, last = min(forming) + 1, max(forming) + 1
        numbers = f"Picture {first}" if first == last else f"Pictures {first} to {last}"
        return f"{numbers} of {total}, {steps}"

    def _picture_ended(self, event: Done | Failed) -> None:
        if self._is_on_stage:
            self._stage.finish(event)
            self._bench.stage = self._stage.for_page()
        elif self._sweep and time.monotonic() - self._painted > PAINT_EVERY:
            self._bench.sweep_form.paint(self._sweep)
            self._painted = time.monotonic()

    def _end(self, ended: TaskEnded) -> None:
        bench = self._bench
        bench.show_history()
        if self._sweep:
            bench.sweep_form.paint(self._sweep)
        text, tone = self._ending(self._error(ended))
        share = 0.0 if tone or self._is_cancelled else 1.0
        if ended.error or self._pace.failed:
            bench.status_line.say_lasting(text, tone=tone, share=share)
        else:
            bench.status_line.say(text, tone=tone, share=share)
        if self._sweep:
            bench.sweep_form.say(text, tone=tone, share=share, running=False)
        if not bench.session.unfinished:
            bench.sweep_form.stop_waiting()
        if self._stage.is_unfinished:
            self._leave_unfinished()

    def _leave_unfinished(self) -> None:
        """Keep what there is of pictures that are not done; before the first step, what was there."""
        waits = any(tile["state"] == "waiting" for tile in self._bench.stage)
        is_shown = self._stage.has_begun or waits
        self._stage.stop()
        if is_shown:
            self._bench.stage = self._stage.for_page()

    def _error(self, ended: TaskEnded) -> str:
        """What went wrong, in words; what is about a field is said there."""
        problem = problem_of(ended.wrong) if ended.wrong and not self._sweep else {}
        if not problem or "" in problem:
            return ended.error
        self._bench.problems = {**self._bench.problems, **problem}
        return "Nothing was made. What is wrong is said at its field."

    def _ending(self, error: str) -> tuple[str, str]:
        """How the task ended, and the tone to say it in."""
        report = ""
        if self._sweep:
            report = f" See {self._bench.root.name}/{self._sweep.name}/report.html."
        took = duration(time.monotonic() - self._began)
        if error:
            return error, "bad"
        if self._is_cancelled:
            return self._stopped(), ""
        if self._pace.failed:
            failed = f"{self._pace.failed} of {self._pace.total} pictures failed"
            return f"{failed}; the others are kept.{report}", "bad"
        if self._sweep:
            return f"{self._sweep.name} is done in {took}.{report}", ""
        if self._comparison:
            return self._comparison, ""
        if self._stage.all_from_store:
            return "Made before; taken from the store.", ""
        return f"Done in {took}.", ""

    @property
    def _is_cancelled(self) -> bool:
        return self._task is not None and self._task.cancelled.is_set()

    def _stopped(self) -> str:
        """That the task was stopped, and what is left of it."""
        finished = self._pace.finished - self._pace.failed
        if not finished:
            return "Stopped."
        pictures = "picture is" if finished == 1 else "pictures are"
        return f"Stopped. {finished:,} finished {pictures} kept."
