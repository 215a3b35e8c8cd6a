"""Checks that a folder holds all weights that its index names, by names, sizes and headers."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import ModelError, first_line
from . import weight_names
from .trust import TEXT_LIMIT, parts, place_of

if TYPE_CHECKING:
    from pathlib import Path

# parts that are configuration only
_WEIGHTLESS = re.compile("Scheduler|Tokenizer|Processor|Extractor|Guidance")
# the beginning of the small file that git keeps instead of a large one
_LFS_POINTER = b"version https://git-lfs"
_HEADER_LIMIT = 100_000_000  # bytes, as in the safetensors library


@dataclass(frozen=True)
class Fault:
    """What is wrong with a folder's weights.

    text: a description. path: the broken file, or None if something is missing.
    """

    text: str
    path: Path | None = None


def check(name: str, folder: Path, variant: str | None = None) -> None:
    """Refuse a folder that lacks a part, or whose weights are empty or cut short.

    variant: the one to load, as in `find_fault`. Raises ModelError naming the part or file and what
    to do, and InvalidInput for a variant that no part has.
    """
    if variant:
        _check_variant(name, folder, variant)
    fault = find_fault(folder, variant)
    if fault and fault.path:
        raise ModelError(f"model {name!r}: {fault.text}; copy or download this file again")
    if fault:
        raise ModelError(
            f"model {name!r} is not complete: {fault.text}; copy or download the folder again"
        )


def find_fault(folder: Path, variant: str | None = None, *, mixed: bool = True) -> Fault | None:
    """What is missing from a pipeline's folder, or broken in it; None if it is complete.

    variant: the one to load, like fp16. mixed: whether parts without it may be plain.
    """
    for name, _, cls in parts(folder):
        place = place_of(folder, name)
        if not any(path.exists() for path in place.glob("*config*.json")):
            return Fault(f"{name} is missing")
        if not needs_weights(cls):
            continue
        files = _files_of_variant(place, variant)
        if not files and (mixed or not variant):
            files = _plain_files(place)
        fault = _fault_of_part(name, place, files)
        if fault:
            return fault
    return None


def fault_of_part(name: str, place: Path, variant: str | None = None) -> Fault | None:
    """What is wrong with the weights in the folder of one part; None if they are complete."""
    files = _files_of_variant(place, variant) if variant else _plain_files(place)
    return _fault_of_part(name, place, files)


def _check_variant(name: str, folder: Path, variant: str) -> None:
    """Raise InvalidInput for a variant that no part of a folder has."""
    places = [place_of(folder, part) for part, _, cls in parts(folder) if needs_weights(cls)]
    if any(_files_of_variant(place, variant) for place in places):
        return
    names: list[str] = []
    for place in places:
        names += [path.name for path in place.glob("*.safetensors")]
    raise weight_names.no_such_variant(name, variant, names)


def needs_weights(cls: object) -> bool:
    """Whether a part of this class has weights.

    Schedulers, tokenizers, image processors and guiders are configuration only.
    """
    return not _WEIGHTLESS.search(str(cls))


def _fault_of_part(name: str, place: Path, files: list[Path]) -> Fault | None:
    if not files:
        return Fault(f"the weights of {name} are missing{_other_variants(place)}")
    for path in files:
        if not path.exists():
            return Fault(f"some weights of {name} are missing ({path.name} does not exist)")
        text = flaw(path)
        if text:
            return Fault(f"the weights of {name} are broken: {path} {text}", path)
    return None


def files_of_part(place: Path, variant: str | None = None) -> list[Path]:
    """The safetensors of a part in a variant, or the plain ones if there are none."""
    return _files_of_variant(place, variant) or _plain_files(place)


def _plain_files(place: Path) -> list[Path]:
    """The safetensors of a part without a variant: one file, or all shards that its index names."""
    paths = sorted(place.glob("*.safetensors"))
    whole = [path for path in paths if "." not in path.stem and "-of-" not in path.stem]
    return _whole_or_shards(place, whole, "*.safetensors.index.json")


def _files_of_variant(place: Path, variant: str | None) -> list[Path]:
    """The safetensors of a part in a variant, like model.fp16.safetensors; empty if there are none."""
    if not variant:
        return []
    whole = sorted(place.glob(f"*.{variant}.safetensors"))
    whole = [path for path in whole if "-of-" not in path.stem]
    return _whole_or_shards(place, whole, f"*.safetensors.index.{variant}.json")


def _whole_or_shards(place: Path, whole: list[Path], pattern: str) -> list[Path]:
    """Files that exist, otherwise the shards of an index. pattern: of the index's name."""
    if any(path.exists() for path in whole):
        return whole
    for index in sorted(place.glob(pattern)):
        if index.exists():
            return _shards(place, index)
    return []


def _shards(place: Path, index: Path) -> list[Path]:
    """The shards that an index names."""
    shards = read_object(index, TEXT_LIMIT).get("weight_map")
    if not isinstance(shards, dict):
        return []
    names = {str(name) for name in shards.values()}
    return [place / name for name in sorted(names)]


def _other_variants(place: Path) -> str:
    """A note on the variants in which a part's weights are there, although another was chosen."""
    names = [path.name for path in place.glob("*.safetensors") if path.exists()]
    variants = weight_names.variants_in(names)
    if not variants:
        return ""
    return f" (to use those in the variant {', '.join(variants)}, write `variant: {variants[0]}`)"


def flaw(path: Path) -> str | None:
    """What is wrong with a safetensors file; None for a complete one. Reads its header only."""
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
        # this checks that the header and the file's size agree
        with safe_open(path, framework="numpy"):
            return None
    except (SafetensorError, OSError, ValueError) as error:
        reason = first_line(error)
    start = _start(path)
    if start.startswith(_LFS_POINTER):
        return "is a Git LFS pointer instead of the weights; get them with `git lfs pull`"
    expected = _expected_size(start)
    if expected and size < expected:
        return f"is cut short: it has {size:,} of {expected:,} bytes"
    return f"is not a safetensors file ({reason})"


def _start(path: Path) -> bytes:
    """The length of a file's header and the header, as far as the file goes."""
    with path.open("rb") as file:
        length = file.read(8)
        return length + file.read(min(int.from_bytes(length, "little"), _HEADER_LIMIT))


def _expected_size(start: bytes) -> int | None:
    """The size in bytes that a safetensors file must have by its header, which may be cut short."""
    length = int.from_bytes(start[:8], "little")
    if length > _HEADER_LIMIT:
        return None
    try:
        tensors = json.loads(start[8:])
        tensors.pop("__metadata__", None)
        ends = [tensor["data_offsets"][1] for tensor in tensors.values()]
        return 8 + length + max(ends, default=0)
    except (ValueError, RecursionError, AttributeError, LookupError, TypeError):
        return 8 + length
