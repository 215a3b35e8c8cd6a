"""Reads the texts in a PNG, anywhere in the file, without decoding pixels."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from .png import PIXEL_LIMIT, TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS_LIMIT = 10_000  # a picture of 9 MiB in chunks of 8 KiB has 1,200
TOTAL_LIMIT = 4 << 20  # characters of all texts together


def texts(data: bytes) -> dict[str, str]:
    """Keyword -> text of a PNG's text chunks (PNG specification, 11.3.3), the first of each keyword.

    Many tools write UTF-8 although the specification says Latin-1, so bytes that are valid UTF-8
    are read as UTF-8. Texts above 1 MiB are ignored. Raises InvalidInput for files that are not
    PNGs, and for too many pixels.
    """
    texts_by_keyword: dict[str, str] = {}
    size = 0
    for kind, body in _chunks(data):
        if kind not in _READERS:
            continue
        keyword, _, rest = body.partition(b"\0")
        text = _READERS[kind](rest)
        if text is not None and size + len(text) <= TOTAL_LIMIT:
            size += len(text)
            texts_by_keyword.setdefault(keyword.decode("latin-1"), text)
    return texts_by_keyword


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of each text chunk; damaged ones and those of a cut file are left out."""
    _check_header(data)
    start = len(SIGNATURE)
    for _ in range(CHUNKS_LIMIT):
        if start + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data) or kind == b"IEND":
            return
        if kind in _READERS and _is_intact(data, start, end):
            yield kind, data[start + 8 : start + 8 + length]
        start = end


def _check_header(data: bytes) -> None:
    is_png = data.startswith(SIGNATURE) and data[8:16] == b"\0\0\0\rIHDR"
    if not is_png or len(data) < 33 or not _is_intact(data, 8, 33):
        raise InvalidInput(
            "picture",
            "a file that is not a readable PNG",
            "a PNG that dwlab or another tool wrote its parameters into",
        )
    width, height = struct.unpack_from(">II", data, 16)
    if width * height > PIXEL_LIMIT:
        raise InvalidInput("picture", f"{width}x{height} pixels", f"{PIXEL_LIMIT:,} pixels")


def _is_intact(data: bytes, start: int, end: int) -> bool:
    """Whether a chunk's checksum is that of its kind and content."""
    (checksum,) = struct.unpack_from(">I", data, end - 4)
    return zlib.crc32(data[start + 4 : end - 4]) == int(checksum)


def _plain(body: bytes) -> str | None:
    if len(body) > TEXT_LIMIT:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _compressed(body: bytes) -> str | None:
    # 0 is deflate, the only method that exists
    if body[:1] != b"\0":
        return None
    unpacked = _inflated(body[1:])
    return None if unpacked is None else _plain(unpacked)


def _international(body: bytes) -> str | None:
    """iTXt: a flag, the method, a language, a translated keyword, and the text in UTF-8."""
    flags = body[:2]
    _language, _, rest = body[2:].partition(b"\0")
    _keyword, _, rest = rest.partition(b"\0")
    if flags not in (b"\0\0", b"\1\0"):
        return None
    unpacked = _inflated(rest) if flags[0] else rest
    return None if unpacked is None else _plain(unpacked)


def _inflated(body: bytes) -> bytes | None:
    """What deflate compressed, if it is complete and below the limit: bytes can hold gigabytes."""
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(body, TEXT_LIMIT + 1)
    except zlib.error:
        return None
    return data if unpacking.eof and len(data) <= TEXT_LIMIT else None


_READERS = {b"tEXt": _plain, b"zTXt": _compressed, b"iTXt": _international}
