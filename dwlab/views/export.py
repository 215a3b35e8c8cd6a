"""Tables as files for other programs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "json", "parquet", "markdown")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(table: pd.DataFrame, format: str) -> bytes:
    """The table in one of FORMATS, as bytes; raises InvalidInput for another format.

    csv: UTF-8 with a byte order mark. parquet: a column of texts and numbers is written as text.
    """
    import pandas as pd

    plain = pd.DataFrame(table)
    plain.attrs = {}
    if format == "csv":
        # texts in quotes: a bare carriage return would else begin a new row, and with it a new cell
        text = plain.apply(_defused).to_csv(
            index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
        )
        return text.encode("utf-8-sig")  # with a mark by which Excel knows it for UTF-8
    if format == "json":
        return (
            plain.to_json(orient="records", force_ascii=False, indent=1, double_precision=15) + "\n"
        ).encode()
    if format == "parquet":
        buffer = io.BytesIO()
        plain.apply(_of_one_type).to_parquet(buffer, index=False)
        return buffer.getvalue()
    if format == "markdown":
        return _markdown(plain).encode()
    raise InvalidInput("format", format, ", ".join(FORMATS))


def _of_one_type(column: pd.Series) -> pd.Series:
    """The column as it is if Parquet has a type for all its values; otherwise as text, empty values left empty."""
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return column.map(str, na_action="ignore").astype(object)
    return column


def _defused(column: pd.Series) -> pd.Series:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay."""
    return column.map(lambda v: f"'{v}" if isinstance(v, str) and v.startswith(_FORMULA) else v)


def _markdown(table: pd.DataFrame) -> str:
    """The columns a person reads, as a Markdown table; cells are escaped and kept on one line."""
    hidden = {
        "experiment",
        "versions",
        "pixels",
        "created",
        "dtype",
        "device",
        "width",
        "height",
        "device_seconds",
    }
    shown = table[
        [c for c in table.columns if c == "key" or (c not in hidden and not table[c].isna().all())]
    ].copy()
    empty = (shown == "").all() | (shown == "{}").all()
    shown = shown.drop(columns=[c for c in shown.columns[empty] if c != "key"])
    shown["key"] = shown["key"].str[:10]
    texts = list(shown.select_dtypes(include=["object", "string"]).columns)
    for column in texts:
        shown[column] = shown[column].map(_cell)
    as_written = [
        shown.columns.get_loc(column) for column in texts
    ]  # or 1.10 would be shown as 1.1, and 007 as 7
    return shown.to_markdown(index=False, floatfmt=".4g", disable_numparse=as_written) + "\n"


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = "".join(
        c for c in " ".join(value.split()) if c.isprintable()
    )  # no escapes for a terminal
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return f"{text[:77]}..." if len(text) > 80 else text
