"""Films: small pictures of what the steps of one predicted, as one animated WebP."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from .png import BROKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

FRAMES_LIMIT = 50
SIDE_LIMIT = 256  # pixels
BYTES_LIMIT = 8 << 20
QUALITY = 85
SHOWN_MS = 120  # per frame; the last one stays longer
LAST_SHOWN_MS = 1_500


def encode(frames: Sequence[Image.Image]) -> bytes:
    """The frames, all of one size, as an animated WebP that starts again at its end."""
    first, *others = frames
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[SHOWN_MS] * len(others) + [LAST_SHOWN_MS],
        loop=0,
        quality=QUALITY,
    )
    return buffer.getvalue()


def frames(data: bytes) -> list[Image.Image]:
    """The frames of a film; raises InvalidInput for bytes that are none, or too many or too large."""
    from PIL import Image

    if len(data) > BYTES_LIMIT:
        raise InvalidInput("a film", f"{len(data):,} bytes", f"at most {BYTES_LIMIT:,}")
    try:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
            number = getattr(image, "n_frames", 1)
            if number > FRAMES_LIMIT or max(image.size) > SIDE_LIMIT:
                size = f"{number:,} frames of {image.width} x {image.height}"
                allowed = f"at most {FRAMES_LIMIT} frames of {SIDE_LIMIT} pixels"
                raise InvalidInput("a film", size, allowed)
            return _frames(image, number)
    except (*BROKEN, Image.DecompressionBombError):
        raise InvalidInput("a film", "bytes that are no whole WebP", "a film of dwlab's") from None


def _frames(image: Any, number: int) -> list[Image.Image]:
    """All frames; of equal ones the file has only the first, which it shows for longer."""
    pictures: list[Image.Image] = []
    for index in range(number):
        image.seek(index)
        picture = image.convert("RGB")
        shown = image.info.get("duration", LAST_SHOWN_MS)
        if index == number - 1:
            shown -= LAST_SHOWN_MS - SHOWN_MS
        times = round(shown / SHOWN_MS)
        pictures += [picture] * min(max(1, times), FRAMES_LIMIT)
    return pictures[:FRAMES_LIMIT]
