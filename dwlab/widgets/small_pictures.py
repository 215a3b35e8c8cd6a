"""Pictures small enough for a notebook, which keeps the bytes of everything that it shows."""

from __future__ import annotations

import html
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from .._util.html import Html, data_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

THEMED_STYLE = Path(__file__).with_name("themed_pictures.css")  # of pages with a ThemedPicture
BYTES_LIMIT = 140_000  # of one picture
SMALLEST_SIDE = 64  # pixels; such a picture may be larger than the limit
SHRINK = 0.85  # of the sides, each time a picture is too large
# a page that shows pictures for both themes outside a panel has no style sheet of ours
THEMES = (
    '<style>.dwlab-dark, [data-jp-theme-light="false"] .dwlab-light { display: none } '
    '[data-jp-theme-light="false"] .dwlab-dark { display: inline } '
    ".dwlab-answer td { text-align: left; overflow-wrap: anywhere; max-width: 40ch }</style>"
)


def small_jpeg(image: Image.Image, limit: int = BYTES_LIMIT, *, side: int | None = None) -> bytes:
    """The picture as a JPEG of at most `limit` bytes and `side` pixels, shrunk until it fits."""
    if side is not None and max(image.size) > side:
        image = ImageOps.contain(image, (side, side))
    return _shrunk(image, limit, _jpeg)


def small_webp(image: Image.Image, limit: int = BYTES_LIMIT) -> bytes:
    """The picture as a WebP of at most `limit` bytes, shrunk until it fits."""
    return _shrunk(image, limit, _webp)


def _shrunk(image: Image.Image, limit: int, encode: Callable[[Image.Image], bytes]) -> bytes:
    data = encode(image)
    while len(data) > limit and max(image.size) > SMALLEST_SIDE:
        width, height = image.size
        smaller = (max(1, round(SHRINK * width)), max(1, round(SHRINK * height)))
        image = image.resize(smaller, Image.Resampling.LANCZOS)
        data = encode(image)
    return data


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=85, subsampling=0)
    return buffer.getvalue()


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=75)
    return buffer.getvalue()


def png(picture: Figure | Image.Image) -> bytes:
    """A figure or a picture as a PNG."""
    buffer = io.BytesIO()
    if isinstance(picture, Image.Image):
        picture.save(buffer, format="png")
    else:
        picture.savefig(buffer, format="png")
    return buffer.getvalue()


def small_png(figure: Figure) -> bytes:
    """A chart as a PNG of at most 256 colours, which is a third as large and looks the same."""
    picture = Image.open(io.BytesIO(png(figure))).convert("RGB")
    buffer = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
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


@dataclass(frozen=True)
class ThemedPicture:
    """A picture for a light and one for a dark page; a notebook shows the one that fits.

    kind: of both, png or webp. plain: a JPEG for what shows no HTML; a PNG needs none.
    """

    # a notebook keeps what `repr` says, too
    light: bytes = field(repr=False)
    dark: bytes = field(repr=False)
    description: str
    kind: str = "png"
    plain: bytes | None = field(default=None, repr=False)

    @classmethod
    def drawn(cls, draw: Callable[..., Figure], description: str) -> ThemedPicture:
        """The picture that `draw` makes, with `dark` given by name."""
        return cls(small_png(draw(dark=False)), small_png(draw(dark=True)), description)

    def images(self) -> Html:
        """Both pictures; a style sheet like THEMES hides one of them."""
        pictures = (("light", self.light), ("dark", self.dark))
        return Html(
            "".join(
                image_html(data, self.description, kind=self.kind, classes=f"dwlab-{theme}")
                for theme, data in pictures
            )
        )

    def for_page(self) -> dict[str, str]:
        """Both pictures as addresses that hold them, and their description."""
        return {
            "light": data_uri(self.light, self.kind),
            "dark": data_uri(self.dark, self.kind),
            "description": self.description,
        }

    def _repr_html_(self) -> str:
        return THEMES + self.images()

    def _repr_png_(self) -> bytes | None:
        return self.light if self.kind == "png" else None

    def _repr_jpeg_(self) -> bytes | None:
        return self.plain
