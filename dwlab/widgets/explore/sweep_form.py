"""The form "Sweep this" of the prompt bench: it plans, writes or runs a sweep, and says beside it what came of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.html import data_uri
from ...errors import DwlabError, InvalidInput
from ...runs.results import Results
from ..parts import small_grid
from ..sweep.form import place
from .recipe_sweep import ExperimentFile, plan_shown, sweep_of

if TYPE_CHECKING:
    from ...runs.run import Sweep
    from .explorer import Explorer

UNSWEPT = ("count", "locked")  # controls that no sweep depends on


class SweepThis:
    """What the form asks for, and what it shows: the bench's traits `plan`, `form` and `sweeping`.

    `plan` and `form` are about the fields as they stand and go when one of them changes. `sweeping` is about the
    sweep that runs or ran last, by its name.
    """

    def __init__(self, bench: Explorer) -> None:
        self._bench = bench
        self._spec: Sweep | None = None  # of the plan that is shown
        self._about: tuple[object, ...] = ()  # the fields that `plan` and `form` are about

    def ask(self, name: str, axes: dict[str, str], action: str = "plan", by: str = "") -> None:
        """Do what a page asks for; what is wrong is said in the form, and `by`, the page, puts the focus there."""
        bench = self._bench
        self._about = self._fields()
        bench.plan = {}
        bench.form = {"text": "Planning …"}
        if not bench.sweeping.get("running"):
            bench.sweeping = {}
        try:
            self.make(name, axes, action)
        except (DwlabError, OSError) as error:
            field = (
                place(error.field, [*axes, "name", *bench.problems])
                if isinstance(error, InvalidInput)
                else ""
            )
            bench.form = {"text": str(error), "tone": "bad", "field": field, "page": by}

    def make(self, name: str, axes: dict[str, str], action: str) -> None:
        """Plan the sweep that the controls make; `write` its file or `run` it. Raises InvalidInput, and what planning raises."""
        bench = self._bench
        spec = sweep_of(bench.recipe(without=axes), name, axes)
        plan = spec.plan(bench.root, device=bench.session.device)
        file = ExperimentFile(bench.project, spec)
        if action == "write":
            file.write()
        if action == "run":
            self._check_name(spec)
        self._spec = spec
        bench.plan = plan_shown(plan, file, bench.root)
        bench.form = {}
        if action == "run":
            self._run(spec)

    def _check_name(self, spec: Sweep) -> None:
        known = self._bench.session.spec(spec.name) or Results(self._bench.root).specs().get(
            spec.name
        )
        if known not in (None, spec.as_dict()):
            raise InvalidInput("name", spec.name, "a name of no other sweep in these results")

    def _run(self, spec: Sweep) -> None:
        if self._bench.session.unfinished:
            self._bench.form = {
                "text": f"{spec.name} starts after what was asked for before.",
                "waiting": spec.name,
            }
        self._bench.session.sweep(spec)

    def forget_stale(self) -> None:
        """Take away what is said of fields that have changed since."""
        if self._about and self._about != self._fields():
            self._about = ()
            self._bench.plan = self._bench.form = {}

    def _fields(self) -> tuple[object, ...]:
        controls = {
            name: value for name, value in self._bench.controls.items() if name not in UNSWEPT
        }
        ticked = {
            name: axis["values"]
            for name, axis in self._bench.page.get("axes", {}).items()
            if axis["on"]
        }
        return controls, self._bench.page.get("name"), ticked

    def begin(self, spec: Sweep) -> None:
        """Its turn has come."""
        self._bench.sweeping = {"name": spec.name, "running": True}
        self._stop_waiting(spec.name)

    def say(self, text: str, *, tone: str = "", share: float = 0.0, running: bool = True) -> None:
        """How the sweep goes, or how it ended."""
        news = {"text": text, "tone": tone, "share": share, "running": running}
        self._bench.sweeping = {**self._bench.sweeping, **news}

    def cancelled(self) -> None:
        """Whatever waited does so no longer."""
        self._stop_waiting(self._bench.form.get("waiting", ""))

    def _stop_waiting(self, name: str) -> None:
        if name and self._bench.form.get("waiting") == name:
            self._bench.form = {}

    def paint(self, spec: Sweep) -> None:
        """Show the pictures that the sweep has so far, and count again if its plan is shown."""
        bench = self._bench
        table = Results(bench.root).find(spec.name)
        if table is not None and not table.empty:
            bench.sweeping = {**bench.sweeping, "grid": data_uri(small_grid(table), "jpeg")}
        if bench.plan and self._spec is not None and self._spec.as_dict() == spec.as_dict():
            plan = spec.plan(bench.root, device=bench.session.device)
            bench.plan = plan_shown(plan, ExperimentFile(bench.project, spec), bench.root)
