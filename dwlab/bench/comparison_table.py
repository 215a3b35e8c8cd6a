"""Compared rows as people read them: titles, digits, and tables as text, HTML or a DataFrame."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from .._util.terminal_text import one_line, shortened
from .._util.text_table import text_table
from .machines import machines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .compare import ComparedRow
    from .machines import Machine, Unit

# The columns that are shown, in their order, and how their numbers are written.
SHOWN = {
    "machine": "",
    "what": "",
    "status": "",
    "seconds": ".3f",
    "± MAD": ".4f",
    "scaled": ".1f",
    "images/s": ".3g",
    "speed": ".2f",
    "95% interval": "",
    "share of matmul": ".2f",
    "memory GB": ".2f",
    "distance": ".2g",
    "picture dB": ".1f",
    "role": "",
    "note": "",
}
# those that go first if a terminal is too narrow
DISPENSABLE = ("picture dB", "± MAD", "memory GB", "distance", "role", "share of matmul", "scaled")
TEXTS = ("machine", "what", "status", "95% interval", "role", "note")
WHAT_LIMIT = 36  # characters


def titled(compared: ComparedRow) -> dict[str, object]:
    """All values of a row, by the titles of their columns."""
    row = compared.row
    size = row.size
    end_to_end = row.phases.get("end_to_end", {})
    phases = [name for name in row.phases if name != "end_to_end"]
    speedup = compared.speedup
    return {
        "title": str(size),
        "file": row.file,
        "machine": row.machine,
        "device": row.device,
        "dtype": row.dtype,
        "threads": row.settings.get("threads"),
        "what": row.computed_as,
        "model": size.model,
        "width": size.width,
        "height": size.height,
        "steps": size.steps,
        "batch": size.batch,
        "status": row.status,
        "seconds": row.seconds,
        "± MAD": end_to_end.get("mad_s"),
        **{f"{name} s": row.median(name) for name in phases},
        "scaled": compared.scaled,
        "images/s": row.images_per_s,
        "share of matmul": row.matmul_share,
        "tflops": row.tflops,
        "memory GB": row.memory_gb,
        "distance": row.distance,
        "picture dB": row.picture_db,
        "speed": speedup.median if speedup else None,
        "low": speedup.low if speedup else None,
        "high": speedup.high if speedup else None,
        "95% interval": compared.interval_text(),
        "note": compared.note,
        "role": compared.role,
    }


def frame(rows: Iterable[ComparedRow]) -> pd.DataFrame:
    """A row each, with raw numbers: seconds per call, speed over the baseline's."""
    return pd.DataFrame([titled(row) for row in rows])


def text(rows: Sequence[ComparedRow], width: int) -> str:
    """A table per workload, for a terminal: machines by their letters, notes below the tables."""
    machines = machines_of([compared.row for compared in rows])
    tables: dict[str, list[ComparedRow]] = {}
    for compared in rows:
        tables.setdefault(str(compared.row.size), []).append(compared)
    parts = ["\n".join(shortened(str(machine), width) for machine in machines.values())]
    parts += [_one_table(title, rows, machines, width) for title, rows in tables.items()]
    return "\n\n".join(part for part in parts if part)


def _one_table(
    title: str, rows: Sequence[ComparedRow], machines: dict[Unit, Machine], width: int
) -> str:
    notes: dict[str, str] = {}
    values = []
    for compared in rows:
        machine = machines[compared.row.unit].letter if len(machines) > 1 else None
        what = textwrap.shorten(compared.row.computed_as, WHAT_LIMIT, placeholder=" …")
        mark = _mark(compared.note, notes)
        values.append({**titled(compared), "machine": machine, "what": what, "note": mark})
    table, left_out = _that_fits(values, width)
    footnotes = [
        textwrap.fill(f"{mark} {one_line(note)}", width, subsequent_indent="    ")
        for note, mark in notes.items()
    ]
    if left_out:
        footnotes.append(textwrap.fill(f"not shown: {', '.join(left_out)}", width))
    return "\n".join([one_line(title), table, *footnotes])


def _mark(note: str | None, notes: dict[str, str]) -> str | None:
    """A mark for a note that stands below the table; a note of one character is its own mark."""
    if note is None or len(note) == 1:
        return note
    return notes.setdefault(note, f"[{len(notes) + 1}]")


def _that_fits(values: Sequence[dict[str, object]], width: int) -> tuple[str, list[str]]:
    """A table whose lines fit, and the columns that had to go."""
    columns = _filled(values, SHOWN)
    if all(row["status"] == "ok" for row in values):
        columns.remove("status")
    dispensable = [name for name in DISPENSABLE if name in columns]
    for count in range(len(dispensable) + 1):
        left_out = dispensable[:count]
        table = _drawn(values, [name for name in columns if name not in left_out])
        if max(map(len, table.splitlines())) <= width:
            break
    return table, left_out


def _drawn(values: Sequence[dict[str, object]], columns: Sequence[str]) -> str:
    lines = [[_cell(name, row[name]) for name in columns] for row in values]
    numbers = [index for index, name in enumerate(columns) if name not in TEXTS]
    table = text_table(lines, [_heading(name) for name in columns], numbers=numbers)
    return "\n".join(line.rstrip() for line in table.splitlines())


def _heading(name: str) -> str:
    return {"machine": "", "note": ""}.get(name, name)


def html(rows: Sequence[ComparedRow]) -> str:
    """One table of all workloads, for a notebook."""
    values = [titled(compared) for compared in rows]
    columns = _filled(values, ["title", *SHOWN])
    lines = [_written(row, columns) for row in values]
    return str(pd.DataFrame(lines).to_html(index=False))


def table_for_page(rows: Sequence[ComparedRow]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of one table of all workloads, with machines by their letters."""
    machines = machines_of([compared.row for compared in rows])
    values = []
    for compared in rows:
        machine = machines[compared.row.unit].letter if len(machines) > 1 else None
        values.append({**titled(compared), "machine": machine})
    columns = _filled(values, ["title", *SHOWN])
    head = ["workload" if name == "title" else name for name in columns]
    return head, [[_cell(name, row[name]) for name in columns] for row in values]


def _filled(rows: Iterable[dict[str, object]], columns: Iterable[str]) -> list[str]:
    """The columns in which any row has a value."""
    filled: set[str] = set()
    for row in rows:
        filled.update(name for name, value in row.items() if value is not None)
    return [name for name in columns if name in filled]


def _written(row: dict[str, object], columns: Sequence[str]) -> dict[str, str]:
    """The values of the columns as text; nothing for None."""
    return {name: _cell(name, row[name]) for name in columns}


def _cell(name: str, value: object) -> str:
    return "" if value is None else format(value, SHOWN.get(name, ""))
