"""Pieces of HTML."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


def figure_html(image: Image.Image, recipe: dict[str, Any], side: int) -> str:
    """A picture of at most `side` pixels with its recipe under it, for notebooks; the recipe is escaped."""
    buffer = io.BytesIO()
    shown = image.copy()
    shown.thumbnail((side, side))
    shown.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    lines = " &middot; ".join(
        f"{html.escape(k)} {html.escape(str(v))}" for k, v in recipe.items() if k != "prompt"
    )
    prompt = html.escape(str(recipe.get("prompt", "")))
    return (
        f'<figure style="margin:0;max-width:{max(side, 240)}px"><img src="data:image/png;base64,{data}" alt="{prompt}">'
        f'<figcaption style="overflow-wrap:anywhere">{prompt}<br><small>{lines}</small></figcaption></figure>'
    )
