"""The panel of the sweep notebook: pick an experiment, edit it, see what it would cost, run it."""

from __future__ import annotations

import contextlib
import html
import logging
import threading
import time
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ..._util.durations import rough_duration
from ...errors import DwlabError, InvalidInput, ModelError
from ...events import Downloading
from ...runs.plan import make_plan
from ...spec.compute import Compute
from ..panel import LABELLED, Ending, RunPanel
from .form import SweepFields
from .views import AnswerPart, SweepViews

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ...events import Download, Event
    from ...runs.outcome import Outcome
    from ...runs.plan import Plan
    from ...runs.sweep import Sweep
    from ...runs.work import Work
    from ..explore.explorer import Explorer

    Execute = Callable[..., tuple[Outcome, Mapping[str, Path]]]

log = logging.getLogger(__name__)
DEBOUNCE = 0.25  # seconds without an edit before the sweep is planned again
TELL_EVERY = 0.2  # seconds between two moves of the progress bar


class SweepPanel(RunPanel):
    """Controls and views of one sweep at a time.

    experiments: name in the list -> a function that returns the sweep. execute: computes a sweep
    and writes its files, like `dwlab.workflows.sweep.execute`. root: the results folder. bench:
    returns the prompt bench of this kernel, or None.
    """

    def __init__(
        self,
        experiments: Mapping[str, Callable[[], Sweep]],
        execute: Execute,
        *,
        root: Path,
        compute: Compute = Compute(),
        bench: Callable[[], Explorer | None] = lambda: None,
    ) -> None:
        super().__init__(
            root,
            "sweep",
            unit="pictures",
            run_tip="Compute the missing pictures",
            cancel_tip="Stop within a step; finished pictures are kept",
        )
        self.compute = compute
        self._experiments = dict(experiments)
        self._execute = execute
        self._planning = threading.Lock()
        self._timer: threading.Timer | None = None
        self._told = 0.0
        self.form = SweepFields(self._edited)
        self.pick = widgets.Dropdown(
            options=list(self._experiments), description="experiment", **LABELLED
        )
        self.pick.observe(self._picked, "value")
        self.plan_line = widgets.HTML()
        self.answer = AnswerPart(root)
        self.views = SweepViews(root, bench)
        self.run_button.disabled = True
        self._lay_out(
            widgets.Box([self.pick, self.form.name_box]).add_class("dwlab-fields"),
            self.form,
            self.plan_line,
            self._buttons,
            self.status,
            self.answer,
            self.views,
        )
        self.add_class("dwlab-sweep")
        self._restore(self._saved.load())

    @property
    def name(self) -> str:
        """The name of the sweep whose pictures are shown."""
        return self.views.sweep_name

    # -- what outlasts the kernel --------------------------------------------------------------

    def _restore(self, state: dict[str, object]) -> None:
        """Show the experiment with its edits as before the kernel restarted, or the first one."""
        picked = state.get("picked")
        edits = state.get("edits")
        is_known = isinstance(picked, str) and picked in self._experiments
        if is_known:
            self.pick.value = picked
        self._picked(None)
        if is_known and isinstance(edits, dict):
            self.form.restore(edits)

    def _save_edits(self) -> None:
        """Save what is picked and edited. As long as nobody edits anything, no file is made."""
        edits = self.form.edits()
        if edits or self.pick.index or self._saved.load():
            self._saved.save({"picked": self.pick.value, "edits": edits})

    # -- picking and planning ------------------------------------------------------------------

    def _picked(self, _change: object) -> None:
        if not self._experiments:
            self.form.layout.display = "none"
            self.views.layout.display = "none"
            self._say(
                "No experiments yet. Put a YAML file into the project's folder experiments/, "
                "then run this cell again."
            )
            return
        with self._showing_errors():
            self.form.load(self._experiments[self.pick.value]())

    def _edited(self) -> None:
        """Plan again after a moment without edits, and not on the thread that serves the page."""
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(DEBOUNCE, self._plan)
        self._timer.daemon = True
        self._timer.start()

    def _plan(self) -> None:
        timer = self._timer
        self._save_edits()
        with self._planning, self._showing_errors():
            sweep = self.form.read()
            cells = sweep.cells()
            self._say_plan(f"<b>{len(cells):,} cells</b> &middot; estimating &hellip;")
            self.run_button.disabled = self.running
            # The first plan imports torch, which takes seconds.
            plan = make_plan(sweep, self.root, self.compute)
            is_newest = timer is self._timer
            if is_newest:
                self._say_plan(_plan_html(plan))
            if sweep.name != self.name and not self.running:
                self.answer.show(sweep.name)
                self.views.show(sweep.name)

    @contextlib.contextmanager
    def _showing_errors(self) -> Iterator[None]:
        """Show an error where it belongs; a sweep that could not run cannot be started."""
        try:
            yield
            self.form.show_error(None)
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("unexpected")
            self.form.show_error(error)
            self._say_plan("")
            self.run_button.disabled = self.running or isinstance(error, InvalidInput | ModelError)

    def _say_plan(self, text: str) -> None:
        self.plan_line.value = f'<div class="dwlab-plan">{text}</div>'

    # -- running -------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Stop within a step; finished pictures are kept."""
        super().cancel()
        self._say("Stopping, then writing the report of what is finished &hellip;")

    def _compute(self) -> Ending:
        sweep = self.form.read()
        self.views.sweep_name = sweep.name
        outcome, _ = self._execute(
            sweep,
            results=self.root,
            compute=self.compute,
            cancel=self._cancel,
            on_plan=self._planned,
            on_event=self._tell,
        )
        self.bar.value = 1 - outcome.left / outcome.total
        return _ending(outcome)

    def _complain(self, error: Exception) -> None:
        self.form.show_error(error)

    def _allow_run(self) -> None:
        # A plan that is being made still believes that something runs.
        with self._planning:
            super()._allow_run()

    def _after_run(self, ending: Ending) -> None:
        if ending.tone != "danger":
            # The counts have changed.
            self._plan()
        self.answer.show(self.name)
        self.views.paint()

    def _planned(self, _total: int, todo: Work) -> None:
        self._begin_progress(todo)
        if todo:
            # it is about fewer pictures than there soon will be
            self.answer.value = ""
        self._say("Loading the model &hellip;")
        self.views.start_painting(self._pace, until=self._ended)

    def _tell(self, event: Event) -> None:
        """Take in an event of the run; called on its thread, many times per second."""
        if isinstance(event, Downloading):
            self._tell_of_download(event.download)
            return
        self._pace.update(event)
        is_finished = self._pace.finished == self._pace.total
        is_soon = time.monotonic() - self._told < TELL_EVERY
        if self._cancel.is_set() or not self._pace.share or (is_soon and not is_finished):
            return
        self._told = time.monotonic()
        if is_finished:
            self._say("Writing the table, the grid and the report &hellip;")
        else:
            self._show_progress()

    def _tell_of_download(self, download: Download) -> None:
        if not self._cancel.is_set():
            self.bar.value = 0.0 if download.over else download.share
            model = html.escape(download.model)
            self._say(f"Downloading {model} (only the first time): {download}")


def _plan_html(plan: Plan) -> str:
    """A plan on one line, with its warnings below."""
    text = f"<b>{plan.cells:,} cells</b> &middot; {plan.done:,} done &middot; {plan.todo:,} to do"
    if plan.todo:
        time_ = "time unknown" if plan.seconds is None else f"about {rough_duration(plan.seconds)}"
        basis = html.escape(plan.basis)
        text += f" &middot; {time_}, {plan.bytes / 1e6:,.1f} MB"
        text += f' <span class="dwlab-muted">({basis})</span>'
    if plan.warnings:
        items = [f"<li>{html.escape(warning)}</li>" for warning in plan.warnings]
        text += f"<ul>{''.join(items)}</ul>"
    return text


def _ending(outcome: Outcome) -> Ending:
    """How a run ended, in words."""
    text = f"{outcome.made:,} made now, {outcome.reused:,} already there"
    if outcome.failed:
        text += f", {outcome.failed:,} failed (Run tries them again)"
    if outcome.left:
        text = f"<b>Stopped</b>: {text}, {outcome.left:,} left. Run continues from here."
    else:
        text = f"<b>Done</b>: {text}. The report, the table and the grid are listed under Files."
    if outcome.warning:
        text += f"<br><b>Warning</b>: {html.escape(outcome.warning)}."
    is_clean = not (outcome.left or outcome.failed or outcome.nan)
    return Ending(text, "success" if is_clean else "warning")
