"""Line benchmark files up: what may be compared gets a ratio with its interval, what may not says why."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InvalidInput
from ..models.settings import STOCK
from . import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RESAMPLES = 2000
_GROUP = ("model", "width", "height", "steps", "batch")
_CHOSEN = ("attention", "compile", "channels_last", "slicing", "offload")


@dataclass(frozen=True)
class Comparison:
    """Rows of all files. table: one row each; what is measured in seconds a call, ratios as speed over the baseline's."""

    table: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def failed(self) -> int:
        """Rows without a number that counts."""
        return int((self.table["status"] != "ok").sum())

    def text(self) -> str:
        """A table per workload, for a terminal."""
        parts = []
        machines = self.table["machine"].unique()
        for title, rows in self.table.groupby("title", sort=False):
            columns = [
                c
                for c in _SHOWN
                if c in rows and rows[c].notna().any() and (c != "machine" or len(machines) > 1)
            ]
            where = f" on {machines[0]}" if len(machines) == 1 else ""
            parts.append(f"{title}{where}\n{_cells(rows[columns]).to_markdown(index=False)}")
        return "\n\n".join([*parts, *self.notes])

    def _repr_html_(self) -> str:
        shown = [c for c in ("title", *_SHOWN) if c in self.table and self.table[c].notna().any()]
        return _cells(self.table[shown]).to_html(index=False)


_SHOWN = (
    "machine", "what", "status", "seconds", "± MAD", "scaled", "images/s", "speed", "95% interval", "share of matmul",
    "memory GB", "distance", "picture dB", "role", "note",
)  # fmt: skip


def compare(files: Sequence[Path], *, steps: int | None = None) -> Comparison:
    """Line up the files of benchmark runs.

    Rows are compared where their whole workload is the same (model and weights, prompt, size, steps, guidance, scheduler,
    seed, batch). The baseline of a workload is its first float32 row with stock settings, else its first row. Intervals
    are bootstrap intervals that resample rounds, then samples in them. steps: adds what so many steps would take, as
    prompt + steps x median step + decode. Raises InvalidInput for a file that `dwlab bench run` did not write.
    """
    runs = {path: record.load(path) for path in files}
    for path, document in runs.items():
        if record.kind(document) != record.RUN:
            raise InvalidInput(
                "file",
                str(path),
                "a file of `dwlab bench run`; `dwlab bench compare` takes both kinds",
            )
    return line_up(runs, steps=steps)


def line_up(runs: Mapping[Path, dict[str, Any]], *, steps: int | None = None) -> Comparison:
    """`compare` for documents that are loaded already, by their paths."""
    rows = [
        _Row(path.stem, document, row)
        for path, document in runs.items()
        for row in document["rows"]
    ]
    table = []
    for _, group in itertools.groupby(sorted(rows, key=lambda r: r.group), key=lambda r: r.group):
        together = list(group)
        baseline = _baseline(together)
        table += [one.flat(baseline, steps) for one in together]
    frame = _roles(pd.DataFrame(table))
    notes = [
        *_pairs(runs),
        f"speed: over {_BASE} of the same workload; share of matmul: of the measured rate of a large matrix product",
    ]
    if frame["note"].str.contains(r"\*", regex=True, na=False).any():
        notes.append("* measured with other versions than the baseline's")
    return Comparison(frame, tuple(notes))


_BASE = "the first float32 row with stock settings"


@dataclass(frozen=True)
class _Row:
    file: str
    document: dict[str, Any]
    row: dict[str, Any]

    @property
    def group(self) -> tuple[Any, ...]:
        return tuple(self.row["workload"][name] for name in _GROUP)

    @property
    def good(self) -> bool:
        return bool(self.row["status"] == "ok")

    @property
    def chosen(self) -> dict[str, Any]:
        """Settings that are not stock; threads where the row asked for them."""
        return {
            k: v for k, v in self.row["settings"].items() if k in _CHOSEN and v != getattr(STOCK, k)
        }

    @property
    def stock(self) -> bool:
        return self.row["dtype"] == "float32" and not self.chosen

    def flat(self, baseline: _Row | None, steps: int | None) -> dict[str, Any]:
        row, phases = self.row, self.row.get("phases") or {}
        model, width, height, count, batch = self.group
        end = phases.get("end_to_end")
        medians = {
            f"{name} s": phase["median_s"] for name, phase in phases.items() if name != "end_to_end"
        }
        scaled = (
            medians["prompt s"] + steps * medians["step s"] + medians["decode s"]
            if steps and end
            else None
        )
        parity, memory = row.get("parity") or {}, row.get("memory") or {}
        return {
            "title": f"{model}, {width}x{height}, {count} steps, batch {batch}",
            "file": self.file,
            "machine": self.document["system"].get("devices", {}).get(row["device"], {}).get("name", row["device"]),
            "device": row["device"],
            "dtype": row["dtype"],
            "threads": row["settings"].get("threads"),
            "what": ", ".join([row["device"], row["dtype"], *(_said(k, v) for k, v in self.chosen.items())]),
            "model": model, "width": width, "height": height, "steps": count, "batch": batch,
            "status": row["status"],
            "seconds": end and end["median_s"],
            "± MAD": end and end["mad_s"],
            **medians,
            "scaled": scaled,
            "images/s": row.get("images_per_s"),
            "share of matmul": row.get("matmul_share"),
            "tflops": row.get("tflops"),
            "memory GB": memory.get("allocated_gb", memory.get("resident_gb")),
            "distance": parity.get("denoiser"),
            "picture dB": parity.get("picture_db"),
            **self._against(baseline),
        }  # fmt: skip

    def _against(self, baseline: _Row | None) -> dict[str, Any]:
        """Speed over the baseline with its interval, or a note that says why there is none."""
        nothing = {"speed": None, "low": None, "high": None, "95% interval": None}
        if not self.good:
            error = self.row.get("error")
            outside = (
                "its numbers are too far from the reference"
                if self.row["status"] == "invalid"
                else None
            )
            return {**nothing, "note": error or outside}
        if baseline is None:
            return {**nothing, "note": None}
        differs = [
            k for k, v in self.row["workload"].items() if v != baseline.row["workload"].get(k)
        ]
        if differs:
            return {**nothing, "note": f"not comparable: another {', '.join(differs)}"}
        other = _versions(self.document) != _versions(baseline.document)
        wanted = self.document.get("protocol", {}).get("parity") != "none"
        lacks = (
            "no parity: its reference failed" if wanted and self.row.get("parity") is None else None
        )
        low, speed, high = ratio(
            baseline.row["phases"]["end_to_end"], self.row["phases"]["end_to_end"]
        )
        interval = f"{low:.2f}-{high:.2f}" if self is not baseline else None
        return {
            "speed": speed,
            "low": low,
            "high": high,
            "95% interval": interval,
            "note": "*" if other else lacks,
        }


def ratio(baseline: dict[str, Any], other: dict[str, Any]) -> tuple[float, float, float]:
    """How many times faster `other` is than `baseline`: 2.5%, median ratio, 97.5%; phases as of `timing.summary`.

    The interval resamples rounds with replacement, then each one's samples, 2,000 times with a fixed seed: samples of one
    process resemble each other more than those of two.
    """
    random = np.random.default_rng(0)
    ratios = _resampled(baseline, random) / _resampled(other, random)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(baseline["median_s"] / other["median_s"]), float(high)


def _resampled(phase: dict[str, Any], random: np.random.Generator) -> np.ndarray:
    rounds = np.split(np.array(phase["samples_s"]), np.cumsum(phase["rounds"])[:-1])
    medians = np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        picked = (rounds[n] for n in random.integers(0, len(rounds), len(rounds)))
        medians[k] = np.median(np.concatenate([random.choice(one, len(one)) for one in picked]))
    return medians


def _said(name: str, value: object) -> str:
    words = name.replace("_", " ")
    return words if value is True else f"{words} {value}"


def _baseline(rows: list[_Row]) -> _Row | None:
    good = [row for row in rows if row.good]
    return next((row for row in good if row.stock), good[0] if good else None)


def _versions(document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document["system"]["versions"].items() if k != "dwlab"}


def _pairs(runs: Mapping[Path, dict[str, Any]]) -> list[str]:
    """Which files measured a workload in common, and which stand alone."""
    workloads = {path: _workloads(document) for path, document in runs.items()}
    pairs = [(a, b) for a, b in itertools.combinations(runs, 2) if workloads[a] & workloads[b]]
    notes = [
        f"{a.stem} and {b.stem} share {_counted(len(workloads[a] & workloads[b]))}"
        for a, b in pairs
    ]
    paired = {path for pair in pairs for path in pair}
    alone = [path.stem for path in runs if path not in paired] if len(runs) > 1 else []
    return [*notes, *(f"{stem} shares no workload with the other files" for stem in alone)]


def _workloads(document: dict[str, Any]) -> set[str]:
    return {
        json.dumps(row["workload"], sort_keys=True)
        for row in document["rows"]
        if row["status"] == "ok"
    }


def _counted(number: int) -> str:
    return f"{number} {'workload' if number == 1 else 'workloads'}"


def _roles(table: pd.DataFrame) -> pd.DataFrame:
    """Name the two rows of each machine that belong together: the common denominator, and the best for this device."""
    table["role"] = None
    good = table[table["status"] == "ok"]
    for _, rows in good.groupby(
        ["file", "device", "model", "width", "height", "steps"], sort=False
    ):
        common = rows[(rows["what"] == rows["device"] + ", float32") & (rows["batch"] == 1)]
        table.loc[rows["images/s"].idxmax(), "role"] = "best"
        if len(common):
            table.loc[common.index[0], "role"] = "common"
    return table


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as people read them."""
    digits = {
        "seconds": 3,
        "± MAD": 4,
        "scaled": 1,
        "images/s": 3,
        "speed": 2,
        "share of matmul": 2,
        "memory GB": 2,
    }
    shown = table.astype(object)
    for name in shown:
        if name in digits or name in ("distance", "picture dB"):
            form = f".{digits[name]}f" if name in digits else ".2g" if name == "distance" else ".1f"
            shown[name] = [format(v, form) if pd.notna(v) else "" for v in table[name]]
        else:
            shown[name] = [v if pd.notna(v) else "" for v in table[name]]
    return shown
