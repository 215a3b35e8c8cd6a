"""What sweep.ipynb calls: a sweep to run or to look at, or the panel to run one by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..models.quiet import quiet_libraries
from ..paths import project_results
from ..spec.compute import Compute
from ..spec.memory import parse as parse_memory
from .display import html, show, stderr_as_stdout
from .experiment_files import find_file, searched_folders, sweep_files
from .papermill import injected

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.display import HTML

    from ..runs.plan import Plan
    from ..runs.sweep import Sweep
    from ..runs.table import Table
    from ..widgets.small_pictures import ThemedPicture
    from ..widgets.sweep.panel import SweepPanel

# of sweep.ipynb
PARAMETERS = ("experiment", "results", "overrides", "compute", "device", "memory", "trust_code")

# of a table in an executed notebook
ROWS = 24

EXPERIMENT_ALLOWED = "a YAML file, or the name of an experiment that ran before"


def open_sweep(
    experiment: str = "",
    *,
    results: str = "",
    overrides: Mapping[str, Any] | None = None,
    compute: bool = True,
    device: str = "auto",
    memory: object = None,
    trust_code: bool = False,
) -> SweepView:
    """A sweep in a notebook, or the panel if none is named.

    experiment: a YAML file, looked for from here, then from the project's folder, or the name of an
    experiment that ran before. results: the results folder, seen from the project, if not the usual
    one. overrides: axes and base values to replace. compute: False shows what is there and computes
    nothing. memory: "auto", or names of measures that save memory (docs/memory.md). trust_code:
    run the code that an experiment names (docs/methods.md). Raises
    InvalidInput for unknown parameters of the notebook and unknown overrides.
    """
    quiet_libraries()
    headless = injected(PARAMETERS)
    if not isinstance(overrides, Mapping) and overrides is not None:
        raise InvalidInput("overrides", overrides, "a map like {steps: [2, 4], seed: 1}")
    if not isinstance(experiment, str):
        raise InvalidInput("experiment", experiment, EXPERIMENT_ALLOWED)
    how = Compute(device=device, memory=parse_memory(memory))
    root = project_results(results)
    if not experiment:
        if headless or overrides:
            raise InvalidInput("experiment", experiment, EXPERIMENT_ALLOWED)
        return SweepView(root, panel=_panel(root, how, trust_code=trust_code))
    if not compute:
        if overrides:
            raise InvalidInput("overrides", overrides, "none if compute is False")
        return SweepView(root, _stored_name(experiment, root))
    sweep = _find(experiment, root).override(overrides or {})
    return SweepView(root, sweep=sweep, compute=how, trust_code=trust_code)


class SweepView:
    """One sweep in a notebook.

    `run` it, then look at its `pictures`, `grid`, `plots` and `files`, or work with its `table`.
    """

    def __init__(
        self,
        root: Path,
        name: str = "",
        *,
        sweep: Sweep | None = None,
        compute: Compute = Compute(),
        panel: SweepPanel | None = None,
        trust_code: bool = False,
    ) -> None:
        self.root = root
        self.sweep = sweep
        self.panel = panel
        self._compute = compute
        self._trust_code = trust_code
        self._name = sweep.name if sweep else name

    def _ipython_display_(self) -> None:
        show(self.panel or self._plan() or self._facts())

    @property
    def name(self) -> str:
        """The sweep's name; with the panel, that of the one shown there."""
        return self.panel.name if self.panel else self._name

    @property
    def table(self) -> Table | None:
        """One row per cell; None if nothing ran yet."""
        from ..runs.results import Results

        return Results(self.root).find(self.name)

    def run(self) -> None:
        """Compute what is missing, with a line of progress now and then.

        Does nothing with the panel, which has a button for it, and without `compute`.
        """
        if self.sweep is None:
            return
        from ..workflows.sweep import execute

        with stderr_as_stdout():
            outcome, _ = execute(
                self.sweep,
                results=self.root,
                compute=self._compute,
                trust_code=self._trust_code,
            )
        counts = f"{outcome.made} pictures made now, {outcome.reused} already there"
        if outcome.failed:
            counts += f", {outcome.failed} failed (run this again to try them again)"
        print(f"{outcome.name}: {counts}")
        for note in outcome.notes:
            print(f"note: {note}")

    def pictures(self) -> HTML | None:
        """The first rows, with thumbnails; None if there are no pictures."""
        from ..widgets.sweep.table import thumbnails_html

        table = self._rows()
        return None if table is None else html(thumbnails_html(table, ROWS))

    def grid(self) -> ThemedPicture | None:
        """The contact sheet, smaller than the file, for the page's theme; None without pictures."""
        from ..widgets.sweep.grid import themed_grid

        table = self._rows()
        return None if table is None else themed_grid(table, f"the pictures of {self.name}")

    def answer(self) -> HTML | None:
        """Which setting is good enough, in words and charts; None if no metric ranks settings."""
        from ..widgets.sweep.answer import answer_html

        table = self._rows()
        text = "" if table is None else answer_html(table)
        return html(text) if text else None

    def plots(self) -> None:
        """The plots, one below the other, for the page's theme; nothing if there are no pictures."""
        from ..widgets.sweep.plots import themed_plots

        table = self._rows()
        if table is not None:
            for plot in themed_plots(table):
                show(plot)

    def files(self) -> HTML | None:
        """The files of the sweep; None if there are no pictures."""
        from ..widgets.sweep.files import files_html, files_of

        if self._rows() is None:
            return None
        return html(files_html(files_of(self.root, self.name)))

    def _rows(self) -> Table | None:
        """The table if it has rows."""
        table = self.table
        return None if table is None or table.empty else table

    def _plan(self) -> Plan | None:
        from ..runs.plan import make_plan

        return make_plan(self.sweep, self.root, self._compute) if self.sweep else None

    def _facts(self) -> HTML | str:
        """What is stored of an experiment; this looks at no model, because nothing is computed."""
        from ..widgets.sweep.facts import sweep_facts_html

        table = self._rows()
        if table is None:
            return f"{self.name}: no pictures yet"
        return html(sweep_facts_html(table))


def _find(experiment: str, root: Path) -> Sweep:
    """The sweep of a YAML file, here or in the project, or of an experiment that ran before."""
    from ..runs.sweep import Sweep

    stored = _stored(root)
    if experiment in stored:
        return Sweep.from_dict(stored[experiment])
    path = find_file(experiment)
    if path is None:
        names = ", ".join(stored) or "none yet"
        allowed = f"a YAML file, seen from {searched_folders()}, or one that ran in {root}: {names}"
        raise InvalidInput("experiment", experiment, allowed)
    return Sweep.from_yaml(path)


def _stored_name(experiment: str, root: Path) -> str:
    """The name under which an experiment ran. experiment: that name, or its file."""
    if experiment in _stored(root):
        return experiment
    name = _find(experiment, root).name
    if name not in _stored(root):
        allowed = f"one that ran in {root}, if compute is False"
        raise InvalidInput("experiment", experiment, allowed)
    return name


def _stored(root: Path) -> dict[str, dict[str, Any]]:
    from ..store.store import open_existing

    with open_existing(root) as store:
        return store.experiments.specs() if store else {}


_open_panels: list[SweepPanel] = []


def _panel(root: Path, compute: Compute, *, trust_code: bool) -> SweepPanel:
    """The panel of this kernel if it still runs, otherwise a new one."""
    from ..runs.sweep import Sweep
    from ..widgets.sweep.panel import SweepPanel
    from ..workflows.sweep import execute
    from .explore import open_explorer

    if _open_panels and _open_panels[0].running:
        return _open_panels[0]
    choices: dict[str, Callable[[], Any]] = {}
    for path in sweep_files():
        choices[path.name] = functools.partial(Sweep.from_yaml, path)
    for name, spec in _stored(root).items():
        choices[f"{name} (ran before)"] = functools.partial(Sweep.from_dict, spec)
    panel = SweepPanel(
        choices,
        functools.partial(execute, trust_code=trust_code),
        root=root,
        compute=compute,
        bench=functools.partial(open_explorer, root),
    )
    _open_panels[:] = [panel]
    return panel
