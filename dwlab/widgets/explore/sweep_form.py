"""The form "Sweep this" of the prompt bench: it plans, writes or runs a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import DwlabError, InvalidInput
from ...runs.plan import make_plan
from ...runs.results import Results
from ..field_errors import field_meant
from ..sweep.grid import themed_grid
from .experiment import ExperimentFile, plan_for_page
from .recipe_sweep import sweep_around

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...runs.plan import Plan
    from ...runs.sweep import Sweep
    from .explorer import Explorer

INDEPENDENT = ("count", "locked")  # controls that no sweep depends on


class SweepForm:
    """What the form does and shows: the bench's traits `plan`, `form` and `sweeping`.

    `plan` and `form` are about the fields as they are now, and go when one of them changes.
    `sweeping` is about the sweep that runs or ran last, by its name.
    """

    def __init__(self, bench: Explorer) -> None:
        self._bench = bench
        self._planned: Sweep | None = None
        self._fields_shown: tuple[object, ...] = ()  # those that `plan` and `form` are about

    def ask(self, name: str, axes: dict[str, str], action: str = "plan", page_id: str = "") -> None:
        """Do what a page asks for.

        An error is shown in the form; the page called `page_id` moves the focus to its field.
        """
        bench = self._bench
        self._fields_shown = self._fields()
        bench.plan = {}
        bench.form = {"text": "Planning …"}
        if not bench.sweeping.get("running"):
            bench.sweeping = {}
        try:
            self.make(name, axes, action)
        except (DwlabError, OSError) as error:
            field = ""
            if isinstance(error, InvalidInput):
                field = field_meant(error.field, [*axes, "name", *bench.problems])
            bench.form = {"text": str(error), "tone": "bad", "field": field, "page_id": page_id}

    def make(self, name: str, axes: Mapping[str, str], action: str) -> None:
        """Plan the sweep that the controls make; `write` its file or `run` it.

        Raises InvalidInput for a wrong field, and what planning raises.
        """
        sweep = sweep_around(self._bench.recipe(without=axes), name, axes)
        plan = self._plan(sweep)
        if action == "write":
            self._file(sweep).write()
        if action == "run":
            self._check_name(sweep)
        self._planned = sweep
        self._show(sweep, plan)
        self._bench.form = {}
        if action == "run":
            self._run(sweep)

    def _plan(self, sweep: Sweep) -> Plan:
        return make_plan(sweep, self._bench.root, self._bench.session.compute)

    def _file(self, sweep: Sweep) -> ExperimentFile:
        return ExperimentFile(self._bench.project, sweep)

    def _show(self, sweep: Sweep, plan: Plan) -> None:
        self._bench.plan = plan_for_page(plan, self._file(sweep), self._bench.root)

    def _check_name(self, sweep: Sweep) -> None:
        queued = self._bench.session.spec(sweep.name)
        known = queued or Results(self._bench.root).specs().get(sweep.name)
        if known not in (None, sweep.as_dict()):
            raise InvalidInput(
                "name", sweep.name, "a name that no other sweep in these results has"
            )

    def _run(self, sweep: Sweep) -> None:
        if self._bench.session.unfinished:
            self._bench.form = {
                "text": f"{sweep.name} starts when the tasks before it have ended.",
                "waiting": sweep.name,
            }
        self._bench.session.sweep(sweep)

    def forget_stale(self) -> None:
        """Take away what was said about fields that have changed since."""
        if self._fields_shown and self._fields_shown != self._fields():
            self._fields_shown = ()
            self._bench.plan = {}
            self._bench.form = {}

    def _fields(self) -> tuple[object, ...]:
        """The fields that a plan depends on."""
        controls = dict(self._bench.controls)
        for name in INDEPENDENT:
            controls.pop(name, None)
        axes = self._bench.page.get("axes", {})
        ticked = {name: axis["values"] for name, axis in axes.items() if axis["on"]}
        pictures = self._bench.start_picture.references
        return controls, pictures, self._bench.page.get("name"), ticked

    def begin(self, sweep: Sweep) -> None:
        """Show that this sweep has started."""
        self._bench.sweeping = {"name": sweep.name, "running": True}
        self._stop_waiting(sweep.name)

    def say(self, text: str, *, tone: str = "", share: float = 0.0, running: bool = True) -> None:
        """Say how the sweep under way goes, or how it ended."""
        news = {"text": text, "tone": tone, "share": share, "running": running}
        self._bench.sweeping = {**self._bench.sweeping, **news}

    def stop_waiting(self) -> None:
        """Take away that a sweep waits; there are no more tasks."""
        self._stop_waiting(self._bench.form.get("waiting", ""))

    def _stop_waiting(self, name: str) -> None:
        if name and self._bench.form.get("waiting") == name:
            self._bench.form = {}

    def paint(self, sweep: Sweep) -> None:
        """Show the pictures that the sweep has so far; count its plan again if it is shown."""
        bench = self._bench
        table = Results(bench.root).find(sweep.name)
        if table is not None and not table.empty:
            sheet = themed_grid(table, f"The pictures of {sweep.name} so far")
            bench.sweeping = {**bench.sweeping, "sheet": sheet.for_page()}
        is_planned = self._planned is not None and self._planned.as_dict() == sweep.as_dict()
        if bench.plan and is_planned:
            self._show(sweep, self._plan(sweep))
