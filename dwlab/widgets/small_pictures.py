"""Pictures small enough for a notebook, which keeps the bytes of everything that it shows."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from .._util.html import Html, data_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BYTES_LIMIT = 140_000  # of one picture
SMALLEST_SIDE = 64  # pixels; such a picture may be larger than the limit
SHRINK = 0.85  # of the sides, each time a picture is too large


def small_jpeg(image: Image.Image, limit: int = BYTES_LIMIT, *, side: int | None = None) -> bytes:
    """The picture as a JPEG of at most `limit` bytes and `side` pixels, shrunk until it fits."""
    if side is not None and max(image.size) > side:
        image = ImageOps.contain(image, (side, side))
    data = _jpeg(image)
    while len(data) > limit and max(image.size) > SMALLEST_SIDE:
        width, height = image.size
        smaller = (max(1, round(SHRINK * width)), max(1, round(SHRINK * height)))
        image = image.resize(smaller, Image.Resampling.LANCZOS)
        data = _jpeg(image)
    return data


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=85, subsampling=0)
    return buffer.getvalue()


def png(picture: Figure | Image.Image) -> bytes:
    """A figure or a picture as a PNG."""
    buffer = io.BytesIO()
    if isinstance(picture, Image.Image):
        picture.save(buffer, format="png")
    else:
        picture.savefig(buffer, format="png")
    return buffer.getvalue()


def image_html(
    data: bytes,
    description: str,
    *,
    kind: str = "jpeg",
    style: str = "max-width:100%",
    classes: str = "",
) -> Html:
    """An `<img>` that holds its own bytes."""
    return Html(
        f'<img class="{classes}" style="{style}" alt="{html.escape(description)}" '
        f'src="{data_uri(data, kind)}">'
    )
