"""Charts of what `dwlab bench compare` lined up: a colour per machine, a plot per workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..views.charts import MARKERS, Chart, canvas, legend_beside, nothing, number_scale, safe
from .bar_charts import phases, speed
from .machines import machines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..views.charts import Theme
    from .compare import ComparedRow
    from .file_rows import FileRow

    Rows = Sequence[ComparedRow]

# Smaller distances are drawn here.
SMALLEST_DISTANCE = 1e-8


def charts(rows: Rows, *, dark: bool = False) -> dict[str, Chart]:
    """The charts of compared rows, by name: speed, phases, parity, and batch if that varies."""
    kinds: dict[str, Callable[..., Chart]] = {"speed": speed, "phases": phases, "parity": parity}
    if _varying_batch(rows):
        kinds["batch"] = batch
    return {name: draw(rows, dark=dark) for name, draw in kinds.items()}


def parity(rows: Rows, *, dark: bool = False) -> Chart:
    """Speed against the distance from the CPU's float32; a cross is outside its tolerance."""
    figure, plot, ink = canvas(dark)
    groups: dict[str, list[FileRow]] = {}
    for compared in rows:
        row = compared.row
        if row.distance is not None and row.images_per_s is not None:
            groups.setdefault(_series_name(row, rows), []).append(row)
    if not groups:
        return nothing(figure, plot, ink, "No parity was measured")
    looks = _Looks(rows, ink)
    for label, group in groups.items():
        colour, marker = looks.of(group[0])
        inside = [row for row in group if row.ok]
        outside = [row for row in group if not row.ok]
        for points, shape in ((inside, marker), (outside, "x")):
            if points:
                plot.plot(
                    [max(row.distance or 0.0, SMALLEST_DISTANCE) for row in points],
                    [row.images_per_s or 0.0 for row in points],
                    shape,
                    color=colour,
                    markersize=7,
                    label=safe(label),
                )
    plot.set_xscale("log")
    plot.set_ylim(bottom=0)
    plot.set_xlabel("distance from float32 on the CPU (1e-8 and less at the left)")
    plot.set_ylabel("pictures per second")
    legend_beside(plot, "computed as", ink)
    return figure


def batch(rows: Rows, *, dark: bool = False) -> Chart:
    """Pictures per second against pictures per call."""
    figure, plot, ink = canvas(dark)
    ok = _ok(rows)
    models = {row.size.model for row in ok}
    looks = _Looks(rows, ink)
    for series in _varying_batch(rows):
        points = sorted(series, key=lambda row: row.size.batch)
        colour, marker = looks.of(points[0])
        label = _series_name(points[0], rows)
        if len(models) > 1:
            label = f"{label}, {points[0].size.model}"
        plot.plot(
            [row.size.batch for row in points],
            [row.images_per_s or 0.0 for row in points],
            marker=marker,
            color=colour,
            label=safe(label, 230),
        )
    number_scale(plot, sorted({float(row.size.batch) for row in ok}), ink)
    plot.set_ylim(bottom=0)
    plot.set_xlabel("pictures per call")
    plot.set_ylabel("pictures per second")
    legend_beside(plot, "computed as", ink)
    return figure


class _Looks:
    """A colour per machine and a marker per dtype and settings; a single machine has both per dtype."""

    def __init__(self, rows: Rows, ink: Theme) -> None:
        self._units = list(machines_of([compared.row for compared in rows]))
        self._computed = list(dict.fromkeys(compared.row.computed for compared in rows))
        self._colours = ink.colours

    def of(self, row: FileRow) -> tuple[str, str]:
        """Colour and marker of a row."""
        number = self._computed.index(row.computed)
        coloured = number if len(self._units) == 1 else self._units.index(row.unit)
        return self._colours[coloured % len(self._colours)], MARKERS[number % len(MARKERS)]


def _series_name(row: FileRow, rows: Rows) -> str:
    """Dtype and settings, after the letter of the machine if there are several."""
    machines = machines_of([compared.row for compared in rows])
    if len(machines) == 1:
        return row.computed
    return f"{machines[row.unit].letter}: {row.computed}"


def _ok(rows: Rows) -> list[FileRow]:
    return [compared.row for compared in rows if compared.row.ok]


def _varying_batch(rows: Rows) -> list[list[FileRow]]:
    """The rows that differ in batch alone, for each group in which the batch varies."""
    groups: dict[tuple[object, ...], list[FileRow]] = {}
    for row in _ok(rows):
        size = row.size
        key = (row.unit, row.computed_as, size.model, size.width, size.height, size.steps)
        groups.setdefault(key, []).append(row)
    return [group for group in groups.values() if _batch_varies(group)]


def _batch_varies(rows: Iterable[FileRow]) -> bool:
    return len({row.size.batch for row in rows}) > 1
