"""Reports, and what is on them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from dwlab.views.report.writing import save_report

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


class Page(HTMLParser):
    """Every tag with its attributes, the text, and whether tags close in the order they opened."""

    VOID = frozenset({"meta", "img", "br", "source", "link", "input", "hr"})

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def attributes(self, *names: str) -> list[str]:
        return [
            value or "" for _, found in self.tags for name, value in found.items() if name in names
        ]


class Experiment(HTMLParser):
    """The text of the last `<pre>` of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.content, self.inside = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self.content, self.inside = "", True

    def handle_endtag(self, tag: str) -> None:
        self.inside &= tag != "pre"

    def handle_data(self, data: str) -> None:
        self.content += data if self.inside else ""


def report(table: pd.DataFrame, path: Path, **told: Any) -> str:
    save_report(table, path / "report.html", title="views", **told)
    return (path / "report.html").read_text("utf-8")


def words(text: str) -> str:
    """What a page says, on one line."""
    return " ".join(" ".join(Page(text).text).split())
