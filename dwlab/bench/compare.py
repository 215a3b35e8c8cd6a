"""Compare benchmark files: rows of one workload get a ratio, others a note that says why not."""

from __future__ import annotations

import itertools
import json
import textwrap
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._util.html import escaped
from .._util.terminal_text import one_line
from ..errors import InvalidInput
from . import comparison_table, files
from .comparison_answer import sentences
from .confidence import Speedup, speedup
from .file_rows import FileRow
from .machines import machines_of
from .row_notes import why_not

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from .file_rows import WorkloadSize
    from .files import Document
    from .machines import Machine, Unit

WIDTH = 100  # characters of a line for a terminal
OTHER_VERSIONS = "*"
BASELINE_NOTE = (
    "speed: over the first float32 row with stock settings of the same workload; "
    "share of matmul: of the measured rate of a large matrix product"
)
VERSIONS_NOTE = "* measured with other versions than the baseline's"


@dataclass(frozen=True)
class ComparedRow:
    """A row of a file beside the baseline of its workload.

    speedup: over the baseline; None if the two cannot be compared. note: why not, or a remark.
    scaled: seconds that another number of steps would take. role: common, best or None.
    """

    row: FileRow
    is_baseline: bool = False
    speedup: Speedup | None = None
    note: str | None = None
    scaled: float | None = None
    role: str | None = None

    def interval_text(self) -> str | None:
        """The 95% interval; the baseline has none."""
        if self.speedup is None or self.is_baseline:
            return None
        return self.speedup.interval_text()


@dataclass(frozen=True)
class Comparison:
    """The rows of all files, sorted by workload, and notes on them."""

    rows: tuple[ComparedRow, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """What the measurements say, the most important first."""
        return sentences(self._rows)

    @property
    def machines(self) -> dict[Unit, Machine]:
        """The devices of the files, each with a letter and a short name."""
        return machines_of(self._rows)

    @property
    def _rows(self) -> list[FileRow]:
        return [compared.row for compared in self.rows]

    @property
    def failed(self) -> int:
        """How many rows have no numbers that count."""
        return sum(not compared.row.ok for compared in self.rows)

    @property
    def table(self) -> pd.DataFrame:
        """A row each: measured values in seconds per call, speed over the baseline's."""
        return comparison_table.frame(self.rows)

    def text(self, width: int = WIDTH) -> str:
        """What the measurements say, then a table per workload, in lines of `width` characters."""
        answer = [textwrap.fill(one_line(text), width) for text in self.sentences]
        tables = comparison_table.text(self.rows, width)
        notes = [textwrap.fill(one_line(note), width) for note in self.notes]
        return "\n\n".join([*answer, tables, *notes])

    def _repr_html_(self) -> str:
        paragraphs = [f"<p>{escaped(text)}</p>" for text in self.sentences]
        return "".join(paragraphs) + comparison_table.html(self.rows)


def compare(paths: Sequence[Path], *, steps: int | None = None) -> Comparison:
    """Compare the files of benchmark runs.

    Rows are compared if their whole workload is the same (model and weights, prompt, size, steps,
    guidance, scheduler, seed, batch). The baseline of a workload is its first float32 row with
    stock settings, or else its first row. Intervals: see `dwlab.bench.confidence`. steps: adds what
    so many steps would take. Raises InvalidInput for a file that `dwlab bench run` did not write.
    """
    documents = {path: files.load(path) for path in paths}
    for path, document in documents.items():
        if files.kind(document) != files.RUN:
            allowed = "a file of `dwlab bench run`; `dwlab bench compare` takes both kinds"
            raise InvalidInput("file", str(path), allowed)
    return line_up(documents, steps=steps)


def line_up(documents: Mapping[Path, Document], *, steps: int | None = None) -> Comparison:
    """`compare` for documents that are loaded already, by their paths."""
    names = _names(documents)
    workloads: dict[WorkloadSize, list[FileRow]] = {}
    for order, (path, document) in enumerate(documents.items()):
        for values in document["rows"]:
            row = FileRow.of(names[path], order, document, values)
            workloads.setdefault(row.size, []).append(row)
    compared: list[ComparedRow] = []
    for size in sorted(workloads):
        baseline = _baseline(workloads[size])
        for row in workloads[size]:
            beside = _beside(baseline, row)
            compared.append(replace(beside, scaled=row.scaled(steps)))
    compared = _with_roles(compared)
    notes = [*_shared_workloads(documents, names), BASELINE_NOTE]
    if any(row.note == OTHER_VERSIONS for row in compared):
        notes.append(VERSIONS_NOTE)
    return Comparison(tuple(compared), tuple(notes))


def _names(paths: Iterable[Path]) -> dict[Path, str]:
    """What files are called: the stem, with the folder if another file has the same."""
    stems = Counter(path.stem for path in paths)
    return {
        path: path.stem if stems[path.stem] == 1 else f"{path.parent.name}/{path.stem}"
        for path in paths
    }


def _baseline(rows: list[FileRow]) -> FileRow | None:
    ok = [row for row in rows if row.ok]
    stock = [row for row in ok if row.is_stock]
    return next(iter([*stock, *ok]), None)


def _beside(baseline: FileRow | None, row: FileRow) -> ComparedRow:
    """The speed over the baseline with its interval, or a note that says why there is none."""
    if not row.ok:
        return ComparedRow(row, note=why_not(row))
    if baseline is None:
        return ComparedRow(row)
    differing = [
        name for name, value in row.workload.items() if value != baseline.workload.get(name)
    ]
    if differing:
        return ComparedRow(row, note=f"not comparable: another {', '.join(differing)}")
    return ComparedRow(
        row,
        is_baseline=row is baseline,
        speedup=speedup(baseline.phases["end_to_end"], row.phases["end_to_end"]),
        note=_note(baseline, row),
    )


def _note(baseline: FileRow, row: FileRow) -> str | None:
    if row.versions != baseline.versions:
        return OTHER_VERSIONS
    if row.expects_parity and row.parity is None:
        return "no parity: its reference failed"
    return None


def _with_roles(rows: list[ComparedRow]) -> list[ComparedRow]:
    """Name two rows of each device: the common denominator, and the fastest that counts."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, compared in enumerate(rows):
        row = compared.row
        if row.ok:
            # all batches of a workload on one device
            key = (row.file, row.device, replace(row.size, batch=0))
            groups.setdefault(key, []).append(index)
    roles: dict[int, str] = {}
    for indices in groups.values():
        roles[max(indices, key=lambda index: rows[index].row.images_per_s or 0.0)] = "best"
        common = [index for index in indices if _is_common(rows[index].row)]
        if common:
            roles[common[0]] = "common"
    return [replace(compared, role=roles.get(index)) for index, compared in enumerate(rows)]


def _is_common(row: FileRow) -> bool:
    return row.is_stock and row.size.batch == 1


def _shared_workloads(documents: Mapping[Path, Document], names: Mapping[Path, str]) -> list[str]:
    """Which files measured a workload in common, and which stand alone."""
    workloads = {path: _workloads(document) for path, document in documents.items()}
    notes = []
    paired: set[Path] = set()
    for a, b in itertools.combinations(documents, 2):
        shared = len(workloads[a] & workloads[b])
        if shared:
            paired |= {a, b}
            noun = "workload" if shared == 1 else "workloads"
            notes.append(f"{names[a]} and {names[b]} share {shared} {noun}")
    if len(documents) > 1:
        notes += [
            f"{names[path]} shares no workload with the other files"
            for path in documents
            if path not in paired
        ]
    return notes


def _workloads(document: Document) -> set[str]:
    """The workloads that a file measured, as text."""
    return {
        json.dumps(row["workload"], sort_keys=True)
        for row in document["rows"]
        if row["status"] == "ok"
    }
