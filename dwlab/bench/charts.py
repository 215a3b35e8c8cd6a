"""Charts of benchmarks: what `dwlab bench compare` lined up, a row of its table a measurement, and engines beside a loop."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from ..views.charts import MARKERS, Chart, canvas, legend_beside, nothing, number_scale, safe
from .engine import ratios

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from .engine import Report

BARS = 24  # in a chart; more cannot be read
PHASES = {"prompt s": "prompt", "step s": "steps", "decode s": "decode"}


def charts(table: pd.DataFrame, *, dark: bool = False) -> dict[str, Chart]:
    """The charts that a table gives, by name: speed, phases, parity, and batch where that varies."""
    kinds: dict[str, Callable[..., Chart]] = {"speed": speed, "phases": phases, "parity": parity}
    if (table[table["status"] == "ok"].groupby(_SERIES)["batch"].nunique() > 1).any():
        kinds["batch"] = batch
    return {name: draw(table, dark=dark) for name, draw in kinds.items()}


_SERIES = ["machine", "what", "model", "width", "height", "steps"]


def speed(table: pd.DataFrame, *, dark: bool = False) -> Chart:
    """Images a second of each measurement; what failed stands there with its status."""
    figure, plot, ink = canvas(dark)
    rows = table.head(BARS)
    _bars(figure, rows)
    colours = {
        name: ink.colours[k % len(ink.colours)] for k, name in enumerate(rows["device"].unique())
    }
    for y, (_, row) in enumerate(rows.iterrows()):
        good = row["status"] == "ok"
        value = row["images/s"] if good else 0.0
        plot.barh(y, value, color=colours[row["device"]], height=0.7)
        text = f" {value:.3g}" if good else f" {row['status']}"
        plot.text(value, y, text, va="center", fontsize=8, color=ink.ink if good else ink.muted)
    plot.margins(x=0.12)
    plot.set_xlabel("images a second")
    return figure


def phases(table: pd.DataFrame, *, dark: bool = False) -> Chart:
    """Where a call's time goes: the prompt, its steps together, the decoder."""
    figure, plot, ink = canvas(dark)
    rows = table[table["status"] == "ok"].head(BARS)
    if rows.empty:
        return nothing(figure, plot, ink, "Nothing was measured")
    _bars(figure, rows)
    left = [0.0] * len(rows)
    for (column, name), colour in zip(PHASES.items(), ink.colours, strict=False):
        times = rows["steps"] if column == "step s" else 1
        widths = (rows[column] * times / rows["batch"]).to_list()
        plot.barh(range(len(rows)), widths, left=left, color=colour, height=0.7, label=name)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    plot.set_xlabel("seconds a picture, each phase waited for")
    legend_beside(plot, "phase", ink)
    return figure


def parity(table: pd.DataFrame, *, dark: bool = False) -> Chart:
    """Speed over the baseline against the distance from the CPU's float32; what is outside its tolerance is a cross."""
    figure, plot, ink = canvas(dark)
    rows = table[table["distance"].notna() & table["images/s"].notna()]
    if rows.empty:
        return nothing(figure, plot, ink, "No parity was measured")
    for k, (what, group) in enumerate(list(rows.groupby("what", sort=False))[: len(ink.colours)]):
        good = group["status"] == "ok"
        for chosen, marker in ((group[good], MARKERS[k]), (group[~good], "x")):
            if len(chosen):
                at = chosen["distance"].clip(lower=1e-8)
                plot.plot(
                    at,
                    chosen["images/s"],
                    marker,
                    color=ink.colours[k],
                    markersize=7,
                    label=safe(str(what)),
                )
    plot.set_xscale("log")
    plot.set_ylim(bottom=0)
    plot.set_xlabel("distance from float32 on the CPU (1e-8 and less at the left)")
    plot.set_ylabel("images a second")
    legend_beside(plot, "computed as", ink)
    return figure


def batch(table: pd.DataFrame, *, dark: bool = False) -> Chart:
    """Images a second against pictures a call."""
    figure, plot, ink = canvas(dark)
    rows = table[table["status"] == "ok"]
    many = [
        (name, group)
        for name, group in rows.groupby(_SERIES, sort=False)
        if group["batch"].nunique() > 1
    ]
    one_machine = rows["machine"].nunique() == 1
    for k, (name, group) in enumerate(many[: len(ink.colours)]):
        shown = group.sort_values("batch")
        machine, what, model, *_ = (str(part) for part in name)
        label = f"{what}, {model}" if one_machine else f"{machine}: {what}, {model}"
        plot.plot(
            shown["batch"],
            shown["images/s"],
            marker=MARKERS[k],
            color=ink.colours[k],
            label=safe(label, 230),
        )
    number_scale(plot, sorted(float(n) for n in set(rows["batch"])), ink)
    plot.set_ylim(bottom=0)
    plot.set_xlabel("pictures a call")
    plot.set_ylabel("images a second")
    legend_beside(plot, "computed as", ink)
    return figure


def engines(report: Report, *, dark: bool = False) -> Chart:
    """How many times as fast as a loop each engine is on each grid, with the range over rounds, and its images a second."""
    figure, plot, ink = canvas(dark)
    grids = list(dict.fromkeys(row.grid for row in report.rows))
    names = [name for name in dict.fromkeys(row.engine for row in report.rows) if name != "loop"]
    height = 0.8 / max(1, len(names))
    for row in report.rows:
        if not (values := ratios(report.rows, row, "loop")) or row.engine == "loop":
            continue
        place = names.index(row.engine)
        at, middle = (
            grids.index(row.grid) + (place - (len(names) - 1) / 2) * height,
            statistics.median(values),
        )
        first = row.grid == grids[0]  # each engine once in the legend
        plot.barh(
            at,
            middle,
            height=0.9 * height,
            color=ink.colours[place],
            label=row.engine if first else None,
        )
        plot.plot([min(values), max(values)], [at, at], color=ink.ink, linewidth=1)
        rate = row.cells / statistics.median(row.seconds)
        plot.text(
            max(values),
            at,
            f"  {middle:.2f}x, {rate:.3g}/s",
            va="center",
            fontsize=8,
            color=ink.ink,
        )
    plot.axvline(1, color=ink.muted, linewidth=1, linestyle="--")
    figure.set_size_inches(7.0, max(1.6, 0.9 + 0.3 * len(names) * len(grids)))
    plot.set_yticks(range(len(grids)), grids)
    plot.set_ylim(len(grids) - 0.5, -0.5)
    plot.grid(visible=False, axis="y")
    plot.margins(x=0.28)  # for what is written beside the longest bar
    plot.set_xlabel("times as fast as the stock pipeline in a loop (dashed), and images a second")
    legend_beside(plot, "engine", ink)
    return figure


def _bars(figure: Chart, rows: pd.DataFrame) -> None:
    """Room for a bar a row, labelled with what tells the rows apart."""
    (plot,) = figure.axes
    figure.set_size_inches(7.0, max(1.6, 0.9 + 0.36 * len(rows)))
    named = ["machine", "what", "title"]
    shown = [name for name in named if rows[name].nunique() > 1] or ["what"]
    labels = [
        "\n".join(safe(str(row[name]), 280, 1) for name in shown) for _, row in rows.iterrows()
    ]
    plot.set_yticks(range(len(rows)), labels, fontsize=8)
    plot.set_ylim(len(rows) - 0.4, -0.6)
    plot.grid(visible=False, axis="y")
