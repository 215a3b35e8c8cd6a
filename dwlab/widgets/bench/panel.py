"""The panel of the benchmark notebook: what to measure and how long it takes, and files compared."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from ..._util.counted import counted
from ...errors import DwlabError, InvalidInput
from ..field_errors import field_meant
from ..heartbeat import connect
from ..panel_run import Ending, PanelRun
from ..saved_state import SavedState
from ..served_files import links
from .comparison_page import charts_for_page, comparison_for_page
from .known_files import add_file, known_files
from .page import BenchTraits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ...bench.compare import Comparison
    from ...bench.plan import BenchPlan
    from ...bench.spec import BenchSpec
    from ...events import Event
    from .known_files import KnownFile

    Measure = Callable[..., Path | None]
    LineUp = Callable[[list[Path]], Comparison]
    MakePlan = Callable[[BenchSpec, Path, list[Path]], BenchPlan]

log = logging.getLogger(__name__)
TICKED_DTYPES = ("float32", "bfloat16")  # at first
FIELDS = ("benchmark", "devices", "dtypes", "files")
LISTS = ("devices", "dtypes", "files")
NAME_LIMIT = 4096  # characters


class BenchPanel(BenchTraits):
    """One benchmark at a time, its plan, and files of this and other machines beside each other.

    benchmarks: name in the list -> a function that returns the benchmark. devices, dtypes: what can
    be ticked. measure: runs a benchmark, like `dwlab.bench.runner.run`. line_up: compares the files
    of runs, like `dwlab.bench.compare.compare`. plan: like `dwlab.bench.plan.make_plan`. root: the
    results folder. beside: more files that can be shown.
    """

    def __init__(
        self,
        benchmarks: Mapping[str, Callable[[], BenchSpec]],
        *,
        devices: list[str],
        dtypes: list[str],
        measure: Measure,
        line_up: LineUp,
        make_plan: MakePlan,
        root: Path,
        beside: Iterable[Path] = (),
    ) -> None:
        super().__init__()
        self.root = root
        self.path: Path | None = None
        self._benchmarks = dict(benchmarks)
        self._measure = measure
        self._line_up = line_up
        self._make_plan = make_plan
        self._beside = list(beside)
        self._saved = SavedState(root, "benchmark")
        self._working = threading.Lock()
        self._server_root = ""
        self._files: dict[str, KnownFile] = {}
        self._shown: tuple[str, ...] | None = None
        self.runner = PanelRun(
            self,
            "measurements",
            compute=self._compute,
            complain=self._show_error,
            after=lambda _ending: self._update(),
        )
        self.offer = {"benchmarks": list(benchmarks), "devices": devices, "dtypes": dtypes}
        self._look_for_files()
        self._restore(self._saved.load())
        self.on_msg(lambda _page, content, buffers: self._receive(content, buffers))
        connect(self)
        self._updated_soon()

    def __repr__(self) -> str:
        return f"BenchPanel({self.choice.get('benchmark')!r})"

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.runner.running

    @property
    def paths(self) -> list[Path]:
        """The files that are shown."""
        return [self._files[name].path for name in self.choice["files"] if name in self._files]

    # -- what a page asks for -------------------------------------------------------------------

    def _receive(self, content: object, buffers: list[memoryview]) -> None:
        """Act on a message of a page, {"do": action, ...}; errors are shown by the field."""
        if not isinstance(content, dict) or "do" not in content:
            # a heartbeat, which is answered elsewhere
            return
        arguments: dict[str, Any] = dict(content)
        action = arguments.pop("do")
        data = bytes(buffers[0]) if buffers else b""
        actions: dict[str, Callable[..., None]] = {
            "choose": self.choose,
            "add": lambda name: self.add(name, data),
            "run": self.start,
            "cancel": self.cancel,
            "served": self._served_from,
        }
        if action != "served":
            self.problem = {}
        with self._showing_errors():
            actions[action](**arguments)

    def choose(self, **choices: object) -> None:
        """Choose another benchmark, devices, dtypes or files, or whether it is quick."""
        self.choice = {**self.choice, **_allowed(choices, self._benchmarks)}
        self._saved.save(dict(self.choice))
        self._updated_soon()

    def add(self, name: str, data: bytes) -> None:
        """Show a file that somebody chose or dropped; it is kept beside the results."""
        path = add_file(self.root, str(name)[:NAME_LIMIT], data)
        self._look_for_files()
        self._tick(path)

    def start(self) -> None:
        """Measure what is ticked; does nothing during a run."""
        self.problem = {}
        self.runner.start()

    def cancel(self) -> None:
        """Stop; what was measured is kept, and Run continues from there."""
        self.runner.cancel("Stopping …")

    def _served_from(self, root: str) -> None:
        """A page knows which folder Jupyter serves: what lies there has addresses."""
        self._server_root = str(root)
        self._show_links()

    # -- what outlasts the kernel ---------------------------------------------------------------

    def _restore(self, state: dict[str, object]) -> None:
        """Choose as before the kernel restarted, as far as it is still offered."""
        own = [name for name, file in self._files.items() if file.is_own][:1]
        beside = [name for name, file in self._files.items() if file.path in self._beside]
        dtypes = [name for name in TICKED_DTYPES if name in self.offer["dtypes"]]
        first = next(iter(self._benchmarks), "")
        usual = {"benchmark": first, "quick": True, "devices": self.offer["devices"]}
        usual |= {"dtypes": dtypes, "files": [*own, *beside]}
        kept = _allowed(_with_own_names(state), self._benchmarks)
        for name in ("devices", "dtypes"):
            if name in kept:
                kept[name] = [each for each in kept[name] if each in self.offer[name]]
        self.choice = {**usual, **kept}

    # -- files ----------------------------------------------------------------------------------

    def _look_for_files(self) -> None:
        self._files = {file.name: file for file in known_files(self.root, self._beside)}
        self.known = [{"name": file.name, "label": file.label} for file in self._files.values()]

    def _tick(self, path: Path) -> None:
        names = [name for name, file in self._files.items() if file.path == path]
        others = [name for name in self.choice["files"] if name not in names]
        self.choose(files=[*names, *others])

    def _show_links(self) -> None:
        self.files = links({path.name: path for path in self.paths}, self._server_root)

    # -- plan and comparison --------------------------------------------------------------------

    def _updated_soon(self) -> None:
        """Plan and compare, not on the thread that serves the page."""
        threading.Thread(target=self._update, name="dwlab-bench", daemon=True).start()

    def _update(self) -> None:
        with self._working:
            with self._showing_errors():
                self._compare()
            with self._showing_errors():
                self._plan()

    def _plan(self) -> None:
        if self.running:
            return
        self.plan = {**self.plan, "state": "planning"}
        own = [file.path for file in self._files.values() if file.is_own]
        try:
            self.plan = _plan_for_page(self._make_plan(self._spec(), self.root, own))
        except Exception:
            self.plan = {"state": "wrong"}
            raise

    def _compare(self) -> None:
        names = tuple(name for name in self.choice["files"] if name in self._files)
        if names == self._shown:
            return
        self._shown = names
        self._show_links()
        if not names:
            self.comparison = {}
            return
        self.comparison = {**self.comparison, "busy": True}
        comparison = self._line_up(self.paths)
        shown = comparison_for_page(comparison)
        self.comparison = {**shown, "busy": True}
        # these take seconds
        self.comparison = {**shown, "charts": charts_for_page(comparison)}

    def _spec(self) -> BenchSpec:
        if self.choice["benchmark"] not in self._benchmarks:
            raise InvalidInput("benchmark", self.choice["benchmark"], "one in the list")
        spec = self._benchmarks[self.choice["benchmark"]]()
        for name in ("devices", "dtypes"):
            if not self.choice[name]:
                raise InvalidInput(name, "none", "one or more that are ticked")
        spec = spec.vary(device=self.choice["devices"], dtype=self.choice["dtypes"])
        return spec.quick() if self.choice["quick"] else spec

    @contextlib.contextmanager
    def _showing_errors(self) -> Any:
        try:
            yield
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("unexpected")
            self._show_error(error)

    def _show_error(self, error: Exception) -> None:
        field = field_meant(error.field, FIELDS) if isinstance(error, InvalidInput) else ""
        self.problem = {"field": field or "benchmark", "text": str(error)}

    # -- running --------------------------------------------------------------------------------

    def _compute(self) -> Ending:
        path = self._measure(
            self._spec(),
            results=self.root,
            cancel=self.runner.cancelled,
            on_plan=lambda _total, todo: self.runner.begin(todo, self._first_words(todo)),
            on_event=self._tell,
        )
        if path is None:
            return Ending(
                "Stopped. What was measured is kept; Run continues from there.", "warning"
            )
        self.path = path
        self._look_for_files()
        self._tick(path)
        with self._working:
            self._compare()
        return Ending(f"Done: {path.relative_to(self.root)}", "success")

    def _first_words(self, todo: int) -> str:
        return f"0/{todo} measurements · starting the first process …"

    def _tell(self, event: Event) -> None:
        self.runner.tell(event, "Writing the file …")


def _with_own_names(state: Mapping[str, object]) -> dict[str, object]:
    """A state that was kept, also by dwlab 1.0, which had other names for the same."""
    ticked = state.get("ticked")
    earlier = {"benchmark": state["picked"]} if "picked" in state else {}
    return {**earlier, **(ticked if isinstance(ticked, dict) else {}), **state}


def _allowed(choices: Mapping[str, object], benchmarks: Mapping[str, object]) -> dict[str, Any]:
    """The choices that are what they should be."""
    kept: dict[str, Any] = {}
    if choices.get("benchmark") in list(benchmarks):
        kept["benchmark"] = choices["benchmark"]
    if isinstance(choices.get("quick"), bool):
        kept["quick"] = choices["quick"]
    for name in LISTS:
        values = choices.get(name)
        if isinstance(values, list):
            kept[name] = [value for value in values if isinstance(value, str)]
    return kept


def _plan_for_page(plan: BenchPlan) -> dict[str, object]:
    left = plan.processes - plan.done
    count = counted(plan.configurations, "configuration")
    facts = [["rounds", f"{plan.rounds}, each in fresh processes"], ["processes", f"{left:,}"]]
    if plan.done:
        facts.append(["done before", f"{plan.done:,}"])
    if left:
        facts.append(["time", plan.time_text()])
    return {"state": "ready", "count": count, "facts": facts}
