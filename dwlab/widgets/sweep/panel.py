"""The panel of the sweep notebook: pick an experiment, edit it, see what it would cost, run it, watch it grow."""

from __future__ import annotations

import contextlib
import html
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ..._util.durations import rough_duration
from ...errors import DwlabError, InvalidInput, ModelError
from ...events import Downloading
from ...runs.eta import Pace
from ...runs.results import Results
from .. import parts
from ..heartbeat import Pulse, connect
from ..saved_state import Memory
from .form import Form, message_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ...events import Download, Event
    from ...runs.plan import Plan, Work
    from ...runs.run import Outcome, Sweep

    Execute = Callable[..., tuple[Outcome, Mapping[str, Path]]]

log = logging.getLogger(__name__)
DEBOUNCE = 0.25  # seconds without an edit before the sweep is planned again
PAINT_EVERY = 2.0  # seconds, at least, between two views of what is there so far
TELL_EVERY = 0.2  # seconds between moves of the progress bar
VIEWS = ("Grid", "Table", "Plots", "Files")
_WIDE = {"style": {"description_width": "120px"}, "layout": {"width": "auto"}}


class SweepPanel(widgets.VBox):
    """Controls and views of one sweep at a time.

    experiments: what the list shows -> a function that gives the sweep. execute: computes a sweep and
    writes its files, like `dwlab.workflows.sweep.execute`. It runs on a thread of its own, because what the page
    says, Cancel for one, waits while the kernel runs a cell.
    """

    def __init__(
        self,
        experiments: Mapping[str, Callable[[], Sweep]],
        execute: Execute,
        *,
        root: Path,
        device: str = "auto",
    ) -> None:
        self.root, self.device = root, device
        self._experiments, self._execute = dict(experiments), execute
        self._cancel, self._ended = threading.Event(), threading.Event()
        self._planning, self._painting = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None
        self._worker: threading.Thread | None = None
        self._pace = Pace(0)
        self._told = 0.0
        self._name = ""  # whose pictures the views show
        self._make_controls()
        style = (Path(__file__).parents[1] / "panel.css").read_text("utf-8")
        top = widgets.Box([self.pick, self.form.name_box]).add_class("dwlab-fields")
        buttons = widgets.HBox([self.run_button, self.cancel_button, self.bar]).add_class(
            "dwlab-buttons"
        )
        parts_ = [
            widgets.HTML(f"<style>{style}</style>"),
            Pulse(),
            top,
            self.form,
            self.plan_line,
            buttons,
            self.status,
            self.views,
        ]
        super().__init__(parts_)
        self.add_class("dwlab-sweep")
        connect(self)
        self._memory = Memory(root, "sweep")
        self._open(self._memory.load())

    def _open(self, state: dict[str, Any]) -> None:
        """Show the experiment that was picked before the kernel restarted, as edited then, or the first of the list."""
        picked, edits = state.get("picked"), state.get("edits")
        known = isinstance(picked, str) and picked in self._experiments
        if known:
            self.pick.value = picked
        self._picked(None)
        if known and isinstance(edits, dict):
            self.form.put_back(edits)

    def _keep(self) -> None:
        """Keep what is picked and edited, from the first edit on: who only looks leaves no file."""
        edits = self.form.edits()
        if edits or self.pick.index or self._memory.load():
            self._memory.save({"picked": self.pick.value, "edits": edits})

    def _make_controls(self) -> None:
        self.form = Form(self._edited)
        self.pick = widgets.Dropdown(
            options=list(self._experiments), description="experiment", **_WIDE
        )
        self.pick.observe(self._picked, "value")
        self.plan_line, self.status = widgets.HTML(), widgets.HTML()
        self.run_button = widgets.Button(
            description="Run",
            button_style="primary",
            icon="play",
            tooltip="Compute what is missing",
            disabled=True,
        )
        self.cancel_button = widgets.Button(
            description="Cancel",
            icon="stop",
            tooltip="Stop within a step; what is finished is kept",
            disabled=True,
        )
        self.run_button.on_click(lambda _: self.start())
        self.cancel_button.on_click(lambda _: self.cancel())
        self.bar = widgets.FloatProgress(max=1.0, layout={"width": "auto", "flex": "1 1 200px"})
        self._pages = [widgets.HTML("Drawing &hellip;").add_class("dwlab-view") for _ in VIEWS]
        self.views = widgets.Tab(self._pages, titles=VIEWS, selected_index=0)
        self.views.observe(
            lambda _: threading.Thread(target=self._paint, daemon=True).start(), "selected_index"
        )

    @property
    def name(self) -> str:
        """The name of the sweep that is shown."""
        return self._name

    @property
    def running(self) -> bool:
        """Whether pictures are being computed."""
        return self._worker is not None and self._worker.is_alive()

    # -- picking and planning ------------------------------------------------------------------

    def _picked(self, _change: object) -> None:
        if not self._experiments:
            self.form.layout.display = self.views.layout.display = "none"
            self._say(
                "No experiments yet: put a YAML file into the project's folder experiments/, then run this cell again."
            )
            return
        with self._complaining():
            self.form.load(self._experiments[self.pick.value]())

    def _edited(self) -> None:
        """Plan again once no edit came for a moment, away from the thread that serves the page."""
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(DEBOUNCE, self._plan)
        self._timer.daemon = True
        self._timer.start()

    def _plan(self) -> None:
        mine = self._timer
        self._keep()
        with self._planning, self._complaining():
            sweep: Sweep = self.form.read()
            cells = sweep.cells()
            self._plan_says(f"<b>{len(cells):,} cells</b> &middot; estimating &hellip;")
            self.run_button.disabled = self.running
            plan = sweep.plan(
                self.root, device=self.device
            )  # imports torch: seconds, the first time
            if mine is self._timer:
                self._plan_says(_plan_html(plan))
            if sweep.name != self._name and not self.running:
                self._name = sweep.name
                self._paint()

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        """Show what goes wrong inside where it belongs; a sweep that could not run cannot be started."""
        try:
            yield
            self.form.complain(None)
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("unexpected")
            self.form.complain(error)
            self._plan_says("")
            self.run_button.disabled = self.running or isinstance(error, InvalidInput | ModelError)

    def _plan_says(self, text: str) -> None:
        self.plan_line.value = f'<div class="dwlab-plan">{text}</div>'

    # -- running -------------------------------------------------------------------------------

    def start(self) -> None:
        """Compute what is missing of the sweep in the form; does nothing while one runs."""
        if self.running:
            return
        self._cancel.clear()
        self._ended.clear()
        self.run_button.disabled, self.cancel_button.disabled = True, False
        self.bar.bar_style, self.bar.value = "", 0.0
        self._say("Starting &hellip;")
        self._worker = threading.Thread(target=self._work, name="dwlab-panel", daemon=True)
        self._worker.start()

    def cancel(self) -> None:
        """Stop within a step; what is finished stays."""
        self._cancel.set()
        self.cancel_button.disabled = True
        self._say("Stopping, then writing up what is finished &hellip;")

    def _work(self) -> None:
        ending, tone = (
            "<b>Stopped</b> by an error, which stands above; what was finished is kept.",
            "danger",
        )
        try:
            outcome = self._compute(self.form.read())
            ending, tone = (
                _ending(outcome),
                "warning" if outcome.left or outcome.failed or outcome.nan else "success",
            )
            self.bar.value = 1 - outcome.left / outcome.total
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("a sweep ended unexpectedly")
            self.form.complain(error)
        finally:  # whatever happened, Run can be pressed again
            self._ended.set()
            with self._planning:  # a plan that is being made still believes that this runs
                self._worker = None
                self.cancel_button.disabled, self.run_button.disabled = True, False
            self.bar.bar_style = tone
            self._say(ending)
        if tone != "danger":
            self._plan()  # the counts have changed
        self._paint()

    def _compute(self, sweep: Sweep) -> Outcome:
        self._name = sweep.name
        outcome, _ = self._execute(
            sweep,
            results=self.root,
            device=self.device,
            cancel=self._cancel,
            on_plan=self._begin,
            on_event=self._tell,
        )
        return outcome

    def _begin(self, _total: int, todo: Work) -> None:
        self._pace = Pace(todo)
        self._say("Loading the model &hellip;")
        threading.Thread(target=self._keep_painting, name="dwlab-painter", daemon=True).start()

    def _tell(self, event: Event) -> None:
        """Take an event of the run in; called on its thread, many times a second."""
        if isinstance(event, Downloading):
            self._tell_of_download(event.download)
            return
        pace = self._pace
        pace.update(event)
        soon = time.monotonic() - self._told < TELL_EVERY and pace.finished < pace.total
        if soon or not pace.share or self._cancel.is_set():
            return
        self._told = time.monotonic()
        if pace.finished == pace.total:
            self._say("Writing table, grid and report &hellip;")
            return
        self.bar.value = pace.share
        self._say(parts.status_html(pace))

    def _tell_of_download(self, download: Download) -> None:
        if not self._cancel.is_set():
            self.bar.value = 0.0 if download.over else download.share
            self._say(f"Downloading {html.escape(download.model)}, once: {download}")

    def _say(self, text: str) -> None:
        self.status.value = f'<div class="dwlab-status" role="status">{text}</div>'

    # -- looking -------------------------------------------------------------------------------

    def _keep_painting(self) -> None:
        pause, seen = PAINT_EVERY, 0
        while not self._ended.wait(pause):
            if self._pace.finished != seen:
                seen, began = self._pace.finished, time.monotonic()
                self._paint()
                pause = max(PAINT_EVERY, 4 * (time.monotonic() - began))

    def _paint(self) -> None:
        """Draw the view that is open from what the store holds, or say in its place why that cannot be."""
        with self._painting:
            page = self.views.selected_index or 0
            try:
                text = _view(VIEWS[page], self.root, self._name)
            except Exception as error:
                if not isinstance(error, DwlabError | OSError):
                    log.exception("a view could not be drawn")
                text = message_html(error)
            self._pages[page].value = text


def _view(view: str, root: Path, name: str) -> str:
    table = Results(root).find(name)
    if table is None or table.empty:
        return "No pictures yet."
    if view == "Grid":
        return parts.image_html(
            parts.small_grid(table), f"the pictures of {name} in rows and columns"
        )
    if view == "Table":
        return parts.table_html(table)
    if view == "Plots":
        return parts.plots_html(table)
    return parts.files_html(parts.files_of(root, name))


def _plan_html(plan: Plan) -> str:
    time_ = "time not known" if plan.seconds is None else f"about {rough_duration(plan.seconds)}"
    counts = f"<b>{plan.cells:,} cells</b> &middot; {plan.done:,} done &middot; {plan.todo:,} to do"
    estimate = f" &middot; {time_}, {plan.bytes / 1e6:,.1f} MB" if plan.todo else ""
    basis = f' <span class="dwlab-muted">({html.escape(plan.basis)})</span>' if plan.todo else ""
    warnings = "".join(f"<li>{html.escape(text)}</li>" for text in plan.warnings)
    return f"{counts}{estimate}{basis}{f'<ul>{warnings}</ul>' if warnings else ''}"


def _ending(outcome: Outcome) -> str:
    failed = f", {outcome.failed:,} failed (Run tries them again)" if outcome.failed else ""
    made = f"{outcome.made:,} made now, {outcome.reused:,} already there{failed}"
    broken = f"<br><b>Warning</b>: {html.escape(outcome.warning)}." if outcome.warning else ""
    if outcome.left:
        return f"<b>Stopped</b>: {made}, {outcome.left:,} left. Run goes on from here.{broken}"
    return (
        f"<b>Done</b>: {made}. The report, the table and the grid are listed under Files.{broken}"
    )
