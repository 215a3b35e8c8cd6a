"""Charts of what `dwlab bench compare` lined up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..views.charts import MARKERS, Chart, canvas, legend_beside, nothing, number_scale, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .compare import ComparedRow
    from .file_rows import FileRow

    Rows = Sequence[ComparedRow]

# Rows in a chart of bars; more cannot be read.
BARS = 24
# Smaller distances are drawn here.
SMALLEST_DISTANCE = 1e-8


def charts(rows: Rows, *, dark: bool = False) -> dict[str, Chart]:
    """The charts of compared rows, by name: speed, phases, parity, and batch if that varies."""
    kinds: dict[str, Callable[..., Chart]] = {"speed": speed, "phases": phases, "parity": parity}
    if _varying_batch(rows):
        kinds["batch"] = batch
    return {name: draw(rows, dark=dark) for name, draw in kinds.items()}


def speed(rows: Rows, *, dark: bool = False) -> Chart:
    """Images per second of each row; one that failed shows its status."""
    figure, plot, ink = canvas(dark)
    shown = [compared.row for compared in rows[:BARS]]
    _label_bars(figure, shown)
    devices = _distinct(row.device for row in shown)
    for y, row in enumerate(shown):
        rate = (row.images_per_s or 0.0) if row.ok else 0.0
        text = f" {rate:.3g}" if row.ok else f" {row.status}"
        colour = ink.colours[devices.index(row.device) % len(ink.colours)]
        text_colour = ink.ink if row.ok else ink.muted
        plot.barh(y, rate, color=colour, height=0.7)
        plot.text(rate, y, text, va="center", fontsize=8, color=text_colour)
    plot.margins(x=0.12)
    plot.set_xlabel("images per second")
    return figure


def phases(rows: Rows, *, dark: bool = False) -> Chart:
    """Where the time of a call goes: the prompt, all steps together, the decoder."""
    figure, plot, ink = canvas(dark)
    shown = _ok(rows)[:BARS]
    if not shown:
        return nothing(figure, plot, ink, "Nothing was measured")
    _label_bars(figure, shown)
    left = [0.0] * len(shown)
    for phase, label, colour in zip(
        ("prompt", "step", "decode"), ("prompt", "steps", "decode"), ink.colours, strict=False
    ):
        widths = [_seconds_per_picture(row, phase) for row in shown]
        plot.barh(range(len(shown)), widths, left=left, color=colour, height=0.7, label=label)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    plot.set_xlabel("seconds per picture, each phase waited for")
    legend_beside(plot, "phase", ink)
    return figure


def _seconds_per_picture(row: FileRow, phase: str) -> float:
    times = row.size.steps if phase == "step" else 1
    return (row.median(phase) or 0.0) * times / row.size.batch


def parity(rows: Rows, *, dark: bool = False) -> Chart:
    """Speed against the distance from the CPU's float32; a cross is outside its tolerance."""
    figure, plot, ink = canvas(dark)
    groups: dict[str, list[FileRow]] = {}
    for compared in rows:
        row = compared.row
        if row.distance is not None and row.images_per_s is not None:
            groups.setdefault(row.computed_as, []).append(row)
    if not groups:
        return nothing(figure, plot, ink, "No parity was measured")
    # as many as there are colours
    for (label, group), colour, marker in zip(groups.items(), ink.colours, MARKERS, strict=False):
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
    plot.set_ylabel("images per second")
    legend_beside(plot, "computed as", ink)
    return figure


def batch(rows: Rows, *, dark: bool = False) -> Chart:
    """Images per second against pictures per call."""
    figure, plot, ink = canvas(dark)
    ok = _ok(rows)
    one_machine = len(_distinct(row.machine for row in ok)) == 1
    for series, colour, marker in zip(_varying_batch(rows), ink.colours, MARKERS, strict=False):
        points = sorted(series, key=lambda row: row.size.batch)
        label = f"{points[0].computed_as}, {points[0].size.model}"
        if not one_machine:
            label = f"{points[0].machine}: {label}"
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
    plot.set_ylabel("images per second")
    legend_beside(plot, "computed as", ink)
    return figure


def _ok(rows: Rows) -> list[FileRow]:
    return [compared.row for compared in rows if compared.row.ok]


def _varying_batch(rows: Rows) -> list[list[FileRow]]:
    """The rows that differ in batch alone, for each group in which the batch varies."""
    groups: dict[tuple[object, ...], list[FileRow]] = {}
    for row in _ok(rows):
        size = row.size
        key = (row.machine, row.computed_as, size.model, size.width, size.height, size.steps)
        groups.setdefault(key, []).append(row)
    return [group for group in groups.values() if _batch_varies(group)]


def _batch_varies(rows: Iterable[FileRow]) -> bool:
    return len({row.size.batch for row in rows}) > 1


def _distinct(names: Iterable[str]) -> list[str]:
    """Each name once, in the order of their first appearance."""
    return list(dict.fromkeys(names))


def _label_bars(figure: Chart, rows: Sequence[FileRow]) -> None:
    """Make room for a bar per row, labelled with what tells the rows apart."""
    (plot,) = figure.axes
    figure.set_size_inches(7.0, max(1.6, 0.9 + 0.36 * len(rows)))
    names = {
        "machine": [row.machine for row in rows],
        "computed as": [row.computed_as for row in rows],
        "workload": [str(row.size) for row in rows],
    }
    differing = [column for column in names.values() if len(set(column)) > 1]
    columns = differing or [names["computed as"]]
    labels = [_bar_label(parts) for parts in zip(*columns, strict=True)]
    plot.set_yticks(range(len(rows)), labels, fontsize=8)
    plot.set_ylim(len(rows) - 0.4, -0.6)
    plot.grid(visible=False, axis="y")


def _bar_label(parts: Iterable[str]) -> str:
    return "\n".join(safe(part, 280, 1) for part in parts)
