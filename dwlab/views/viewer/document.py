"""What a viewer knows of a sweep, as plain values for JSON."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

from ...analysis.axes import SEED, Axis, swept
from ...analysis.optional_columns import statuses
from ...analysis.quality import quality_of
from ..missing_pictures import reason
from ..report.python_recipe import recipe
from .command import command
from .fields import fields_of, text_field
from .sheets import ACROSS, PER_SHEET, sheet_count, thumbnail_side

if TYPE_CHECKING:
    import pandas as pd

LAID_OUT = 2  # axes besides the seed from which on seeds lie in one cell
MOST_COLUMNS = 12  # with more of them, pictures are too small to be seen
LONG_LABEL = 24  # characters; longer ones stand beside rows


def document(table: pd.DataFrame, title: str) -> dict[str, object]:
    """Names, axes, fields and cells of a table, without its pictures and recipes."""
    return {
        "title": title,
        "count": len(table),
        "fields": [field.as_dict() for field in fields_of(table)],
        "layout": usual_layout(swept(table)),
        "metric": quality_of(table) or "",
        "keys": [str(key) for key in table["key"]] if "key" in table else [],
        "prompts": text_field("prompt", "parameter", _texts(table, "prompt")).as_dict(),
        "states": text_field("state", "record", _states(table)).as_dict(),
        "errors": text_field("error", "record", _texts(table, "error")).as_dict(),
        "images": _texts(table, "image"),
        "sheets": {
            "side": thumbnail_side(len(table)),
            "across": ACROSS,
            "each": PER_SHEET,
            "versions": _versions(table),
        },
    }


def recipes(table: pd.DataFrame) -> list[dict[str, str]]:
    """How to make each cell's picture again: `recipe` in Python, `command` for a shell."""
    rows = table.to_dict("records")
    return [{"recipe": recipe(row), "command": command(row)} for row in rows]


def usual_layout(axes: list[Axis]) -> dict[str, str]:
    """Which axis a viewer shows where at first, by name.

    The longest labels go beside the rows. Seeds lie in one cell if two other axes make rows and
    columns.
    """
    outside = [axis for axis in axes if axis.names != SEED]
    if len(outside) < LAID_OUT:
        outside = axes
    by_length = sorted(outside, key=_longest_label)
    if not by_length:
        return {}
    rows = by_length[-1]
    others = [axis for axis in outside if axis is not rows]
    if not others and _longest_label(rows) <= LONG_LABEL:
        return {"columns": rows.name}
    others.sort(key=lambda axis: not axis.numeric)
    places = ["columns", "supercolumns", "superrows", "page"]
    if math.prod(len(axis.values) for axis in others[:2]) > MOST_COLUMNS:
        places.remove("supercolumns")
    layout = {place: axis.name for place, axis in zip(places, others, strict=False)}
    return {"rows": rows.name, **layout}


def _longest_label(axis: Axis) -> int:
    return max((len(axis.label(value)) for value in axis.values), default=0)


def _texts(table: pd.DataFrame, name: str) -> list[str]:
    if name not in table:
        return [""] * len(table)
    return [value if isinstance(value, str) else "" for value in table[name]]


def _states(table: pd.DataFrame) -> list[str]:
    """Why a cell has no picture; empty for one that has."""
    return ["" if status == "ok" else reason(str(status)) for status in statuses(table)]


def _versions(table: pd.DataFrame) -> list[int]:
    """A checksum of each sheet's pictures: a page that has an older sheet asks for it again."""
    images = _texts(table, "image")
    starts = [number * PER_SHEET for number in range(sheet_count(len(table)))]
    return [zlib.crc32("".join(images[start : start + PER_SHEET]).encode()) for start in starts]
