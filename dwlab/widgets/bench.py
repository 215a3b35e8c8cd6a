"""The panel of the benchmark notebook: tick devices and dtypes, run, see the charts."""

from __future__ import annotations

import html
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ..bench.charts import charts
from ..errors import DwlabError
from ..runs.eta import Pace
from . import parts
from .heartbeat import Pulse, connect
from .parts import status_html
from .saved_state import Memory
from .sweep.form import message_html

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..bench.compare import ComparedRow, Comparison
    from ..bench.spec import BenchSpec
    from ..events import Event

    Measure = Callable[..., Path | None]
    LineUp = Callable[[list[Path]], Comparison]

log = logging.getLogger(__name__)
_WIDE = {"style": {"description_width": "120px"}, "layout": {"width": "auto"}}


class BenchPanel(widgets.VBox):
    """Controls of one benchmark at a time, and what came out.

    benchmarks: what the list shows -> a function that gives the benchmark. devices, dtypes: what can be ticked.
    measure: runs a benchmark like `dwlab.bench.runner.run`; line_up: like `dwlab.bench.compare.compare`. The
    measuring is waited for on a thread of its own, because what the page says, Cancel for one, waits while a cell runs.
    """

    def __init__(
        self,
        benchmarks: Mapping[str, Callable[[], BenchSpec]],
        *,
        devices: list[str],
        dtypes: list[str],
        measure: Measure,
        line_up: LineUp,
        root: Path,
    ) -> None:
        self.root = root
        self.path: Path | None = None
        self._benchmarks, self._measure, self._line_up = dict(benchmarks), measure, line_up
        self._cancel = threading.Event()
        self._worker: threading.Thread | None = None
        self._pace = Pace(0)
        self.pick = widgets.Dropdown(options=list(benchmarks), description="benchmark", **_WIDE)
        self.devices = _ticks("device", devices, set(devices))
        self.dtypes = _ticks("dtype", dtypes, {"float32", "bfloat16"})
        self.quick = widgets.Checkbox(
            value=True, description="quick: two rounds of a few samples", indent=False
        )
        self.run_button = widgets.Button(description="Run", button_style="primary", icon="play")
        self.cancel_button = widgets.Button(
            description="Cancel",
            icon="stop",
            tooltip="What was measured is kept; Run goes on",
            disabled=True,
        )
        self.run_button.on_click(lambda _: self.start())
        self.cancel_button.on_click(lambda _: self.cancel())
        self.bar = widgets.FloatProgress(max=1.0, layout={"width": "auto", "flex": "1 1 200px"})
        self.status, self.message, self.view = (
            widgets.HTML(),
            widgets.HTML(),
            widgets.HTML().add_class("dwlab-view"),
        )
        style = (Path(__file__).parent / "panel.css").read_text("utf-8")
        super().__init__([
            widgets.HTML(f"<style>{style}</style>"),
            Pulse(),
            self.pick,
            *(widgets.HBox([widgets.Label(name), *boxes]) for name, boxes in self._ticked().items()),
            self.quick,
            self.message,
            widgets.HBox([self.run_button, self.cancel_button, self.bar]).add_class("dwlab-buttons"),
            self.status,
            self.view,
        ])  # fmt: skip
        self.add_class("dwlab-sweep")
        self.add_class("dwlab-bench")
        connect(self)
        self._memory = Memory(root, "benchmark")
        self._put_back(self._memory.load())
        for control in (self.pick, self.quick, *self.devices, *self.dtypes):
            control.observe(self._changed, "value")

    def _changed(self, _change: object) -> None:
        ticked = {
            what: [box.description for box in boxes if box.value]
            for what, boxes in self._ticked().items()
        }
        self._memory.save({"picked": self.pick.value, "quick": self.quick.value, "ticked": ticked})

    def _put_back(self, state: dict[str, Any]) -> None:
        """Pick and tick what was picked and ticked before the kernel restarted, as far as it is there."""
        if state.get("picked") in list(self._benchmarks):
            self.pick.value = state["picked"]
        self.quick.value = bool(state.get("quick", self.quick.value))
        ticked = state.get("ticked")
        for what, boxes in self._ticked().items():
            names = ticked.get(what) if isinstance(ticked, dict) else None
            if isinstance(names, list):
                for box in boxes:
                    box.value = box.description in names

    def _ticked(self) -> dict[str, list[widgets.Checkbox]]:
        return {"devices": self.devices, "dtypes": self.dtypes}

    @property
    def running(self) -> bool:
        """Whether something is being measured."""
        return self._worker is not None

    def start(self) -> None:
        """Measure what is ticked; does nothing while something is measured."""
        if self.running:
            return
        self._cancel.clear()
        self.run_button.disabled, self.cancel_button.disabled = True, False
        self.bar.bar_style, self.bar.value, self.message.value = "", 0.0, ""
        self._say("Starting &hellip;")
        self._worker = threading.Thread(target=self._work, name="dwlab-bench", daemon=True)
        self._worker.start()

    def cancel(self) -> None:
        """Stop the measurement that is under way; those that are done are kept, and Run goes on after them."""
        self._cancel.set()
        self.cancel_button.disabled = True

    def _work(self) -> None:
        ending, tone = "<b>Stopped</b> by an error, which stands above.", "danger"
        try:
            spec = self._benchmarks[self.pick.value]()
            spec = spec.vary(
                **{name: [box.description for box in boxes if box.value]
                   for name, boxes in (("device", self.devices), ("dtype", self.dtypes))}
            )  # fmt: skip
            path = self._measure(
                spec.quick() if self.quick.value else spec,
                results=self.root, cancel=self._cancel, on_plan=self._begin, on_event=self._tell,
            )  # fmt: skip
            if path is None:
                ending, tone = (
                    "<b>Stopped</b>; what was measured is kept, and Run goes on.",
                    "warning",
                )
            else:
                self.path = path
                ending, tone = (
                    f"<b>Done</b>: <code>{html.escape(str(path.relative_to(self.root.parent)))}</code>",
                    "success",
                )
                self.view.value = view_html(self._line_up([path]))
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("a benchmark ended unexpectedly")
            self.message.value = message_html(error)
        finally:  # whatever happened, Run can be pressed again
            self._worker = None
            self.cancel_button.disabled, self.run_button.disabled = True, False
            self.bar.bar_style = tone
            self._say(ending)

    def _begin(self, _total: int, todo: int) -> None:
        self._pace = Pace(todo)
        self._say(self._pace.counts("measurements"))

    def _tell(self, event: Event) -> None:
        self._pace.update(event)
        self.bar.value = self._pace.share
        self._say(status_html(self._pace, "measurements"))

    def _say(self, text: str) -> None:
        self.status.value = f'<div class="dwlab-status" role="status">{text}</div>'


def _ticks(what: str, names: list[str], on: set[str]) -> list[widgets.Checkbox]:
    return [
        widgets.Checkbox(
            value=name in on, description=name, indent=False, tooltip=what, layout={"width": "auto"}
        )
        for name in names
    ]


def view_html(found: Comparison) -> str:
    """The charts, for a light and for a dark page, and the table below them."""
    return charts_html(found.rows) + found._repr_html_()


def charts_html(rows: Sequence[ComparedRow]) -> str:
    """The charts twice; the style sheet of the panel shows the ones that fit the page."""
    shown = []
    for theme in ("light", "dark"):
        for name, chart in charts(rows, dark=theme == "dark").items():
            text = f"{name} of what was measured"
            shown.append(parts.image_html(chart.png(), text, kind="png", classes=f"dwlab-{theme}"))
    return "".join(shown)
