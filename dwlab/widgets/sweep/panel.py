"""The panel of the sweep notebook: pick an experiment, edit it, see what it would cost, run it."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ...errors import DwlabError, InvalidInput, ModelError, RenderError
from ...events import Connected, Downloading, WorkerChanged
from ...runs.plan import make_plan
from ...runs.results import Results
from ...spec.compute import Compute
from ..heartbeat import HeartbeatLine, connect
from ..panel_run import Ending, PanelRun
from ..saved_state import SavedState
from ..served_files import links
from .answer import answer_for_page
from .ending import ending_of
from .files import file_list
from .form import SweepForm
from .page import SweepPage
from .place import Place
from .plan_page import WRONG, counting, plan_for_page
from .row_choices import addable
from .views import SweepViews
from .workers import WorkersStrip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ...events import Event
    from ...runs.outcome import Outcome
    from ...runs.sweep import Sweep
    from ...runs.work import Work
    from ..explore.explorer import Explorer

    Execute = Callable[..., tuple[Outcome, Mapping[str, Path]]]

log = logging.getLogger(__name__)
DEBOUNCE = 0.25  # seconds without an edit before the sweep is planned again
NO_EXPERIMENTS = (
    "No experiments yet. Put a YAML file into the project's folder experiments/, then run this "
    "cell again."
)


class SweepPanel(widgets.VBox):
    """One sweep at a time: a page to edit and run it, and views of its pictures.

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
        super().__init__()
        self.root = root
        self.place = Place(compute)
        self._experiments = dict(experiments)
        self._execute = execute
        self._saved = SavedState(root, "sweep")
        self._planning = threading.Lock()
        self._timer: threading.Timer | None = None
        self._server_root = ""
        self.form = SweepForm()
        self.page = SweepPage()
        self.workers = WorkersStrip(self.page)
        self.views = SweepViews(root, bench)
        self.runner = PanelRun(
            self.page,
            "pictures",
            compute=self._compute,
            complain=self._show_error,
            after=self._after_run,
        )
        self.children = (HeartbeatLine(), self.page, self.views)
        self.add_class("dw").add_class("dwlab-panel").add_class("dwlab-sweep")
        self.page.on_msg(lambda _page, content, _buffers: self._receive(content))
        connect(self)
        self._restore(self._saved.load())

    @property
    def name(self) -> str:
        """The name of the sweep whose pictures are shown."""
        return self.views.sweep_name

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.runner.running

    # -- what a page asks for -------------------------------------------------------------------

    def _receive(self, content: object) -> None:
        """Act on a message of a page, {"do": action, ...}; errors are shown by the field."""
        if not isinstance(content, dict) or "do" not in content:
            # a heartbeat, which is answered elsewhere
            return
        arguments: dict[str, Any] = dict(content)
        action = arguments.pop("do")
        actions: dict[str, Callable[..., None]] = {
            "edit": lambda: None,
            "pick": self.pick,
            "add": self.add_axis,
            "remove": self.form.remove,
            "kind": self.form.change_kind,
            "settle": self.form.settle,
            "run": self.start,
            "cancel": self.cancel,
            "served": self._served_from,
        }
        edit = arguments.pop("edit", None)
        form = arguments.pop("form", None)
        self.place.take(arguments.pop("where", None))
        if isinstance(form, dict):
            self.form.take(form.get("name"), form.get("rows"))
        with self._showing_errors():
            actions[action](**arguments)
        if action not in ("cancel", "served"):
            self._edited(edit)

    def pick(self, experiment: str) -> None:
        """Show another experiment of the list; edits of the one before are given up."""
        self.page.offer = {**self.page.offer, "picked": experiment}
        self.form.load(self._experiments[experiment]())

    def add_axis(self, parameter: str) -> None:
        """Vary another parameter."""
        name = self.form.add(parameter)
        self.page.offer = {**self.page.offer, "added": {"parameter": parameter, "name": name}}

    def start(self) -> None:
        """Compute what is missing; does nothing during a run."""
        if not self.running:
            self.workers.clear()
        self.runner.start()

    def cancel(self) -> None:
        """Stop within a step; finished pictures are kept."""
        self.runner.cancel("Stopping, then writing the report of what is finished …")

    def _served_from(self, root: str) -> None:
        """A page knows which folder Jupyter serves: what lies there has addresses."""
        self._server_root = str(root)
        self._show_files()

    # -- what outlasts the kernel ---------------------------------------------------------------

    def _restore(self, state: dict[str, object]) -> None:
        """Show the experiment with its edits as before the kernel restarted, or the first one."""
        self.page.offer = {
            "experiments": list(self._experiments),
            "parameters": addable(),
            "places": self.place.choices(),
        }
        self.place.take(state.get("where"))
        if not self._experiments:
            self.page.run = {"running": False, "text": NO_EXPERIMENTS}
            self.page.plan = {"state": WRONG}
            return
        picked = state.get("picked")
        edits = state.get("edits")
        is_known = isinstance(picked, str) and picked in self._experiments
        with self._showing_errors():
            self.pick(str(picked) if is_known else next(iter(self._experiments)))
            if is_known and isinstance(edits, dict):
                self.form.restore(edits)
        self._edited(None)

    def _save_edits(self) -> None:
        """Save what is picked and edited. As long as nobody edits anything, no file is made."""
        edits = self.form.edits()
        picked = self.page.offer.get("picked")
        is_first = picked == next(iter(self._experiments), None)
        state = {"picked": picked, "edits": edits, **self.place.edit()}
        if edits or not is_first or self.place.edit() or self._saved.load():
            self._saved.save(state)

    # -- planning -------------------------------------------------------------------------------

    def _edited(self, edit: object) -> None:
        """Show the form as it is now, and plan it soon, not on the thread that serves the page.

        edit: the page that edited, and the number of its edit; None for the kernel.
        """
        self.page.form = {
            **self.form.for_page(),
            "also": self.form.also(),
            "where": self.place.text,
            "edit": edit,
        }
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
            self.page.problem = {}
            self.page.plan = counting(len(cells))
            # the first plan imports torch, which takes seconds
            plan = make_plan(sweep, self.root, self.place.compute)
            if timer is self._timer:
                self.page.plan = plan_for_page(plan)
            if sweep.name != self.name and not self.running:
                self._show_sweep(sweep.name)

    @contextlib.contextmanager
    def _showing_errors(self) -> Iterator[None]:
        """Show an error where it belongs; a sweep that could not run cannot be started."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("unexpected")
            self._show_error(error)
            # a plan that is an error of rendering has no workers
            if isinstance(error, InvalidInput | ModelError | RenderError):
                self.page.plan = {"state": WRONG}

    def _show_error(self, error: Exception) -> None:
        self.page.problem = self.form.problem(error)

    # -- what there is of the sweep -------------------------------------------------------------

    def _show_sweep(self, name: str) -> None:
        self.views.show(name)
        self._show_answer()
        self._show_files()

    def _show_answer(self) -> None:
        """What the pictures say; nothing before there are any."""
        try:
            table = Results(self.root).find(self.name)
        except (DwlabError, OSError):
            # the views say what is wrong
            table = None
        if table is None or table.empty:
            self.page.answer = {}
        else:
            self.page.answer = answer_for_page(table)

    def _show_files(self) -> None:
        files = file_list(self.root, self.name) if self.name else {}
        self.page.files = links(files, self._server_root)

    # -- running --------------------------------------------------------------------------------

    def _compute(self) -> Ending:
        sweep = self.form.read()
        self.views.sweep_name = sweep.name
        outcome, _ = self._execute(
            sweep,
            results=self.root,
            compute=self.place.compute,
            cancel=self.runner.cancelled,
            on_plan=self._planned,
            on_event=self._tell,
        )
        self.runner.say("Writing what the pictures say …", share=1 - outcome.left / outcome.total)
        # before the run is said to be over: its answer comes first
        self._show_answer()
        return ending_of(outcome)

    def _after_run(self, ending: Ending) -> None:
        self.workers.end(self.runner.pace.workers)
        if ending.tone != "danger":
            # the counts have changed
            self._plan()
        self._show_answer()
        self._show_files()
        self.views.paint()

    def _planned(self, _total: int, todo: Work) -> None:
        if todo:
            # it is about fewer pictures than there soon will be
            self.page.answer = {}
        self.runner.begin(todo, "Loading the model …")
        self.views.start_painting(self.runner.pace, until=self.runner.ended)

    def _tell(self, event: Event) -> None:
        """Take in an event of the run; called on its thread, many times per second."""
        if not isinstance(event, Downloading):
            self.runner.tell(event, "Writing the table, the grid and the report …")
            if isinstance(event, Connected | WorkerChanged):
                self.workers.tell(self.runner.pace.workers)
        elif not self.runner.cancelled.is_set():
            download = event.download
            share = 0.0 if download.over else download.share
            text = f"Downloading {download.model} (only the first time): {download}"
            self.runner.say(text, share=share)
