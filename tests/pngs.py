"""PNGs made chunk by chunk, as other programs write them."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """One chunk with its length and check sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int = 8, height: int = 8) -> bytes:
    """IHDR of an RGB picture."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


PIXELS = chunk(b"IDAT", zlib.compress((b"\0" + b"\0" * 24) * 8))
END = chunk(b"IEND")


def text(keyword: str, value: str, encoding: str = "utf-8") -> bytes:
    """A plain text."""
    return chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + value.encode(encoding))


def compressed(keyword: str, value: str, method: bytes = b"\0") -> bytes:
    """A packed text."""
    return chunk(
        b"zTXt", keyword.encode("latin-1") + b"\0" + method + zlib.compress(value.encode())
    )


def international(keyword: str, value: str, *, packed: bool = False) -> bytes:
    """An international text with a language and a translated keyword."""
    data = zlib.compress(value.encode()) if packed else value.encode()
    return chunk(
        b"iTXt",
        keyword.encode("latin-1")
        + (b"\0\1\0" if packed else b"\0\0\0")
        + b"fr\0param\xc3\xa8tres\0"
        + data,
    )


def picture(*before: bytes, after: tuple[bytes, ...] = (), end: bytes = END) -> bytes:
    """A whole PNG of 8x8 black pixels with chunks before and after the pixels."""
    return SIGNATURE + header() + b"".join(before) + PIXELS + b"".join(after) + end
