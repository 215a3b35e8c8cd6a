"""Tables as files for other programs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ..analysis.selection import CHOSEN
from ..errors import InvalidInput
from ..spec.table_columns import COLUMNS
from .text_view import text_view

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("text", "csv", "json", "parquet", "markdown")
# what a spreadsheet takes for the start of a formula
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
KEY_DIGITS = 10  # of a key in a Markdown table
CELL_LIMIT = 80  # characters in a cell of a Markdown table


def export(table: pd.DataFrame, format: str, *, width: int = 120) -> bytes:
    """The table in one of FORMATS, as bytes; raises InvalidInput for another format.

    text: for a terminal of `width` columns, see `text_view`. csv: UTF-8 with a byte order mark. parquet: a column that mixes texts and numbers is written
    as text. markdown: the columns that people read, with long texts cut.
    """
    import pandas as pd

    if format == "text":
        return text_view(table, width).encode("utf-8", "replace")
    plain = pd.DataFrame(table)
    is_chosen = bool(table.attrs.get(CHOSEN))
    plain.attrs = {}
    if format == "csv":
        return _csv(plain)
    if format == "json":
        text = plain.to_json(orient="records", force_ascii=False, indent=1, double_precision=15)
        return f"{text}\n".encode()
    if format == "parquet":
        buffer = io.BytesIO()
        plain.apply(_of_one_type).to_parquet(buffer, index=False)
        return buffer.getvalue()
    if format == "markdown":
        shown = plain if is_chosen else plain[[n for n in plain.columns if _is_read(plain, n)]]
        return _markdown(shown).encode()
    raise InvalidInput("format", format, ", ".join(FORMATS))


def _csv(table: pd.DataFrame) -> bytes:
    # texts are quoted: otherwise a bare carriage return would begin a new row
    text = table.apply(_without_formulas).to_csv(
        index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
    )
    # the byte order mark tells Excel that it is UTF-8
    return text.encode("utf-8-sig")


def _without_formulas(column: pd.Series) -> pd.Series:
    """The column with an apostrophe before each text that a spreadsheet would run as a formula."""
    import pandas as pd

    def is_formula(value: object) -> bool:
        return isinstance(value, str) and value.startswith(FORMULA_STARTS)

    if pd.api.types.is_numeric_dtype(column) or not any(map(is_formula, column)):
        return column
    return column.map(lambda value: f"'{value}" if is_formula(value) else value)


def _of_one_type(column: pd.Series) -> pd.Series:
    """The column as it is if Parquet has a type for it; otherwise as text, with gaps left empty."""
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return column.map(str, na_action="ignore").astype(object)
    return column


def _markdown(table: pd.DataFrame) -> str:
    shown = table.copy()
    if "key" in shown:
        shown["key"] = shown["key"].str[:KEY_DIGITS]
    texts = list(shown.select_dtypes(include=["object", "string"]).columns)
    for name in texts:
        shown[name] = shown[name].map(_markdown_cell)
    # in a column of texts 1.10 must not become 1.1; a table without rows has no column to name
    kept_as_written = [shown.columns.get_loc(name) for name in texts] if len(shown) else True
    text = shown.to_markdown(index=False, floatfmt=".4g", disable_numparse=kept_as_written)
    return f"{text}\n"


def _is_read(table: pd.DataFrame, name: str) -> bool:
    """Whether a Markdown table has the column: the key, and what people read unless it is empty."""
    if name == "key":
        return True
    if any(column.name == name and not column.brief for column in COLUMNS):
        return False
    values = table[name]
    return not (values.isna().all() or (values == "").all() or (values == "{}").all())


def _markdown_cell(value: object) -> object:
    """A text on one line, escaped, without characters that a terminal would act on, and cut."""
    if not isinstance(value, str):
        return value
    line = " ".join(value.split())
    text = "".join(character for character in line if character.isprintable())
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return f"{text[: CELL_LIMIT - 3]}..." if len(text) > CELL_LIMIT else text
