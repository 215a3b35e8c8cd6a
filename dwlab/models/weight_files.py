"""Whether a pipeline's folder holds the weights that its index names, whole: seen from names, sizes and headers alone."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import ModelError, first_line
from .trust import TEXT_LIMIT, parts, place_of

if TYPE_CHECKING:
    from pathlib import Path

_WEIGHTLESS = re.compile(
    "Scheduler|Tokenizer|Processor|Extractor"
)  # parts that are configuration only
_LFS = (
    b"version https://git-lfs"  # how the small file begins that git keeps in place of a large one
)
_HEADER_LIMIT = 100_000_000  # bytes, as in the safetensors library


@dataclass(frozen=True)
class Fault:
    """What is wrong with a folder's weights, in words; path: the file that is broken, or None if something is missing."""

    text: str
    path: Path | None = None


def check(name: str, folder: Path) -> None:
    """Refuse a folder that lacks a part, or one of whose weights is empty or cut short.

    Raises ModelError naming the part or file and what to do.
    """
    fault = find_fault(folder)
    if fault and fault.path:
        raise ModelError(f"model {name!r}: {fault.text}; copy or download this file again")
    if fault:
        raise ModelError(
            f"model {name!r} is not whole: {fault.text}; copy or download the folder again"
        )


def find_fault(folder: Path) -> Fault | None:
    """What is missing from a pipeline's folder, or broken in it; None if it is whole."""
    for name, _, cls in parts(folder):
        place = place_of(folder, name)
        if not any(path.exists() for path in place.glob("*config*.json")):
            return Fault(f"{name} is missing")
        if needs_weights(cls) and (fault := _fault_of_part(name, place)):
            return fault
    return None


def needs_weights(cls: object) -> bool:
    """Whether a part of this class has weights: schedulers, tokenizers and picture processors are configuration only."""
    return not _WEIGHTLESS.search(str(cls))


def _fault_of_part(name: str, place: Path) -> Fault | None:
    files = _files(place)
    if not files:
        return Fault(f"the weights of {name} are missing{_only_a_variant(place)}")
    for path in files:
        if not path.exists():
            return Fault(f"the weights of {name} are missing in part ({path.name} is not there)")
        if text := flaw(path):
            return Fault(f"the weights of {name} are broken: {path} {text}", path)
    return None


def _files(place: Path) -> list[Path]:
    """The safetensors of a part: one file, or every shard that its index names; files of a variant (x.fp16) are others."""
    whole = [
        path
        for path in sorted(place.glob("*.safetensors"))
        if "." not in path.stem and "-of-" not in path.stem
    ]
    if any(path.exists() for path in whole):
        return whole
    index = next(
        (path for path in sorted(place.glob("*.safetensors.index.json")) if path.exists()), None
    )
    shards = read_object(index, TEXT_LIMIT).get("weight_map") if index else None
    return (
        [place / name for name in sorted(set(map(str, shards.values())))]
        if isinstance(shards, dict)
        else []
    )


def _only_a_variant(place: Path) -> str:
    """A word on weights that are there in a variant only, which dwlab does not load."""
    variants = [
        path for path in sorted(place.glob("*.safetensors")) if "." in path.stem and path.exists()
    ]
    if not variants:
        return ""
    variant = variants[0].stem.split(".", 1)[1].split("-")[0]
    plain = variants[0].name.replace(f".{variant}", "", 1)
    return (
        f": only the variant {variant} is there ({variants[0].name}), which dwlab does not load by itself; in a folder "
        f"of your own, name its files without {variant} ({plain})"
    )


def flaw(path: Path) -> str | None:
    """What is wrong with a safetensors file, in words; None for a whole one. Reads its header only."""
    if not path.is_file():
        return "is not a regular file"
    status = path.stat()
    return _flaw(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def _flaw(path: Path, size: int, _changed: int) -> str | None:
    from safetensors import SafetensorError, safe_open

    if size == 0:
        return "is empty (0 bytes)"
    try:
        with safe_open(path, framework="numpy"):  # checks that the header and the file's size agree
            return None
    except (SafetensorError, OSError, ValueError) as error:
        reason = first_line(error)
    start = _start(path)
    if start.startswith(_LFS):
        return "is a pointer of Git LFS, not the weights; fetch them with `git lfs pull`"
    if (expected := _expected_size(start)) and size < expected:
        return f"is cut short: it has {size:,} of {expected:,} bytes"
    return f"is not a safetensors file ({reason})"


def _start(path: Path) -> bytes:
    """The length of a file's header and the header, as far as they are there."""
    with path.open("rb") as file:
        length = file.read(8)
        return length + file.read(min(int.from_bytes(length, "little"), _HEADER_LIMIT))


def _expected_size(start: bytes) -> int | None:
    """The bytes that a safetensors file must have by its header; at least those of a header that is itself cut short."""
    length = int.from_bytes(start[:8], "little")
    if length > _HEADER_LIMIT:
        return None
    try:
        tensors = json.loads(start[8:])
        ends = [
            tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__"
        ]
        return 8 + length + max(ends, default=0)
    except (ValueError, RecursionError, AttributeError, LookupError, TypeError):
        return 8 + length
