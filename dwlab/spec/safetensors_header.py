"""Reads the header of a safetensors file, and refuses one that lies about the file."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

from .._util.regular_file import open_regular
from ..errors import ModelError
from .tensor_header import Header, Tensor, check_count, check_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HEADER_LIMIT = 32 << 20  # bytes; a tensor takes about a hundred
DIMENSIONS_LIMIT = 16
# how the small file begins that git keeps instead of a large one
_LFS_START = b"version "
# bits per value
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


def read(path: Path) -> Header:
    """The header of a safetensors file, without reading its weights.

    Raises ModelError unless the header is of a sane size, names tensors of known types, and its
    tensors fill the file exactly, without gaps and overlaps.
    """
    text, size = _text(path)
    try:
        entries = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"its header is not JSON ({error})") from error
    if not isinstance(entries, dict):
        raise _broken(path, "its header is not a JSON object")
    metadata = _metadata(path, entries.pop("__metadata__", {}))
    check_count(path, len(entries))
    tensors = {}
    ranges = []
    for name, entry in entries.items():
        check_name(path, name)
        start, end, tensors[name] = _tensor(path, name, entry)
        ranges.append((start, end))
    _check_filled(path, ranges, size - 8 - len(text))
    return Header(tensors, metadata)


def _text(path: Path) -> tuple[bytes, int]:
    """(the header, the size of the file)."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if start == _LFS_START:
                raise ModelError(
                    f"{path} is a Git LFS pointer: get its weights with `git lfs pull`"
                )
            if size < 8:
                raise _broken(path, f"it has {size} bytes")
            if length > HEADER_LIMIT:
                raise _broken(path, f"its header would have {length:,} bytes")
            text = file.read(length)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if len(text) < length:
        raise _broken(path, f"it is cut short within its header, after {size:,} bytes")
    return text, size


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise ValueError("a name stands in it twice")
    return names


def _metadata(path: Path, metadata: object) -> dict[str, str]:
    if not isinstance(metadata, dict):
        raise _broken(path, "its __metadata__ is not a map of texts")
    return {name: text for name, text in metadata.items() if isinstance(text, str)}


def _tensor(path: Path, name: str, entry: object) -> tuple[int, int, Tensor]:
    """(first byte, byte after the last, tensor) of an entry in the header."""
    if not isinstance(entry, dict):
        raise _broken(path, f"the entry of {name} is not a map")
    dtype = entry.get("dtype")
    bits = _BITS.get(dtype) if isinstance(dtype, str) else None
    if bits is None:
        raise _broken(path, f"{name} is of an unknown type ({ascii(dtype)[:40]})")
    shape = _whole_numbers(path, name, entry.get("shape"), DIMENSIONS_LIMIT)
    offsets = _whole_numbers(path, name, entry.get("data_offsets"), 2)
    if len(offsets) != 2 or offsets[1] < offsets[0]:
        raise _broken(path, f"the place of {name} in the file is {list(offsets)!a}")
    size = offsets[1] - offsets[0]
    if math.prod(shape) * bits != size * 8:
        raise _broken(path, f"{name} has {size:,} bytes, which do not fit its shape {list(shape)}")
    return offsets[0], offsets[1], Tensor(str(dtype), shape, size)


def _whole_numbers(path: Path, name: str, values: object, most: int) -> tuple[int, ...]:
    if isinstance(values, list) and len(values) <= most and all(map(_is_whole, values)):
        return tuple(values)
    raise _broken(path, f"the shape or place of {name} is not a list of whole numbers")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _check_filled(path: Path, ranges: Iterable[tuple[int, int]], size: int) -> None:
    """Refuse tensors that overlap, leave gaps, or end before or after the file does."""
    reached = 0
    for start, end in sorted(ranges):
        if start != reached:
            raise _broken(path, "its tensors overlap or leave gaps")
        reached = end
    if reached > size:
        raise _broken(path, f"it is cut short: {reached - size:,} bytes of its weights are missing")
    if reached < size:
        raise _broken(path, f"it has {size - reached:,} bytes after its last tensor")


def _broken(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path} is not a whole safetensors file: {reason}; copy or download it again"
    )
