"""The table of cells as a notebook shows it: a DataFrame with thumbnails."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from .._util.html import figure_html
from .._util.jsonfile import object_in
from ..errors import InvalidInput
from ..pictures.inputs import stored
from ..spec import components, inputs, list_values
from ..spec.names import PARTS, SPELLINGS
from ..spec.own_code.recipe import FIELD as METHOD
from ..spec.table_columns import METHOD_PARAMETERS
from ..store.images import read_picture

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from PIL import Image

    Row = Mapping[Hashable, object]

# under a thumbnail, besides the axes
CAPTION = ("prompt", "seed", "steps", "guidance", "scheduler", "adherence")
SHOWN = 24  # rows that a notebook shows with thumbnails
SIDE = 128  # pixels of a thumbnail
TRACES = "traces"  # of the attrs: the names of what was kept of steps


class Table(pd.DataFrame):
    """A DataFrame of cells, which a notebook shows with thumbnails.

    attrs: `results` is the folder that `image` paths are relative to, `axes` the sweep's axes, and
    `metric` the one that the sweep ranks its settings by, if it names one, and `whole` what is
    known of all rows if the table has only the first ones. `measured` is what metrics of the user's own
    say of themselves, by column.
    """

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _repr_html_(self) -> str:
        if self.empty or "image" not in self.columns or "results" not in self.attrs:
            return super()._repr_html_()  # type: ignore[misc]  # missing in pandas' types
        root = Path(self.attrs["results"])
        axes = self.attrs.get("axes") or ()
        rows = self.head(SHOWN).to_dict("records")
        figures = "".join(_figure(root, row, axes) for row in rows)
        return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{figures}</div>{self._more()}'

    def _more(self) -> str:
        if len(self) <= SHOWN:
            return ""
        return (
            f"<p>{SHOWN} of {len(self):,} cells; <code>.head()</code>, filters and sorting work as "
            "on any DataFrame</p>"
        )


def open_picture(table: pd.DataFrame, relative: object) -> Image.Image | None:
    """A picture of the table as RGB; None if its file is missing, damaged or outside the folder."""
    if not isinstance(relative, str) or not relative:
        return None
    try:
        root = Path(table.attrs.get("results", ".")).resolve()
        path = (root / relative).resolve()
    except (OSError, ValueError):
        return None
    return read_picture(path) if path.is_relative_to(root) else None


def open_input(table: pd.DataFrame, relative: object) -> Image.Image | None:
    """A stored picture that cells of a table start from; None if it is missing or damaged.

    relative: its path in the results folder.
    """
    reference = inputs.reference_of_path(relative) if isinstance(relative, str) else None
    digest = inputs.digest_of(reference)
    if digest is None:
        return None
    try:
        return stored(Path(table.attrs.get("results", ".")), digest)
    except InvalidInput:
        return None


def _figure(root: Path, row: Row, axes: Iterable[str]) -> str:
    """A cell's picture, or why there is none, with those of its columns that the table has."""
    reason = ": ".join(str(row[name]) for name in ("status", "error") if name in row)
    if row.get("status", "ok") == "ok" and isinstance(row["image"], str):
        picture = read_picture(root / row["image"])
        if picture:
            return figure_html(picture, _caption(row, axes), SIDE)
        reason = f"{row['image']} is missing or damaged"
    prompt = html.escape(str(row.get("prompt", "")))
    reason = html.escape(reason or "no picture")
    return f'<div style="max-width:240px">{prompt}<br><b>{reason}</b></div>'


def _caption(row: Row, axes: Iterable[str]) -> dict[str, object]:
    """The usual columns and every axis of the sweep, as far as the table has them."""
    columns = dict.fromkeys([*CAPTION, *(SPELLINGS.get(name, name) for name in axes)])
    values = {name: _value(row, name) for name in columns}
    return {name: value for name, value in values.items() if value is not None}


def _value(row: Row, name: str) -> object:
    """The value of a column; that of `call.eta` is in the column `call`, as JSON."""
    if name in PARTS:
        return components.label(name, object_in(row.get(name)))
    column, _, argument = name.partition(".")
    if column == METHOD and argument:
        column = METHOD_PARAMETERS
    text = row.get(column) if argument else None
    if not isinstance(text, str) or not text:
        return row.get(name)
    value = json.loads(text)
    if column in list_values.NAMES:
        return list_values.values_by_axis(column, value).get(name)
    if column == "components":
        return components.label(name, value.get(argument))
    return value.get(argument)
