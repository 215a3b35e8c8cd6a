"""Small pieces of HTML and small pictures for notebooks: what they hold stays in the notebook, so bytes count."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps

from .._util.durations import duration
from .._util.html import Html, data_uri, facts_table, headed_table
from ..analysis.findings import constants, label, metrics_of, numbers, seconds_column, swept
from ..analysis.quality import quality_of
from ..runs.results import open_picture
from ..views.grids import REASONS, grid, lay_out
from ..views.plots import metric_plot, seconds_plot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from ..runs.eta import Pace

PICTURE_LIMIT = 140_000  # bytes of one picture
THUMBNAILS_LIMIT = 110_000  # bytes of a table's thumbnails together
SHEET_WIDTH = 1200  # pixels; wider contact sheets get smaller tiles
SIDES = (128, 96, 72, 48)
THUMBNAIL = 56
ROWS = 60
PLOTTED_AXES = 3


def small_jpeg(image: Image.Image, limit: int = PICTURE_LIMIT, *, side: int | None = None) -> bytes:
    """The picture as a JPEG of at most `limit` bytes and `side` pixels, made smaller until it fits."""
    if side is not None and max(image.size) > side:
        image = ImageOps.contain(image, (side, side))
    while True:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=85, subsampling=0)
        if buffer.tell() <= limit or max(image.size) <= 64:
            return buffer.getvalue()
        image = image.resize(
            [max(1, round(0.85 * side)) for side in image.size], Image.Resampling.LANCZOS
        )


def small_grid(table: pd.DataFrame) -> bytes:
    """The contact sheet, small enough to stay in a notebook, as a JPEG."""
    side = next((s for s in SIDES if lay_out(table, side=s).width <= SHEET_WIDTH), SIDES[-1])
    return small_jpeg(grid(table, side=side))


def image_html(
    data: bytes, text: str, *, kind: str = "jpeg", style: str = "max-width:100%", classes: str = ""
) -> str:
    """An `<img>` that holds its own bytes; `text` is its description."""
    return f'<img class="{classes}" style="{style}" alt="{html.escape(text)}" src="{data_uri(data, kind)}">'


def table_html(table: pd.DataFrame, most: int = ROWS) -> str:
    """The first rows, at most `most`, as an HTML table: a thumbnail, what was swept, the first metrics, the time."""
    axes, measured, cost = swept(table), metrics_of(table)[:2], seconds_column(table)
    columns = [
        "picture",
        *(a.name for a in axes),
        *([] if axes else ["prompt"]),
        *measured,
        *(["seconds"] if cost else []),
    ]
    amounts = [numbers(table, name) for name in (*measured, *([cost] if cost else []))]
    rows, left = [], THUMBNAILS_LIMIT
    for k, record in enumerate(table.head(most).to_dict("records")):
        shown = _thumbnail(table, record)
        left -= len(shown)
        if left < 0:
            break
        texts = [a.label(a.column.iloc[k]) for a in axes] or [str(record["prompt"])]
        texts += [label(round(float(column.iloc[k]), 3)) for column in amounts]
        rows.append([Html(shown), *texts])
    more = (
        f"<p>{len(rows):,} of {len(table):,} rows; table.csv has them all.</p>"
        if len(rows) < len(table)
        else ""
    )
    return headed_table(columns, rows) + more


def _thumbnail(table: pd.DataFrame, record: dict[Any, Any]) -> str:
    picture = open_picture(table, record.get("image")) if record["status"] == "ok" else None
    if picture is None:
        why = REASONS.get(record["status"], str(record["status"]))
        error = f": {str(record['error'])[:200]}" if record["status"] != "ok" else ""
        return html.escape(why + error)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return image_html(small_jpeg(picture), str(record["prompt"])[:200], style="display:block")


def figures(table: pd.DataFrame, *, dark: bool = False) -> dict[str, Figure]:
    """The plots of a sweep by their titles: the first metric along the first axes, then time against steps."""
    metric = quality_of(table) or next(iter(metrics_of(table)), None)
    found = {}
    for axis in [a for a in swept(table) if a.names != ("seed",)][:PLOTTED_AXES] if metric else []:
        found[f"{metric} along {axis.name}"] = metric_plot(table, str(metric), axis.name, dark=dark)
    if seconds_column(table):
        found["seconds per picture"] = seconds_plot(table, dark=dark)
    return found


def plots_html(table: pd.DataFrame) -> str:
    """The plots for a light and for a dark page; the style sheet of the panel shows the ones that fit."""
    parts = []
    for theme in ("light", "dark"):
        for title, figure in figures(table, dark=theme == "dark").items():
            parts.append(image_html(png(figure), title, kind="png", classes=f"dwlab-{theme}"))
    return "".join(parts)


def png(picture: Figure | Image.Image) -> bytes:
    """A figure or a picture as a PNG."""
    buffer = io.BytesIO()
    save = picture.save if isinstance(picture, Image.Image) else picture.savefig
    save(buffer, format="png")
    return buffer.getvalue()


def status_html(pace: Pace, unit: str = "pictures") -> str:
    """How far a run is, on one line."""
    parts = (pace.counts(unit), f"{duration(pace.elapsed)} so far", pace.left_text())
    return " &middot; ".join(part for part in parts if part)


def files_html(files: Mapping[str, Path]) -> str:
    """Where the files of a sweep lie, those that are there."""
    return facts_table(
        (what, Html(f"<code>{html.escape(str(path))}</code>"))
        for what, path in files.items()
        if path.exists()
    )


def files_of(root: Path, name: str) -> dict[str, Path]:
    """The files that a sweep leaves for people, by what they are."""
    folder = root / name
    return {
        "report": folder / "report.html",
        "table": folder / "table.csv",
        "grid": folder / "grid.png",
        "log": folder / "run.log",
        "pictures": root / "images",
    }


def facts_html(table: pd.DataFrame) -> str:
    """What a sweep that ran was: its cells, what was swept, what stood still."""
    failed = int((table["status"] != "ok").sum())
    facts = {
        "sweep": ", ".join(str(n) for n in table["experiment"].unique()),
        "cells": f"{len(table):,}" + (f", {failed:,} failed" if failed else ""),
        **{
            f"axis {a.name}": ", ".join(a.label(v) for v in a.values[:12])
            + (f" … ({len(a.values)})" if len(a.values) > 12 else "")
            for a in swept(table)
        },
        **constants(table),
    }
    return facts_table((name, text[:300]) for name, text in facts.items())
