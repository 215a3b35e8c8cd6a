"""Read results: tables with one row per cell, as pandas DataFrames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..store.images import read_picture

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image


import html
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._util.html import figure_html
from ..metrics.measures import STARS
from ..paths import results_folder
from ..spec.names import SPELLINGS
from ..spec.params import FIELDS
from ..spec.table_columns import FIXED, METRICS
from ..store.store import open_existing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# under a thumbnail, besides the axes
CAPTION = ("prompt", "seed", "steps", "guidance", "scheduler", "adherence")
SHOWN = 24  # rows that a notebook shows with thumbnails


class Table(pd.DataFrame):
    """A DataFrame of cells, which a notebook shows with thumbnails.

    attrs: `results` is the folder that `image` paths are relative to, `axes` the sweep's axes, `metric` the one that
    the sweep ranks its settings by, if it names one.
    """

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _repr_html_(self) -> str:
        if self.empty or "image" not in self.columns or "results" not in self.attrs:
            return super()._repr_html_()  # type: ignore[misc]  # pandas' types lack it
        root, axes = Path(self.attrs["results"]), self.attrs.get("axes") or ()
        figures = "".join(_figure(root, row, axes) for row in self.head(SHOWN).to_dict("records"))
        more = f"<p>{SHOWN} of {len(self):,} cells; <code>.head()</code>, filters and sorting work as on any DataFrame</p>"
        return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{figures}</div>{more if len(self) > SHOWN else ""}'


def _figure(root: Path, row: Mapping[Any, Any], axes: Iterable[str]) -> str:
    """A cell's picture, or why there is none, with those of its columns that the table still has."""
    why = ": ".join(str(row[k]) for k in ("status", "error") if k in row) or "no picture"
    if row.get("status", "ok") == "ok" and isinstance(row["image"], str):
        if picture := read_picture(root / row["image"]):
            return figure_html(picture, _caption(row, axes), 128)
        why = f"{row['image']} is missing or damaged"
    said = html.escape(str(row.get("prompt", "")))
    return f'<div style="max-width:240px">{said}<br><b>{html.escape(why)}</b></div>'


def _caption(row: Mapping[Any, Any], axes: Iterable[str]) -> dict[str, Any]:
    """What stands under a thumbnail: the usual columns and every axis of the sweep, as far as the table has them."""
    columns = dict.fromkeys([*CAPTION, *(SPELLINGS.get(name, name) for name in axes)])
    values = {name: _value(row, name) for name in columns}
    return {name: value for name, value in values.items() if value is not None}


def _value(row: Mapping[Any, Any], name: str) -> Any:
    """A column's value; that of `call.eta` stands in the column `call`."""
    holder, _, field = name.partition(".")
    text = row.get(holder) if field else None
    return json.loads(text).get(field) if isinstance(text, str) else row.get(name)


class Results:
    """A results folder, for reading. path: the folder, or None for the usual one (see dwlab.paths)."""

    def __init__(self, path: str | Path | None = None):
        self.root = results_folder(path)

    def __repr__(self) -> str:
        return f"Results({str(self.root)!r}, experiments={self.experiments()})"

    def experiments(self) -> list[str]:
        """The names of the experiments that ran here, oldest first."""
        return list(self.specs())

    def specs(self) -> dict[str, dict[str, Any]]:
        """The experiments that ran here by name, each as `Sweep.as_dict` gives it."""
        with open_existing(self.root) as store:
            return store.experiments() if store else {}

    def table(self, name: str | None = None) -> Table:
        """One row per cell of an experiment, in its order, or of the whole store.

        Raises InvalidInput for an experiment that never ran here.
        """
        with open_existing(self.root) as store:
            specs = store.experiments() if store else {}
            stored = store.rows(name) if store else []
        if name is not None and name not in specs:
            raise InvalidInput(
                "experiment", name, f"one that ran in {self.root}: {', '.join(specs) or 'none yet'}"
            )
        axes = [json.loads(row["axes"]) for row in stored]
        extra = list(
            dict.fromkeys(a for one in axes for a in one if a not in FIELDS and "." not in a)
        )
        measured = list(dict.fromkeys(m for row in stored for m in row["metrics"]))
        if any(row[STARS] for row in stored):
            measured.append(STARS)
        rows = [_flat(row, one) for row, one in zip(stored, axes, strict=True)]
        table = Table(rows, columns=[*FIXED, *extra, *sorted(measured, key=_metric_order)])
        table.attrs["results"] = str(self.root)
        table.attrs["axes"] = _axis_values(axes)
        table.attrs["metric"] = specs[name].get("metric") if name is not None else None
        return table

    def find(self, name: str) -> Table | None:
        """The table of an experiment; None for one that never ran here."""
        try:
            return self.table(name)
        except InvalidInput:
            return None


def _flat(row: dict[str, Any], axes: dict[str, Any]) -> dict[str, Any]:
    """A stored row as the table has it; metrics win no name from the fixed columns."""
    params = json.loads(row["params"])
    options = {name: json.dumps(params.get(name, {})) for name in ("scheduler_options", "call")}
    return {
        **row["metrics"],
        STARS: row[STARS],
        **axes,
        "negative_prompt": "",
        **{k: v for k, v in params.items() if k in FIELDS},
        **{k: row[k] for k in FIXED if k in row},
        **options,
    }


def _axis_values(axes: list[dict[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in axes:
        for name, value in one.items():
            found.setdefault(name, {})[json.dumps(value, default=str)] = value
    return {name: list(values.values()) for name, values in found.items()}


def _metric_order(name: str) -> int:
    return METRICS.index(name) if name in METRICS else len(METRICS)


def open_picture(table: pd.DataFrame, relative: object) -> Image.Image | None:
    """A picture of the table as RGB, or None if its file is missing, damaged or outside the results folder."""
    if not isinstance(relative, str) or not relative:
        return None
    try:
        root = Path(table.attrs.get("results", ".")).resolve()
        path = (root / relative).resolve()
    except (OSError, ValueError):
        return None
    return read_picture(path) if path.is_relative_to(root) else None
