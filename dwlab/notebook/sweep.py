"""Notebooks: papermill runs them for the command line, and they open a sweep for whoever looks at them."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..models.quiet import quiet_libraries
from ..paths import project_folder, project_results
from ..spec.compute import Compute
from .papermill import injected

if TYPE_CHECKING:
    from ..runs.sweep import Sweep
    from ..runs.table import Table
    from ..widgets.sweep.panel import SweepPanel

ROWS = 24  # of a table in an executed notebook
PARAMETERS = ("experiment", "results", "overrides", "compute", "device")  # of sweep.ipynb


def open_sweep(
    experiment: str = "",
    *,
    results: str = "",
    overrides: Mapping[str, Any] | None = None,
    compute: bool = True,
    device: str = "auto",
) -> SweepView:
    """What sweep.ipynb works with: an experiment to run or to look at, or the panel where none is named.

    experiment: a YAML file (looked for from here, then from the project's folder), or the name of one that
    ran before. results: the results folder, seen from the project, if not the usual one. overrides: axes and base values to
    replace. compute: False shows what is there and computes nothing.
    Raises InvalidInput for parameters of the notebook or overrides that are unknown.
    """
    quiet_libraries()
    headless = injected(PARAMETERS)
    if not isinstance(overrides, Mapping) and overrides is not None:
        raise InvalidInput("overrides", overrides, "a map like {steps: [2, 4], seed: 1}")
    if not isinstance(experiment, str):
        raise InvalidInput(
            "experiment", experiment, "a YAML file, or the name of an experiment that ran before"
        )
    root = project_results(results)
    if not experiment:
        if headless or overrides:
            raise InvalidInput(
                "experiment",
                experiment,
                "a YAML file, or the name of an experiment that ran before",
            )
        return SweepView(root, panel=_panel(root, Compute(device=device)))
    if not compute:
        if overrides:
            raise InvalidInput("overrides", overrides, "none where compute is False")
        return SweepView(root, _stored_name(experiment, root))
    sweep = _find(experiment, root).override(overrides or {})
    return SweepView(root, sweep=sweep, compute=Compute(device=device))


class SweepView:
    """One sweep in a notebook: `run` it, then look at `pictures`, `grid`, `plots`, `files`, or take its `table`."""

    def __init__(
        self,
        root: Path,
        name: str = "",
        *,
        sweep: Sweep | None = None,
        compute: Compute = Compute(),
        panel: SweepPanel | None = None,
    ) -> None:
        self.root, self.sweep, self.panel = root, sweep, panel
        self._compute = compute
        self._name = sweep.name if sweep else name

    def _ipython_display_(self) -> None:
        _show(self.panel or self._plan() or self._facts())

    @property
    def name(self) -> str:
        """The sweep's name; with the panel, that of the one shown there."""
        return self.panel.name if self.panel else self._name

    @property
    def table(self) -> Table | None:
        """One row per cell; None where nothing ran yet."""
        from ..runs.results import Results

        return Results(self.root).find(self.name)

    def run(self) -> None:
        """Compute what is missing, with a line of progress now and then; nothing to do for the panel or without `compute`."""
        if self.sweep is None:
            return
        from ..workflows.sweep import execute

        with contextlib.redirect_stderr(
            sys.stdout
        ):  # a notebook shows stderr in red, as if something were wrong
            outcome, _ = execute(self.sweep, results=self.root, compute=self._compute)
        failed = (
            f", {outcome.failed} failed (run this again to try them again)"
            if outcome.failed
            else ""
        )
        print(
            f"{outcome.name}: {outcome.made} pictures made now, {outcome.reused} already there{failed}"
        )
        for note in outcome.notes:
            print(f"note: {note}")

    def pictures(self) -> Any:
        """The first rows, with thumbnails."""
        from ..widgets.sweep.table import thumbnails_html

        return self._shown(lambda table: _html(thumbnails_html(table, ROWS)))

    def grid(self) -> Any:
        """The contact sheet, smaller than the file."""
        from ..widgets.sweep.grid import small_grid

        return self._shown(lambda table: _image(small_grid(table), f"the pictures of {self.name}"))

    def plots(self) -> None:
        """The plots, one below the other."""
        from ..widgets.small_pictures import png
        from ..widgets.sweep.plots import figures

        for title, figure in (self._shown(figures) or {}).items():
            _show(_image(png(figure), title))

    def files(self) -> Any:
        """Where the sweep's files lie."""
        from ..widgets.sweep.files import files_html, files_of

        return self._shown(lambda _: _html(files_html(files_of(self.root, self.name))))

    def _shown(self, make: Callable[[Table], Any]) -> Any:
        table = self.table
        return None if table is None or table.empty else make(table)

    def _plan(self) -> Any:
        from ..runs.plan import make_plan

        return make_plan(self.sweep, self.root, self._compute) if self.sweep else None

    def _facts(self) -> Any:
        """What an experiment that ran is, where nothing shall be computed and so no model is looked at."""
        from ..widgets.sweep.facts import sweep_facts_html

        table = self.table
        if table is None or table.empty:
            return f"{self.name}: no pictures yet"
        return _html(sweep_facts_html(table))


def _html(text: str) -> Any:
    from IPython.display import HTML

    return HTML(text)


def _image(data: bytes, text: str) -> Any:
    from IPython.display import Image

    return Image(data, alt=text)


def _show(what: Any) -> None:
    from IPython.display import display

    display(what)


def _find(experiment: str, root: Path) -> Sweep:
    """The sweep of a YAML file, here or in the project, or of an experiment that ran before."""
    from ..runs.sweep import Sweep

    stored = _stored(root)
    if experiment in stored:
        return Sweep.from_dict(stored[experiment])
    places = (
        Path(experiment),
        project_folder() / experiment,
        project_folder() / "experiments" / f"{experiment}.yaml",
    )
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        raise InvalidInput(
            "experiment", experiment,
            f"a YAML file, seen from {Path.cwd()} or {project_folder()}, or one that ran in {root}: {', '.join(stored) or 'none yet'}",
        )  # fmt: skip
    return Sweep.from_yaml(path)


def _stored_name(experiment: str, root: Path) -> str:
    """The name under which an experiment ran, given that name or its file."""
    if experiment in _stored(root):
        return experiment
    name = _find(experiment, root).name
    if name not in _stored(root):
        raise InvalidInput(
            "experiment", experiment, f"one that ran in {root}, where compute is False"
        )
    return name


def _stored(root: Path) -> dict[str, dict[str, Any]]:
    from ..store.store import open_existing

    with open_existing(root) as store:
        return store.experiments.specs() if store else {}


_open_panels: list[SweepPanel] = []


def _panel(root: Path, compute: Compute) -> SweepPanel:
    """The panel of this kernel that still runs, else a new one."""
    from ..runs.sweep import Sweep
    from ..widgets.sweep.panel import SweepPanel
    from ..workflows.sweep import execute

    if _open_panels and _open_panels[0].running:
        return _open_panels[0]
    choices: dict[str, Callable[[], Any]] = {
        path.name: functools.partial(Sweep.from_yaml, path)
        for path in sorted((project_folder() / "experiments").glob("*.yaml"))
        if not path.name.startswith("bench-")
    }
    for name, spec in _stored(root).items():
        choices[f"{name} (ran before)"] = functools.partial(Sweep.from_dict, spec)
    _open_panels[:] = [SweepPanel(choices, execute, root=root, compute=compute)]
    return _open_panels[0]
