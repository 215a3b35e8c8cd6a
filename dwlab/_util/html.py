"""Pieces of HTML for notebooks. Texts are escaped; only `Html` passes as it is."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from PIL import Image

LEFT = "text-align:left"  # notebooks align the cells of a table to the right


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def escaped(text: str) -> str:
    """The text as HTML; `Html` stays as it is."""
    return text if isinstance(text, Html) else html.escape(text)


def data_uri(content: bytes, kind: str) -> str:
    """The bytes of a picture as an address that holds them. kind: png or jpeg."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def facts_table(facts: Iterable[tuple[str, str]]) -> Html:
    """A table of two columns, without a head: what each fact is called, and what it is."""
    rows = [
        f'<tr><th scope="row" style="{LEFT}">{escaped(name)}</th>'
        f'<td style="{LEFT}">{escaped(text)}</td></tr>'
        for name, text in facts
    ]
    return Html(f"<table>{''.join(rows)}</table>")


def headed_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table with a head."""
    cells = [f'<th scope="col">{escaped(text)}</th>' for text in head]
    body = [_row(row) for row in rows]
    return Html(
        f"<table><thead><tr>{''.join(cells)}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def _row(texts: Sequence[str]) -> str:
    cells = [f"<td>{escaped(text)}</td>" for text in texts]
    return f"<tr>{''.join(cells)}</tr>"


def figure_html(image: Image.Image, recipe: Mapping[str, object], side: int) -> Html:
    """A picture of at most `side` pixels with its recipe under it."""
    shown = image.copy()
    shown.thumbnail((side, side))
    buffer = io.BytesIO()
    shown.save(buffer, "PNG")
    source = data_uri(buffer.getvalue(), "png")
    prompt = html.escape(str(recipe.get("prompt", "")))
    settings = [
        f"{html.escape(name)} {html.escape(str(value))}"
        for name, value in recipe.items()
        if name != "prompt"
    ]
    return Html(
        f'<figure style="margin:0;max-width:{max(side, 240)}px">'
        f'<img src="{source}" alt="{prompt}">'
        f'<figcaption style="overflow-wrap:anywhere">{prompt}<br>'
        f"<small>{' &middot; '.join(settings)}</small></figcaption></figure>"
    )
