"""Reads the header of a GGUF file: the names, types and shapes of its tensors.

The form is described in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING

from .._util.regular_file import open_regular
from ..errors import ModelError
from .tensor_header import Header, Tensor, check_count, check_name

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ENTRIES_LIMIT = 10_000  # of metadata
TEXT_LIMIT = 1 << 20  # bytes
ARRAY_LIMIT = 1 << 24  # values
DIMENSIONS_LIMIT = 4
DEPTH_LIMIT = 4  # arrays within arrays
HEADER_LIMIT = 64 << 20  # bytes; a vocabulary in it has a few million
_DEFAULT_ALIGNMENT = 32
# the struct code of each scalar type of metadata, by its number; text is 8, an array 9
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_TEXT = 8
_ARRAY = 9
# name, values per block, bytes per block of each type of tensor that diffusers reads, by its number
_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 20: ("IQ4_NL", 32, 18),
    23: ("IQ4_XS", 256, 136), 30: ("BF16", 1, 2),
}  # fmt: skip


def read(path: Path) -> Header:
    """The header of a GGUF file, without reading its weights.

    Raises ModelError unless all that it names lies within the file.
    """
    try:
        with open_regular(path) as file:
            return _read(path, file)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (struct.error, UnicodeDecodeError) as error:
        raise _broken(path, "its header is cut short or broken") from error


def _read(path: Path, file: BufferedReader) -> Header:
    size = os.fstat(file.fileno()).st_size
    if file.read(4) != MAGIC:
        raise _broken(path, "it does not begin with GGUF")
    version, tensor_count, entry_count = _numbers(file, "IQQ")
    if version not in VERSIONS:
        raise _broken(path, f"its version is {version}; allowed: {VERSIONS[0]} or {VERSIONS[1]}")
    check_count(path, tensor_count)
    if entry_count > ENTRIES_LIMIT:
        raise _broken(path, f"it has {entry_count:,} entries of metadata")
    metadata: dict[str, str] = {}
    for _ in range(entry_count):
        name = _text(path, file)
        metadata[name] = str(_value(path, file, _number(file, "I"), DEPTH_LIMIT))
    tensors = {}
    ends = [0]
    for _ in range(tensor_count):
        name = _text(path, file)
        check_name(path, name)
        tensors[name], end = _tensor(path, file, name)
        ends.append(end)
    missing = _start_of_weights(path, file, metadata) + max(ends) - size
    if missing > 0:
        raise _broken(path, f"it is cut short: {missing:,} bytes of its weights are missing")
    return Header(tensors, metadata)


def _tensor(path: Path, file: BufferedReader, name: str) -> tuple[Tensor, int]:
    """(tensor, where it ends, counted from the start of all weights)."""
    dimensions = _number(file, "I")
    if dimensions > DIMENSIONS_LIMIT:
        raise _broken(path, f"{name} has {dimensions:,} dimensions")
    # the first one changes fastest, the other way round than elsewhere
    shape = _numbers(file, "Q" * dimensions)[::-1]
    kind = _number(file, "I")
    offset = _number(file, "Q")
    if kind not in _TYPES:
        raise _broken(path, f"{name} is of type {kind}, which diffusers does not read")
    dtype, values, block = _TYPES[kind]
    size = math.prod(shape) // values * block
    return Tensor(dtype, shape, size), offset + size


def _start_of_weights(path: Path, file: BufferedReader, metadata: dict[str, str]) -> int:
    alignment = metadata.get("general.alignment", str(_DEFAULT_ALIGNMENT))
    if not alignment.isdecimal() or not 0 < int(alignment) <= TEXT_LIMIT:
        raise _broken(path, f"its alignment is {alignment[:40]}")
    return -(-file.tell() // int(alignment)) * int(alignment)


def _value(path: Path, file: BufferedReader, kind: int, depth: int) -> object:
    """A value of metadata; of an array only its length, as people are shown no more."""
    if file.tell() > HEADER_LIMIT:
        raise _broken(path, f"its metadata is longer than {HEADER_LIMIT:,} bytes")
    if kind == _TEXT:
        return _text(path, file)
    if kind in _SCALARS:
        return _number(file, _SCALARS[kind])
    if kind != _ARRAY or not depth:
        raise _broken(path, f"its metadata holds a value of type {kind}")
    inner = _number(file, "I")
    length = _number(file, "Q")
    if length > ARRAY_LIMIT:
        raise _broken(path, f"its metadata holds a list of {length:,} values")
    if inner in _SCALARS:
        file.seek(length * struct.calcsize(_SCALARS[inner]), os.SEEK_CUR)
        return f"{length} values"
    for _ in range(length):
        _value(path, file, inner, depth - 1)
    return f"{length} values"


def _text(path: Path, file: BufferedReader) -> str:
    length = _number(file, "Q")
    if length > TEXT_LIMIT:
        raise _broken(path, f"its metadata holds a text of {length:,} bytes")
    data = file.read(length)
    if len(data) < length:
        raise struct.error("cut short")
    return data.decode()


def _number(file: BufferedReader, code: str) -> int:
    (number,) = _numbers(file, code)
    return number


def _numbers(file: BufferedReader, codes: str) -> tuple[int, ...]:
    form = f"<{codes}"
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _broken(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} is not a whole GGUF file: {reason}; copy or download it again")
