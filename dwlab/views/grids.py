"""Contact sheets: a sweep's pictures in rows and columns, with labels that always fit."""

from __future__ import annotations

import io
import itertools
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from .._util.atomic import write_atomic
from ..errors import InvalidInput
from ..runs.results import open_picture
from .text_fit import draw, fit, fit_all, line_height, printable, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ..analysis.findings import Axis

PAPER, INK, MUTED, EMPTY, LINE = "#ffffff", "#1c1d21", "#6a6e76", "#f3f3f1", "#d4d5d8"
FAILED_PAPER, FAILED_INK = "#fdeeec", "#a8281c"
SIDE = 128  # pixels of a tile
GAP, LEVEL_GAP, MARGIN = 4, 14, 20
LONG = 160  # pixels; wider labels belong beside rows, not above columns
TRACK_LIMIT = 40  # tiles along one direction
REASONS = {"failed": "failed", "oom": "out of memory", "ok": "missing or damaged"}


@dataclass(frozen=True)
class Label:
    """Text that was wrapped to fit its box of `width` x `height` pixels at (`x`, `y`)."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    size: int
    align: str = "center"  # left, center or right
    ink: str = INK
    bold: bool = False


@dataclass
class Sheet:
    """Where everything goes: tiles as (x, y, row of the table or None where nothing was asked for)."""

    side: int
    width: int = 0
    height: int = 0
    labels: list[Label] = field(default_factory=list)
    tiles: list[tuple[int, int, int | None]] = field(default_factory=list)


def grid(
    table: pd.DataFrame,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    side: int | None = None,
    max_cells: int = 400,
) -> Image.Image:
    """A labelled contact sheet of the table's pictures, light, as an RGB picture.

    rows, columns: names of axes, outermost first; axes that are not named are nested around them.
    side: pixels of a tile, 16 to 1024 (128). max_cells: tiles at most; the sheet says what it leaves
    out. Raises InvalidInput for an axis the table does not have.
    """
    if side is not None and not 16 <= side <= 1024:
        raise InvalidInput("side", side, "16 to 1024 pixels")
    if max_cells < 1:
        raise InvalidInput("max_cells", max_cells, "at least 1")
    sheet = lay_out(table, rows=rows, columns=columns, side=side or SIDE, max_cells=max_cells)
    canvas = Image.new("RGB", (sheet.width, sheet.height), PAPER)
    pen = ImageDraw.Draw(canvas)
    for x, y, row in sheet.tiles:
        _tile(canvas, pen, table, row, x, y, sheet.side)
    for label in sheet.labels:
        _write(pen, label)
    return canvas


def save_grid(table: pd.DataFrame, path: Path) -> None:
    """Write the default contact sheet to `path` as a PNG, whole or not at all."""
    buffer = io.BytesIO()
    grid(table).save(buffer, "PNG", optimize=True)
    write_atomic(Path(path), buffer.getvalue())


def lay_out(
    table: pd.DataFrame,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    side: int = SIDE,
    max_cells: int = 400,
) -> Sheet:
    """The plan of a contact sheet, before any picture is read."""
    from ..analysis.findings import constants, swept

    down, across = _arranged(swept(table), _named("rows", rows), _named("columns", columns))
    sheet, size = Sheet(side), max(9, min(18, round(side / 10)))
    if len(down) + len(across) == 1 and len((down + across)[0].values) > 8:
        shown, missing = _flow(sheet, table, (down + across)[0], size, max_cells)
    else:
        shown, missing = _cross(sheet, table, down, across, size, max_cells)
    title = (
        ", ".join(str(e) for e in table["experiment"].dropna().unique()[:3])
        if "experiment" in table
        else ""
    )
    fixed = " · ".join(
        f"{name} {value}" for name, value in constants(table).items() if "prompt" not in name
    )
    failed = int((table["status"] != "ok").sum()) if "status" in table else 0
    count = (
        f"{shown:,} of {len(table):,}" if shown < len(table) else f"{shown:,}"
    )  # so far: a sweep may go on
    note = (
        f"{count} {'cell' if count == '1' else 'cells'}"
        + (f" ({missing})" if missing else "")
        + (f", {failed:,} failed" if failed else "")
    )
    _head(sheet, title or "pictures", [note if len(table) else "No pictures yet.", fixed], size)
    return sheet


# ---- which axis goes where


def _arranged(
    axes: list[Axis], rows: list[str], columns: list[str]
) -> tuple[list[Axis], list[Axis]]:
    """The axes along rows and along columns, outermost first."""
    by_name = {name: axis for axis in axes for name in (axis.name, *axis.names)}
    for wanted, names in (("rows", rows), ("columns", columns)):
        for name in names:
            if name not in by_name:
                raise InvalidInput(
                    wanted,
                    name,
                    f"an axis that varies: {', '.join(a.name for a in axes) or '(none does)'}",
                )
    down, across = [by_name[n] for n in rows], [by_name[n] for n in columns]
    rest = sorted((a for a in axes if a not in down + across), key=_rank)
    if not rows and not columns and rest:
        inner, rest = sorted(rest[:2], key=_width), rest[2:]  # the wider labels go beside the rows
        across, down = inner[:1], inner[1:]
        if not down and _width(across[0]) > LONG:
            across, down = [], across
    for axis in rest:
        long_text = _width(axis) > LONG
        few_rows = math.prod(len(a.values) for a in down) <= math.prod(
            len(a.values) for a in across
        )
        if not down or (across and (long_text or few_rows)):
            down.insert(0, axis)
        else:
            across.insert(0, axis)
    return down, across


def _rank(axis: Axis) -> int:
    """Steps against guidance is the most telling pair, then what the prompt says, seeds last."""
    if axis.names[0] in ("steps", "guidance"):
        return 0
    if axis.names == ("seed",):
        return 4
    if axis.names == ("prompt",):
        return 2
    return 1 if axis.of_content else 3


def _width(axis: Axis) -> float:
    widest = max(
        (text_width(printable(axis.label(v)), 13, False) for v in axis.values[:50]), default=0.0
    )
    return widest if widest > 100 else (1.0 if "guidance" in axis.names else 2.0)


def _named(wanted: str, given: str | Sequence[str] | None) -> list[str]:
    if given is not None and not all(isinstance(n, str) for n in given):
        raise InvalidInput(wanted, given, "names of axes")
    return [given] if isinstance(given, str) else list(given or ())


# ---- where things are drawn


def _cross(
    sheet: Sheet,
    table: pd.DataFrame,
    down: list[Axis],
    across: list[Axis],
    size: int,
    max_cells: int,
) -> tuple[int, str]:
    """Rows and columns with nested labels; returns the number of pictures shown and what is left out."""
    line, left_out = line_height(size), []
    counts = _limited([len(a.values) for a in down], [len(a.values) for a in across], max_cells)
    for axis, count in zip(down + across, counts, strict=True):
        if count < len(axis.values):
            left_out.append(f"{axis.name}: the first {count:,} of {len(axis.values):,}")
    high, wide = counts[: len(down)], counts[len(down) :]
    gutters = [
        min(round(1.8 * sheet.side), _natural(a, n, size)) for a, n in zip(down, high, strict=True)
    ]
    left, top = MARGIN + sum(g + 10 for g in gutters), 0
    xs, ys = _track(wide, sheet.side), _track(high, sheet.side)

    for level, axis in enumerate(across):
        outer = (
            level < len(across) - 1
        )  # says its name in every label; the innermost says it once above them
        blocks = _blocks(wide, level, xs, sheet.side)
        texts = [
            f"{axis.name} {axis.label(axis.values[k])}" if outer else axis.label(axis.values[k])
            for *_, k in blocks
        ]
        fitted = fit_all(texts, blocks[0][1] - 4, 3, size)  # all blocks of a level are as wide
        wrapped = [(x, w, lines) for (x, w, _), lines in zip(blocks, fitted, strict=True)]
        if not outer:
            spans = (
                _blocks(wide, level - 1, xs, sheet.side) if level else [(0, xs[-1] + sheet.side, 0)]
            )
            sheet.labels += [
                Label(left + x, top, w, line, fit(axis.name, w, 1, size), size, ink=MUTED)
                for x, w, _ in spans
            ]
            top += line
        height = line * max(len(lines) for _, _, lines in wrapped)
        sheet.labels += [Label(left + x, top, w, height, lines, size) for x, w, lines in wrapped]
        top += height + 4
    if down and not across:
        top += line + 4
    for level, (axis, gutter) in enumerate(zip(down, gutters, strict=True)):
        x = MARGIN + sum(g + 10 for g in gutters[:level])
        sheet.labels.append(
            Label(
                x,
                top - 4 - line,
                gutter,
                line,
                fit(axis.name, gutter, 1, size),
                size,
                "right",
                MUTED,
            )
        )
        blocks = _blocks(high, level, ys, sheet.side)
        texts = [axis.label(axis.values[k]) for *_, k in blocks]
        most = max(1, min(8, blocks[0][1] // line))
        for (y, height, _), lines in zip(blocks, fit_all(texts, gutter, most, size), strict=True):
            sheet.labels.append(Label(x, top + y, gutter, height, lines, size, "right"))

    cells = _cells(table, down + across)
    places = itertools.product(*(range(n) for n in counts))
    at = [cells.get(place, []) for place in places] if len(table) else []
    sheet.tiles = [
        (left + x, top + y, row)
        for (y, x), row in zip(itertools.product(ys, xs), map(_first, at), strict=False)
    ]
    sheet.width, sheet.height = (
        left + xs[-1] + sheet.side + MARGIN,
        top + ys[-1] + sheet.side + MARGIN,
    )
    shown = sum(bool(found) for found in at)
    if sum(len(found) for found in at) > shown:
        left_out.append("one for each place")
    return shown, "; ".join(left_out)


def _flow(
    sheet: Sheet, table: pd.DataFrame, axis: Axis, size: int, max_cells: int
) -> tuple[int, str]:
    """One long axis, wrapped into lines of tiles, each with its own label."""
    count, line = min(max_cells, len(axis.values)), line_height(size)
    columns = min(TRACK_LIMIT, math.ceil(math.sqrt(count * 1.6)))
    wrapped = fit_all([axis.label(v) for v in axis.values[:count]], sheet.side, 3, size)
    height = line * max(len(lines) for lines in wrapped)
    cells, pitch = _cells(table, [axis]), sheet.side + height + LEVEL_GAP
    width = columns * (sheet.side + GAP) - GAP
    sheet.labels.append(
        Label(MARGIN, 0, width, line, fit(axis.name, width, 1, size), size, "left", MUTED)
    )
    for k, lines in enumerate(wrapped):
        x, y = MARGIN + k % columns * (sheet.side + GAP), line + 6 + k // columns * pitch
        sheet.tiles.append((x, y, _first(cells.get((k,), []))))
        sheet.labels.append(
            Label(x, y + sheet.side + 2, sheet.side, line * len(lines), lines, size)
        )
    sheet.width, sheet.height = (
        MARGIN * 2 + width,
        line + 6 + math.ceil(count / columns) * pitch + MARGIN,
    )
    left_out = (
        f"{axis.name}: the first {count:,} of {len(axis.values):,}"
        if count < len(axis.values)
        else ""
    )
    return sum(row is not None for _, _, row in sheet.tiles), left_out


def _head(sheet: Sheet, title: str, notes: list[str], size: int) -> None:
    """Put the title and the notes above what is laid out so far."""
    sheet.width = max(sheet.width, 420)
    inner, y, above = sheet.width - 2 * MARGIN, MARGIN, []
    for text, text_size, ink, bold in [
        (title, size + 5, INK, True),
        *((n, size - 1, MUTED, False) for n in notes if n),
    ]:
        lines = fit(text, inner, 3, text_size, bold)
        height = line_height(text_size) * len(lines)
        above.append(Label(MARGIN, y, inner, height, lines, text_size, "left", ink, bold))
        y += height + 3
    y += 12
    sheet.labels = above + [replace(label, y=label.y + y) for label in sheet.labels]
    sheet.tiles = [(x, top + y, row) for x, top, row in sheet.tiles]
    sheet.height += y


def _limited(high: list[int], wide: list[int], most: int) -> list[int]:
    """How many values of each axis are shown, so that the product stays within `most`: outer axes give way first."""
    counts = [*high, *wide]
    order = [*range(len(high) - 1), *range(len(high), len(counts) - 1)]  # the outer levels
    inner = [k for k in (len(high) - 1, len(counts) - 1) if 0 <= k < len(counts)]

    def too_many() -> set[int]:
        spans = (
            (counts[: len(high)], range(len(high))),
            (counts[len(high) :], range(len(high), len(counts))),
        )
        long = {k for span, places in spans if math.prod(span) > TRACK_LIMIT for k in places}
        return long or (set(range(len(counts))) if math.prod(counts) > most else set())

    while excess := too_many():
        candidates = [k for k in order if k in excess and counts[k] > 1] or [
            k for k in inner if k in excess and counts[k] > 1
        ]
        counts[max(candidates, key=lambda k: counts[k])] -= 1
    return counts


def _track(counts: list[int], side: int) -> list[int]:
    """Offsets of the tiles along one direction; a change in an outer level opens a wider gap."""
    offsets, at = [], 0
    for k in range(math.prod(counts)):
        if k:
            changed = sum(k % math.prod(counts[level:]) == 0 for level in range(1, len(counts)))
            at += side + GAP + LEVEL_GAP * changed
        offsets.append(at)
    return offsets


def _blocks(
    counts: list[int], level: int, offsets: list[int], side: int
) -> list[tuple[int, int, int]]:
    """(start, length, value's place) of each label of one level along a track."""
    span = math.prod(counts[level + 1 :])
    starts = range(0, len(offsets), span)
    return [
        (offsets[s], offsets[s + span - 1] + side - offsets[s], s // span % counts[level])
        for s in starts
    ]


def _cells(table: pd.DataFrame, axes: list[Axis]) -> dict[tuple[int, ...], list[int]]:
    """Rows of the table by their place on the axes; those with a picture first."""
    found: dict[tuple[int, ...], list[int]] = {}
    codes = [axis.codes for axis in axes]
    for row, place in enumerate(zip(*codes, strict=True) if codes else [()] * len(table)):
        found.setdefault(tuple(int(k) for k in place), []).append(row)
    status = table["status"].tolist() if "status" in table else ["ok"] * len(table)
    return {place: sorted(rows, key=lambda r: status[r] != "ok") for place, rows in found.items()}


def _first(rows: list[int]) -> int | None:
    return rows[0] if rows else None


# ---- ink


def _tile(
    canvas: Image.Image,
    pen: ImageDraw.ImageDraw,
    table: pd.DataFrame,
    row: int | None,
    x: int,
    y: int,
    side: int,
) -> None:
    box = (x, y, x + side - 1, y + side - 1)
    if row is None:  # not part of the sweep (skipped): an outline only
        pen.rectangle(box, PAPER, LINE)
        return
    record = table.iloc[row]
    picture = (
        open_picture(table, record.get("image")) if record.get("status", "ok") == "ok" else None
    )
    if picture is not None:
        pen.rectangle(box, EMPTY)
        scale = side / max(picture.size)
        wide, high = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        place = x + (side - wide) // 2, y + (side - high) // 2
        canvas.paste(picture.resize((wide, high), Image.Resampling.LANCZOS), place)
        return
    pen.rectangle(box, FAILED_PAPER, FAILED_INK)
    size = max(8, min(14, side // 10))
    status = str(record.get("status", "ok"))
    words = (REASONS.get(status, status), status, "×")
    whole = (
        w for w in words if all(text_width(part, size, True) <= side - 4 for part in w.split())
    )
    word = fit(next(whole, ""), side - 4, 2, size, bold=True)
    room = (side - 8 - line_height(size) * len(word)) // line_height(
        size - 2
    ) - 1  # lines left for the error
    error = record.get("error")
    why = fit(error, side - 10, max(0, min(4, room)), size - 2) if isinstance(error, str) else ()
    height = line_height(size) * len(word) + line_height(size - 2) * len(why)
    top = y + (side - height) // 2
    _write(
        pen,
        Label(x, top, side, line_height(size) * len(word), word, size, ink=FAILED_INK, bold=True),
    )
    _write(
        pen,
        Label(
            x,
            top + line_height(size) * len(word),
            side,
            line_height(size - 2) * len(why),
            why,
            size - 2,
            ink=MUTED,
        ),
    )


def _write(pen: ImageDraw.ImageDraw, label: Label) -> None:
    line = line_height(label.size)
    y = label.y + (label.height - line * len(label.lines)) / 2
    for text in label.lines:
        spare = label.width - text_width(text, label.size, label.bold)
        x = label.x + {"left": 0.0, "center": spare / 2, "right": spare}[label.align]
        draw(pen, (x, y), text, label.ink, label.size, label.bold)
        y += line


def _natural(axis: Axis, count: int, size: int) -> int:
    texts = [axis.name, *(axis.label(v) for v in axis.values[:count])]
    return math.ceil(max(text_width(printable(t), size, False) for t in texts)) + 2
