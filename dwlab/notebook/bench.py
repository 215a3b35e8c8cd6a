"""What benchmark.ipynb calls: a benchmark run from top to bottom, or the panel to run one by hand."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..models.quiet import quiet_libraries
from ..paths import project_folder, project_results
from .display import show, stderr_as_stdout
from .experiment_files import benchmark_files, find_file, searched_folders
from .papermill import injected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..bench.compare import Comparison
    from ..bench.spec import BenchSpec
    from ..widgets.bench import BenchPanel

# of benchmark.ipynb
PARAMETERS = ("benchmark", "devices", "dtypes", "quick", "results", "beside")

# the name of the benchmark without a file in the panel's list
SHORT = "shapes, in short"


def open_bench(
    benchmark: str = "",
    *,
    devices: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    quick: bool = True,
    results: str = "",
    beside: Sequence[str] = (),
) -> BenchView:
    """A benchmark in a notebook, or the panel if none is named and papermill set no parameters.

    benchmark: a YAML file, looked for from here, then from the project's folder; empty for the
    short one. devices, dtypes: replace the benchmark's. quick: two rounds of a few samples.
    results: the results folder, if not the usual one. beside: files of other machines to compare
    with. Relative paths start at the project's folder. Raises InvalidInput for unknown parameters.
    """
    quiet_libraries()
    headless = injected(PARAMETERS)
    root = project_results(results)
    if not headless and not benchmark:
        return BenchView(root, beside, panel=_panel(root))
    spec = _read(benchmark) if benchmark else _short()
    spec = spec.vary(device=devices or None, dtype=dtypes or None)
    return BenchView(root, beside, spec=spec.quick() if quick else spec)


class BenchView:
    """One benchmark in a notebook: `run` it, then look at its `comparison` and its `charts`."""

    def __init__(
        self,
        root: Path,
        beside: Sequence[str],
        *,
        spec: BenchSpec | None = None,
        panel: BenchPanel | None = None,
    ) -> None:
        self.root = root
        self.spec = spec
        self.panel = panel
        self._beside = [project_folder() / Path(name).expanduser() for name in beside]
        self._path: Path | None = None

    def _ipython_display_(self) -> None:
        name = self.spec.name if self.spec else ""
        show(self.panel or f"{name}, to be measured into {self.root / 'benchmarks'}")

    def run(self) -> None:
        """Measure, with a line of progress now and then; the panel has a button for it instead."""
        from ..workflows.bench import execute_bench

        if self.spec:
            with stderr_as_stdout():
                self._path = execute_bench(self.spec, results=self.root)
            print(self._path)

    @property
    def path(self) -> Path | None:
        """The file that was written last; None before a run."""
        return self.panel.path if self.panel else self._path

    def comparison(self) -> Comparison | None:
        """The rows of the run and of the files beside it; None before a run."""
        from ..bench.compare import compare

        return compare([self.path, *self._beside]) if self.path else None

    def charts(self) -> None:
        """The charts, one below the other; nothing before a run."""
        from ..bench.charts import charts

        comparison = self.comparison()
        if comparison:
            for chart in charts(comparison.rows).values():
                show(chart)


def _short() -> BenchSpec:
    from ..bench.spec import DEFAULT

    return DEFAULT


def _read(benchmark: str) -> BenchSpec:
    from ..bench.spec import BenchSpec

    path = find_file(benchmark)
    if path is None:
        raise InvalidInput("benchmark", benchmark, f"a YAML file, seen from {searched_folders()}")
    return BenchSpec.from_yaml(path)


_open_panels: list[BenchPanel] = []


def _panel(root: Path) -> BenchPanel:
    """The panel of this kernel if it still runs, otherwise a new one."""
    from ..bench.compare import compare
    from ..bench.runner import run
    from ..models import device
    from ..spec.param_checks import DTYPES
    from ..widgets.bench import BenchPanel

    if _open_panels and _open_panels[0].running:
        return _open_panels[0]
    benchmarks: dict[str, Callable[[], BenchSpec]] = {SHORT: _short}
    for path in benchmark_files():
        benchmarks[path.name] = functools.partial(_read, str(path))
    panel = BenchPanel(
        benchmarks,
        devices=device.available(),
        dtypes=[name for name in DTYPES if name != "auto"],
        measure=run,
        line_up=compare,
        root=root,
    )
    _open_panels[:] = [panel]
    return panel
