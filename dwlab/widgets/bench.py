"""The panel of the benchmark notebook: tick devices and dtypes, run, see the charts."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ..bench.charts import charts
from .field_errors import message_html
from .panel import LABELLED, Ending, RunPanel
from .small_pictures import image_html

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from ..bench.compare import ComparedRow, Comparison
    from ..bench.spec import BenchSpec
    from ..events import Event

    Measure = Callable[..., Path | None]
    LineUp = Callable[[list[Path]], Comparison]

TICKED_DTYPES = ("float32", "bfloat16")  # at first


class BenchPanel(RunPanel):
    """Controls of one benchmark at a time, and what it measured.

    benchmarks: name in the list -> a function that returns the benchmark. devices, dtypes: what can
    be ticked. measure: runs a benchmark, like `dwlab.bench.runner.run`. line_up: compares the files
    of runs, like `dwlab.bench.compare.compare`. root: the results folder.
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
        super().__init__(
            root,
            "benchmark",
            unit="measurements",
            run_tip="Measure what is ticked",
            cancel_tip="Stop; what was measured is kept, and Run continues from there",
        )
        self.path: Path | None = None
        self._benchmarks = dict(benchmarks)
        self._measure = measure
        self._line_up = line_up
        self.pick = widgets.Dropdown(options=list(benchmarks), description="benchmark", **LABELLED)
        self.devices = _checkboxes("device", devices, ticked=devices)
        self.dtypes = _checkboxes("dtype", dtypes, ticked=TICKED_DTYPES)
        self.quick = widgets.Checkbox(
            value=True, description="quick: two rounds of a few samples", indent=False
        )
        self.message = widgets.HTML()
        self.view = widgets.HTML().add_class("dwlab-view")
        self._lay_out(
            self.pick,
            _row("devices", self.devices),
            _row("dtypes", self.dtypes),
            self.quick,
            self.message,
            self._buttons,
            self.status,
            self.view,
        )
        self.add_class("dwlab-bench")
        self._restore(self._saved.load())
        for control in (self.pick, self.quick, *self.devices, *self.dtypes):
            control.observe(self._edited, "value")

    def _edited(self, _change: object) -> None:
        ticked = {"devices": _ticked(self.devices), "dtypes": _ticked(self.dtypes)}
        self._saved.save({"picked": self.pick.value, "quick": self.quick.value, "ticked": ticked})

    def _restore(self, state: dict[str, object]) -> None:
        """Pick and tick as before the kernel restarted, as far as it is still offered."""
        if state.get("picked") in list(self._benchmarks):
            self.pick.value = state["picked"]
        self.quick.value = bool(state.get("quick", self.quick.value))
        ticked = state.get("ticked")
        if isinstance(ticked, dict):
            _tick(self.devices, ticked.get("devices"))
            _tick(self.dtypes, ticked.get("dtypes"))

    def start(self) -> None:
        """Measure what is ticked; does nothing during a run."""
        if not self.running:
            self.message.value = ""
        super().start()

    def _compute(self) -> Ending:
        spec = self._benchmarks[self.pick.value]()
        spec = spec.vary(device=_ticked(self.devices), dtype=_ticked(self.dtypes))
        path = self._measure(
            spec.quick() if self.quick.value else spec,
            results=self.root,
            cancel=self._cancel,
            on_plan=self._planned,
            on_event=self._tell,
        )
        if path is None:
            text = "<b>Stopped</b>. What was measured is kept; Run continues from there."
            return Ending(text, "warning")
        self.path = path
        self.view.value = view_html(self._line_up([path]))
        shown_path = html.escape(str(path.relative_to(self.root.parent)))
        return Ending(f"<b>Done</b>: <code>{shown_path}</code>", "success")

    def _complain(self, error: Exception) -> None:
        self.message.value = message_html(error)

    def _planned(self, _total: int, todo: int) -> None:
        self._begin_progress(todo)
        self._say(self._pace.counts(self._unit))

    def _tell(self, event: Event) -> None:
        self._pace.update(event)
        if not self._cancel.is_set():
            self._show_progress()


def _checkboxes(kind: str, names: list[str], ticked: Collection[str]) -> list[widgets.Checkbox]:
    return [
        widgets.Checkbox(
            value=name in ticked,
            description=name,
            indent=False,
            tooltip=kind,
            layout={"width": "auto"},
        )
        for name in names
    ]


def _row(label: str, boxes: list[widgets.Checkbox]) -> widgets.HBox:
    return widgets.HBox([widgets.Label(label), *boxes]).add_class("dwlab-ticks")


def _ticked(boxes: list[widgets.Checkbox]) -> list[str]:
    return [box.description for box in boxes if box.value]


def _tick(boxes: list[widgets.Checkbox], names: object) -> None:
    """Tick the boxes of these names and no others; anything but a list changes nothing."""
    if isinstance(names, list):
        for box in boxes:
            box.value = box.description in names


def view_html(comparison: Comparison) -> str:
    """The charts, for a light and for a dark page, and the table below them."""
    return charts_html(comparison.rows) + comparison._repr_html_()


def charts_html(rows: Sequence[ComparedRow]) -> str:
    """The charts twice; the panel's style sheet shows those that fit the page."""
    images = []
    for theme in ("light", "dark"):
        for name, chart in charts(rows, dark=theme == "dark").items():
            description = f"{name} of what was measured"
            classes = f"dwlab-{theme}"
            images.append(image_html(chart.png(), description, kind="png", classes=classes))
    return "".join(images)
