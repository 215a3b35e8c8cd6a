"""Viewers as files, and what lies in them."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from dwlab.views.viewer.page import save_viewer

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


class Blocks(HTMLParser):
    """The blocks of data of a viewer, by name, and all its tags."""

    def __init__(self, text: str):
        super().__init__()
        self.data: dict[str, str] = {}
        self.tags: list[str] = []
        self._name = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._name = dict(attrs).get("id") or ""

    def handle_data(self, data: str) -> None:
        if self._name.startswith("dwlab-"):
            name = self._name.removeprefix("dwlab-")
            self.data[name] = self.data.get(name, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._name = ""

    def json(self, name: str) -> Any:
        return json.loads(self.data[name])

    def bytes(self, name: str) -> bytes:
        return base64.b64decode(self.data[name])


def viewer(table: pd.DataFrame, folder: Path, **options: Any) -> Path:
    """Write the viewer of a table; returns its path."""
    path = folder / "views" / "viewer.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_viewer(table, path, title="views", **options)
    return path


def blocks(path: Path) -> Blocks:
    return Blocks(path.read_text("utf-8"))
