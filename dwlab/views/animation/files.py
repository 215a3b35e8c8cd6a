"""Animations as files."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from ..._util.atomic import replacing
from ..._util.checks import is_number
from ...errors import InvalidInput, MissingExtra
from .frames import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from .frames import Frames

    Follow = Callable[[Frames], Iterable[Image.Image]]

FORMATS = (".gif", ".webp", ".mp4")
FPS = 2.0
QUALITY = "17"  # of H.264 (its constant rate factor): hardly to be told from the original
COLOURS = 256  # of a GIF's frame


def save_animation(
    table: pd.DataFrame,
    path: Path,
    along: str,
    *,
    fps: float = FPS,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    side: int | None = None,
    follow: Follow = iter,
) -> Path:
    """Write what changes along an axis as .gif, .webp or .mp4, whole or not at all.

    along: the axis of time. fps: its values per second, 0.1 to 50. rows, columns, side: see
    `frames`. follow: is handed the frames, and sees them go by. GIF and WebP start again at their
    end. Raises InvalidInput, and MissingExtra for an MP4 without PyAV.
    """
    writers = {".gif": _write_gif, ".webp": _write_webp, ".mp4": _write_mp4}
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise InvalidInput("output", path.name, f"a name that ends in {', '.join(FORMATS)}")
    if not is_number(fps) or not 0.1 <= fps <= 50:
        raise InvalidInput("fps", fps, "0.1 to 50 values per second")
    if suffix == ".mp4":
        _check_av()
    result = frames(table, along, rows=rows, columns=columns, side=side)
    with replacing(path) as temporary:
        writers[suffix](temporary, follow(result), result.size, fps)
    return path


def _write_gif(
    path: Path, pictures: Iterable[Image.Image], _size: tuple[int, int], fps: float
) -> None:
    first, *others = [picture.quantize(COLOURS) for picture in pictures]
    # hundredths of a second, in which a GIF counts
    duration = 10 * round(100 / fps)
    first.save(path, "GIF", save_all=True, append_images=others, duration=duration, loop=0)


def _write_webp(
    path: Path, pictures: Iterable[Image.Image], _size: tuple[int, int], fps: float
) -> None:
    first, *others = pictures
    duration = round(1000 / fps)
    first.save(
        path,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=duration,
        loop=0,
        quality=90,
    )


def _write_mp4(
    path: Path, pictures: Iterable[Image.Image], size: tuple[int, int], fps: float
) -> None:
    import av

    rate = Fraction(fps).limit_denominator(1000)
    codec, options = "libx264", {"crf": QUALITY}
    if codec not in av.codecs_available:
        codec, options = "mpeg4", {}
    # H.264 halves colours in both directions, so sides are even
    width, height = (side + side % 2 for side in size)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width = width
        stream.height = height
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            canvas = Image.new("RGB", (width, height), "white")
            canvas.paste(picture)
            container.mux(stream.encode(av.VideoFrame.from_image(canvas)))
        container.mux(stream.encode())


def _check_av() -> None:
    try:
        import av  # noqa: F401  # whether it is there
    except ImportError as error:
        raise MissingExtra("an MP4 (PyAV is missing)", "video") from error
