"""Writing `viewer.html`: the viewer of a sweep in one file, which works offline."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..._util.atomic import write_atomic
from ...errors import InvalidInput
from ..comparison import COMPARISON, COMPARISON_STYLE
from ..design import style_of
from ..scripts import ELEMENTS, joined
from .document import document, recipes
from .sheets import all_sheets, thumbnail_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

HERE = Path(__file__).parent
FILE = "viewer.html"
# in this order; the widget in notebooks has the same, with another entry
SCRIPTS = (
    "cells",
    "query",
    "state",
    "arrangement",
    "colours",
    "sheets",
    "labels",
    "tracks",
    "captions",
    "painted_grid",
    "grid",
    "chips",
    "bar",
    "recipe",
    "picture",
    "compare",
    "csv",
    "keys",
    "viewer",
)
VIEWER_SCRIPT = ELEMENTS + COMPARISON + joined(HERE, SCRIPTS)
SCRIPT = VIEWER_SCRIPT + joined(HERE, ["file"])
VIEWER_STYLE = style_of(HERE / "viewer.css", COMPARISON_STYLE)
# More thumbnails than that make a page too large; the other cells are blank until they are opened.
THUMBNAILS_LIMIT = 12_000
EMBEDDED_LIMIT = 400 << 20  # bytes of full pictures in one file

# only this very script and style run, and nothing is asked of a network
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; "
    "img-src data: blob: file: 'self'; base-uri 'none'; form-action 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en" class="dw dw-page">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main id="viewer"></main>
<noscript>The viewer needs JavaScript.</noscript>
{blocks}<script type="module">{script}</script>
</body>
</html>
"""


def save_viewer(table: pd.DataFrame, path: Path, *, title: str, embed: bool = False) -> None:
    """Write the viewer of `table` to `path`, whole or not at all.

    embed: put the full pictures into the file; otherwise it names them by relative paths. Raises
    InvalidInput if they are too large for one file.
    """
    blocks = [*_thumbnails_and_cells(table, title, path.parent)]
    if embed:
        blocks += _full_pictures(table)
    text = _PAGE.format(
        policy=_POLICY.format(script=_hash(SCRIPT), style=_hash(VIEWER_STYLE)),
        title=html.escape(title),
        style=VIEWER_STYLE,
        blocks="".join(blocks),
        script=SCRIPT,
    )
    write_atomic(path, text.encode("utf-8", "replace"))


def _thumbnails_and_cells(table: pd.DataFrame, title: str, folder: Path) -> Iterator[str]:
    """The blocks of data that every viewer has."""
    content = document(table, title)
    content["address"] = _address(_results(table), folder)
    sizes = []
    sheets = all_sheets(table.head(THUMBNAILS_LIMIT), thumbnail_side(len(table)))
    for number, sheet in enumerate(sheets):
        sizes.append(sheet.sizes)
        yield _block(f"sheet-{number}", _base64(sheet.data))
    content["sizes"] = sizes
    yield _block("document", json_text(content))
    yield _block("recipes", json_text(recipes(table)))


def _full_pictures(table: pd.DataFrame) -> Iterator[str]:
    total = 0
    for number, relative in enumerate(table["image"]):
        data = picture_bytes(_results(table), relative)
        total += len(data)
        if total > EMBEDDED_LIMIT:
            allowed = f"pictures of at most {EMBEDDED_LIMIT >> 20} MiB together; leave it out"
            raise InvalidInput("--embed", f"{len(table):,} pictures", allowed)
        if data:
            yield _block(f"picture-{number}", _base64(data))


def picture_bytes(root: Path, relative: object) -> bytes:
    """The file of a picture; empty if it is missing or outside the results folder."""
    if not isinstance(relative, str) or not relative:
        return b""
    try:
        path = (root / relative).resolve()
        is_inside = path.is_relative_to(root.resolve())
        return path.read_bytes() if is_inside else b""
    except (OSError, ValueError):
        return b""


def _results(table: pd.DataFrame) -> Path:
    return Path(table.attrs.get("results", "."))


def _address(root: Path, folder: Path) -> str:
    """The results folder as seen from the folder of the page, as an address."""
    try:
        relative = os.path.relpath(root.resolve(), folder.resolve())
    # on Windows another drive has no relative path
    except ValueError:
        return root.resolve().as_uri()
    return quote(Path(relative).as_posix())


def _block(name: str, text: str) -> str:
    """Data that a page's script reads, and that no browser runs."""
    return f'<script type="text/plain" id="dwlab-{name}">{text}</script>\n'


def json_text(value: object) -> str:
    """The value as JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(text.encode()).digest())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
