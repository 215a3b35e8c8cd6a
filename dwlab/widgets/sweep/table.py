"""The table of a sweep with thumbnails, small enough for a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._util.html import headed_table
from ...analysis.axes import swept
from ...analysis.labels import label
from ...analysis.metric_columns import metrics_of, numbers, seconds_column
from ...analysis.quality import quality_of
from ...runs.table import open_picture
from ...views.missing_pictures import reason
from ..small_pictures import image_html, small_jpeg

if TYPE_CHECKING:
    import pandas as pd

ROWS_LIMIT = 60
METRICS_LIMIT = 2
THUMBNAILS_LIMIT = 110_000  # bytes of all thumbnails together
THUMBNAIL_SIDE = 56  # pixels
TEXT_LIMIT = 200  # characters of an error or a description


def thumbnails_html(table: pd.DataFrame, limit: int = ROWS_LIMIT) -> str:
    """The first rows as an HTML table: a thumbnail, the swept values, the first metrics, the time.

    There are at most `limit` rows, and fewer if their thumbnails are large.
    """
    shown = table.head(limit)
    columns = _columns(table, len(shown))
    rows: list[list[str]] = []
    bytes_left = THUMBNAILS_LIMIT
    for number, record in enumerate(shown.to_dict("records")):
        thumbnail = _thumbnail(table, record)
        bytes_left -= len(thumbnail)
        if bytes_left < 0:
            break
        rows.append([thumbnail, *(column.texts[number] for column in columns)])
    names = ["picture", *(column.name for column in columns)]
    note = ""
    if len(rows) < len(table):
        note = f"<p>{len(rows):,} of {len(table):,} rows; table.csv has all of them.</p>"
    return headed_table(names, rows) + note


@dataclass(frozen=True)
class TextColumn:
    """A column of the table besides the thumbnails."""

    name: str
    texts: list[str]


def _columns(table: pd.DataFrame, count: int) -> list[TextColumn]:
    """The columns besides the thumbnails, for the first `count` rows."""
    columns = []
    for axis in swept(table):
        texts = [axis.label(value) for value in axis.column.iloc[:count]]
        columns.append(TextColumn(axis.name, texts))
    if not columns:
        prompts = [str(prompt) for prompt in table["prompt"].iloc[:count]]
        columns.append(TextColumn("prompt", prompts))
    metrics = metrics_of(table)
    quality = quality_of(table)
    # the one that ranks is always there
    metrics = sorted(metrics, key=lambda name: name != quality)[:METRICS_LIMIT]
    columns += [TextColumn(metric, _amounts(table, metric, count)) for metric in metrics]
    seconds = seconds_column(table)
    if seconds:
        columns.append(TextColumn("seconds", _amounts(table, seconds, count)))
    return columns


def _amounts(table: pd.DataFrame, column: str, count: int) -> list[str]:
    amounts = numbers(table, column).iloc[:count]
    return [label(round(float(amount), 3)) for amount in amounts]


def _thumbnail(table: pd.DataFrame, record: dict[Any, Any]) -> str:
    """The picture of a row as `Html`, or a text that says why there is none."""
    status = str(record["status"])
    if status != "ok":
        return f"{reason(status)}: {str(record['error'])[:TEXT_LIMIT]}"
    picture = open_picture(table, record.get("image"))
    if picture is None:
        return reason(status)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    description = str(record["prompt"])[:TEXT_LIMIT]
    return image_html(small_jpeg(picture), description, style="display:block")
