"""What benchmark.ipynb works with: a benchmark run headlessly, or the panel to tick and run one by hand."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..models.quiet import quiet_libraries
from ..paths import project_folder, project_results
from .papermill import injected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..bench.compare import Comparison
    from ..bench.spec import BenchSpec
    from ..widgets.bench import BenchPanel

PARAMETERS = ("benchmark", "devices", "dtypes", "quick", "results", "beside")
SHORT = "shapes, in short"  # what the list calls the benchmark that is no file


def open_bench(
    benchmark: str = "",
    *,
    devices: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    quick: bool = True,
    results: str = "",
    beside: Sequence[str] = (),
) -> Bench:
    """A benchmark in a notebook: run at once where papermill gave parameters or one is named, else the panel.

    benchmark: a YAML file, looked for from here, then from the project's folder; empty for the short one. devices,
    dtypes: in place of the benchmark's. quick: two rounds of a few samples. results: the results folder, if not the
    usual one. beside: files of other machines to line up with. Relative paths are taken from the project's folder. Raises InvalidInput for unknown parameters.
    """
    quiet_libraries()
    headless, root = injected(PARAMETERS), project_results(results)
    if not headless and not benchmark:
        return Bench(root, beside, panel=_panel(root))
    spec = (_find(benchmark)() if benchmark else _short()).vary(
        device=devices or None, dtype=dtypes or None
    )
    return Bench(root, beside, spec=spec.quick() if quick else spec)


class Bench:
    """One benchmark in a notebook: `run` it, then look at its `comparison` and its `charts`."""

    def __init__(
        self,
        root: Path,
        beside: Sequence[str],
        *,
        spec: BenchSpec | None = None,
        panel: BenchPanel | None = None,
    ) -> None:
        self.root, self.spec, self.panel = root, spec, panel
        self._beside = [project_folder() / Path(name).expanduser() for name in beside]
        self._path: Path | None = None

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(
            self.panel
            or f"{self.spec.name if self.spec else ''}, to be measured into {self.root / 'benchmarks'}"
        )

    def run(self) -> None:
        """Measure, with a line of progress now and then; nothing to do with the panel, which has a button for it."""
        import contextlib
        import sys

        from ..workflows.bench import execute_bench

        if self.spec:
            with contextlib.redirect_stderr(
                sys.stdout
            ):  # a notebook shows stderr in red, as if something were wrong
                self._path = execute_bench(self.spec, results=self.root)
            print(self._path)

    @property
    def path(self) -> Path | None:
        """The file that was written last; None before a run."""
        return self.panel.path if self.panel else self._path

    def comparison(self) -> Comparison | None:
        """The run's rows, and those of the files beside it, lined up; None before a run."""
        from ..bench.compare import compare

        return compare([self.path, *self._beside]) if self.path else None

    def charts(self) -> None:
        """The charts, one below the other."""
        from IPython.display import display

        from ..bench.charts import charts

        found = self.comparison()
        for chart in charts(found.rows).values() if found else ():
            display(chart)


def _short() -> BenchSpec:
    from ..bench.spec import DEFAULT

    return DEFAULT


def _find(benchmark: str) -> Callable[[], BenchSpec]:
    from ..bench.spec import BenchSpec

    project = project_folder()
    places = (Path(benchmark), project / benchmark, project / "experiments" / f"{benchmark}.yaml")
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        raise InvalidInput(
            "benchmark", benchmark, f"a YAML file, seen from {Path.cwd()} or {project}"
        )
    return functools.partial(BenchSpec.from_yaml, path)


_open: list[BenchPanel] = []


def _panel(root: Path) -> BenchPanel:
    """The panel of this kernel that still runs, else a new one."""
    from ..bench.compare import compare
    from ..bench.runner import run
    from ..models import device
    from ..spec.param_checks import DTYPES
    from ..widgets.bench import BenchPanel

    if _open and _open[0].running:
        return _open[0]
    files = sorted((project_folder() / "experiments").glob("bench-*.yaml"))
    benchmarks: dict[str, Any] = {SHORT: _short, **{path.name: _find(str(path)) for path in files}}
    dtypes = [name for name in DTYPES if name != "auto"]
    _open[:] = [
        BenchPanel(
            benchmarks,
            devices=device.available(),
            dtypes=dtypes,
            measure=run,
            line_up=compare,
            root=root,
        )
    ]
    return _open[0]
