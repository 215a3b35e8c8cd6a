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
    from ..widgets.bench.panel import BenchPanel

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
        return BenchView(root, beside, panel=_panel(root, _paths(beside)))
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
        self._beside = _paths(beside)
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
        """The rows of the run and of the files beside it, or of those that the panel shows.

        None before a run, and if the panel shows no files.
        """
        from ..bench.compare import compare

        if self.panel:
            return compare(self.panel.paths) if self.panel.paths else None
        return compare([self.path, *self._beside]) if self.path else None

    def charts(self) -> None:
        """The charts, one below the other, for the page's theme; nothing before a run."""
        from ..bench.charts import charts
        from ..widgets.bench.comparison_page import TITLES
        from ..widgets.small_pictures import ThemedPicture, small_png

        comparison = self.comparison()
        if comparison is None:
            return
        light = charts(comparison.rows)
        dark = charts(comparison.rows, dark=True)
        for name, chart in light.items():
            show(ThemedPicture(small_png(chart), small_png(dark[name]), TITLES[name]))


def _paths(names: Sequence[str]) -> list[Path]:
    """Paths that start at the project's folder."""
    return [project_folder() / Path(name).expanduser() for name in names]


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


def _panel(root: Path, beside: Sequence[Path]) -> BenchPanel:
    """The panel of this kernel if it still runs, otherwise a new one."""
    from ..bench.compare import compare
    from ..bench.plan import make_plan
    from ..bench.runner import run
    from ..models import device
    from ..spec.param_checks import DTYPES
    from ..widgets.bench.panel import BenchPanel

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
        make_plan=make_plan,
        root=root,
        beside=beside,
    )
    _open_panels[:] = [panel]
    return panel
