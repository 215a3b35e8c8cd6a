"""Charts of bars: how fast each machine is, and where its time goes, with a plot per workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..views.charts import WIDTH, Chart, nothing, page, safe, style
from .confidence import median_interval
from .machines import machines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from ..views.charts import Theme
    from .compare import ComparedRow
    from .file_rows import FileRow, WorkloadSize
    from .machines import Machine, Unit

    Rows = Sequence[ComparedRow]

BARS = 32  # in a chart; more cannot be read
ROW = 0.27  # inches of a bar
LABEL_WIDTH = 190  # pixels
PHASES = {"prompt": "prompt", "step": "steps", "decode": "decoder"}
_HATCHES = {"prompt": "", "step": "", "decode": "////"}


@dataclass(frozen=True)
class _Bar:
    """A row at its height in a plot."""

    row: FileRow
    y: float


@dataclass(frozen=True)
class _Group:
    """The bars of all machines that compute in the same way. y: of its label."""

    label: str
    y: float
    bars: list[_Bar]


def speed(rows: Rows, *, dark: bool = False) -> Chart:
    """Pictures per second with their 95% intervals; a row that does not count shows its status."""
    return _Bars(rows, dark).drawn(
        _draw_speed, "pictures per second; a line is the 95% interval", rows
    )


def phases(rows: Rows, *, dark: bool = False) -> Chart:
    """Where the time of a picture goes: the prompt, all steps together, the decoder."""
    counting = [compared for compared in rows if compared.row.ok]
    chart = _Bars(counting, dark)
    return chart.drawn(
        _draw_phases, "seconds per picture: steps full, prompt pale, decoder hatched", counting
    )


def _draw_speed(plot: Axes, bar: _Bar, colour: str, ink: Theme) -> None:
    row = bar.row
    rate = (row.images_per_s or 0.0) if row.ok else 0.0
    plot.barh(bar.y, rate, color=colour, height=0.8)
    end = rate
    if row.ok and "end_to_end" in row.phases:
        low, high = median_interval(row.phases["end_to_end"])
        lowest, end = row.size.batch / high, row.size.batch / low
        # with an edge of paper, so that it can be seen on the bar
        for colour_of_line, thickness in ((ink.paper, 3.4), (ink.ink, 1.2)):
            plot.plot([lowest, end], [bar.y, bar.y], color=colour_of_line, linewidth=thickness)
    text = f" {rate:.3g}" if row.ok else f" {row.status}"
    plot.text(end, bar.y, text, va="center", fontsize=8, color=ink.ink if row.ok else ink.muted)


def _draw_phases(plot: Axes, bar: _Bar, colour: str, ink: Theme) -> None:
    left = 0.0
    for phase in PHASES:
        width = _seconds_per_picture(bar.row, phase)
        opacity = 0.45 if phase == "prompt" else 1.0
        plot.barh(
            bar.y,
            width,
            left=left,
            color=colour,
            alpha=opacity,
            height=0.8,
            hatch=_HATCHES[phase],
            edgecolor=ink.paper,
            linewidth=0,
        )
        left += width
    plot.text(left, bar.y, f" {left:.3g}", va="center", fontsize=8, color=ink.ink)


def _seconds_per_picture(row: FileRow, phase: str) -> float:
    times = row.size.steps if phase == "step" else 1
    return (row.median(phase) or 0.0) * times / row.size.batch


class _Bars:
    """A figure with a plot per workload, below each other."""

    def __init__(self, rows: Rows, dark: bool) -> None:
        shown = [compared.row for compared in rows[:BARS]]
        self._machines = machines_of([compared.row for compared in rows])
        self._dark = dark
        self._workloads: dict[WorkloadSize, list[FileRow]] = {}
        for row in shown:
            self._workloads.setdefault(row.size, []).append(row)

    def drawn(
        self, draw: Callable[[Axes, _Bar, str, Theme], None], caption: str, rows: Rows
    ) -> Chart:
        """The figure. draw: draws a bar. caption: what its length says."""
        if not rows:
            figure, ink = page(self._dark)
            return nothing(figure, figure.add_subplot(), ink, "Nothing was measured")
        groups = {size: _groups(rows, self._machines) for size, rows in self._workloads.items()}
        heights = [_height(each) for each in groups.values()]
        figure, ink = page(self._dark, WIDTH, sum(heights) + 0.75 + self._legend_height)
        plots = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)
        for plot, (size, each) in zip(plots[:, 0], groups.items(), strict=True):
            self._plot(plot, size, each, draw, ink)
        plots[-1, 0].set_xlabel(caption, fontsize=9)
        self._legend(figure, ink)
        return figure

    def _plot(
        self,
        plot: Axes,
        size: WorkloadSize,
        groups: list[_Group],
        draw: Callable[[Axes, _Bar, str, Theme], None],
        ink: Theme,
    ) -> None:
        style(plot, ink)
        plot.grid(visible=False, axis="y")
        plot.set_title(safe(str(size), 600, 1), fontsize=9, color=ink.ink, loc="left")
        for group in groups:
            for bar in group.bars:
                draw(plot, bar, self._colour(bar.row.unit, ink), ink)
        labels = [safe(group.label, LABEL_WIDTH) for group in groups]
        plot.set_yticks([group.y for group in groups], labels, fontsize=8)
        bars = [bar.y for group in groups for bar in group.bars]
        plot.set_ylim(max(bars) + 0.6, min(bars) - 0.6)
        # room for the numbers at the ends of bars
        plot.set_xlim(0, plot.get_xlim()[1] * 1.1)

    def _colour(self, unit: Unit, ink: Theme) -> str:
        return ink.colours[list(self._machines).index(unit) % len(ink.colours)]

    @property
    def _legend_height(self) -> float:
        """Inches of the names of machines above the plots; a single one has none."""
        return 0.22 * len(self._machines) if len(self._machines) > 1 else 0.0

    def _legend(self, figure: Chart, ink: Theme) -> None:
        if len(self._machines) < 2:
            return
        from matplotlib.patches import Patch

        handles = [
            Patch(color=self._colour(unit, ink), label=safe(str(machine), 600, 1))
            for unit, machine in self._machines.items()
        ]
        figure.legend(
            handles=handles, loc="outside upper left", frameon=False, fontsize=9, labelcolor=ink.ink
        )


def _groups(rows: Sequence[FileRow], machines: dict[Unit, Machine]) -> list[_Group]:
    """The bars, grouped by dtype and settings, each machine in the same place of its group."""
    order = list(machines)
    named: dict[str, list[FileRow]] = {}
    for row in rows:
        named.setdefault(row.computed, []).append(row)
    groups = []
    y = 0.0
    for label, members in named.items():
        members.sort(key=lambda row: order.index(row.unit))
        bars = [_Bar(row, y + number) for number, row in enumerate(members)]
        groups.append(_Group(label, y + (len(bars) - 1) / 2, bars))
        y += len(bars) + (0.5 if len(order) > 1 else 0.2)
    return groups


def _height(groups: list[_Group]) -> float:
    last = groups[-1].bars[-1].y
    return 0.45 + ROW * (last + 1)
