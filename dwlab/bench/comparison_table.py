"""Compared rows as people read them: titles, digits, and tables as text, HTML or a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .compare import ComparedRow

# The columns that are shown, in their order, and how their numbers are written.
SHOWN = {
    "machine": "",
    "what": "",
    "status": "",
    "seconds": ".3f",
    "± MAD": ".4f",
    "scaled": ".1f",
    "images/s": ".3f",
    "speed": ".2f",
    "95% interval": "",
    "share of matmul": ".2f",
    "memory GB": ".2f",
    "distance": ".2g",
    "picture dB": ".1f",
    "role": "",
    "note": "",
}


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


def text(rows: Sequence[ComparedRow]) -> str:
    """A table per workload, for a terminal."""
    from tabulate import tabulate

    machines = list(dict.fromkeys(compared.row.machine for compared in rows))
    one_machine = len(machines) == 1
    tables: dict[str, list[dict[str, object]]] = {}
    for compared in rows:
        tables.setdefault(str(compared.row.size), []).append(titled(compared))
    parts = []
    for title, values in tables.items():
        columns = _filled(values, SHOWN)
        if one_machine:
            columns.remove("machine")
        lines = [_written(row, columns) for row in values]
        table = tabulate(lines, headers="keys", tablefmt="pipe")
        suffix = f" on {machines[0]}" if one_machine else ""
        parts.append(f"{title}{suffix}\n{table}")
    return "\n\n".join(parts)


def html(rows: Sequence[ComparedRow]) -> str:
    """One table of all workloads, for a notebook."""
    values = [titled(compared) for compared in rows]
    columns = _filled(values, ["title", *SHOWN])
    lines = [_written(row, columns) for row in values]
    return str(pd.DataFrame(lines).to_html(index=False))


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
