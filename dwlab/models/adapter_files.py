"""Files of adapters: found on this machine by path or content, and known by their hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.existing_path import existing_path
from ..errors import InvalidInput, ModelError, first_line
from ..spec.loras import SHIPPED
from . import fingerprint, hub, weight_files

if TYPE_CHECKING:
    from pathlib import Path

    from ..spec.embeddings import Embedding
    from ..spec.loras import Lora
    from .transfers import Listener

SIZE_LIMIT = 16 << 30  # bytes; the largest that people share have about 3
TENSORS_LIMIT = 100_000
DIGITS_NEEDED = 10  # of a hash that stands for a file
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


@dataclass(frozen=True)
class AdapterFile:
    """A file as it was when it was identified. tensors: the hash of a LoRA's tensors alone."""

    path: Path
    sha256: str
    tensors: str = ""


@dataclass(frozen=True)
class HubSource:
    """A repository of the hub with its revision; both are empty for a file of this machine."""

    repository: str = ""
    revision: str = ""


HERE = HubSource()


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself: the shape of each tensor, and texts."""

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str]


def find(field: str, file: str, sha256: str, source: HubSource = HERE) -> AdapterFile:
    """A complete safetensors file, by its path, or by its hash among those read here before.

    field: where the recipe names it, like `loras[0]`. source: the repository that `file` is in.
    Raises InvalidInput for a file that is not there, not safetensors, or of another content than
    the hash says, and NotDownloaded.
    """
    path = _path_of(field, file, sha256, source)
    _check_complete(f"{field}.file", path)
    content = _hash_of(field, path)
    if sha256 not in ("", content):
        allowed = f"the file with the SHA-256 {sha256}; this one has {content}"
        raise InvalidInput(f"{field}.file", str(path), allowed)
    return AdapterFile(path, content)


def source_of(entry: Lora | Embedding) -> HubSource:
    """Where on the hub the file of an entry is."""
    return HubSource(entry.hub, entry.revision)


def fetch(
    field: str, entry: Lora | Embedding, download: bool, on_download: Listener | None
) -> None:
    """Get the file of an entry from the hub, unless it is here; nothing for files of this machine.

    download, on_download: as for `hub.file_of`, whose errors it raises too.
    """
    if not entry.hub or (entry.sha256 and _with_hash(entry.sha256)):
        return
    source = source_of(entry)
    _in_cache(field, entry.file, source, download=download, on_download=on_download)


def check_unchanged(file: AdapterFile) -> None:
    """Raise ModelError if a file is no longer the one that was identified."""
    try:
        content = fingerprint.of_file(file.path)
    # a file that cannot be read any more has changed too
    except ModelError:
        content = ""
    if content != file.sha256:
        raise ModelError(f"{file.path} changed since the run was planned; run the command again")


def read_header(path: Path) -> Header:
    """The header of a safetensors file; its weights are not read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            return Header(shapes, dict(file.metadata() or {}))
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {first_line(error)}") from error


def _path_of(field: str, file: str, sha256: str, source: HubSource) -> Path:
    if source.repository:
        known = _with_hash(sha256)
        return known or _in_cache(field, file, source, download=False)
    if file in SHIPPED:
        return SHIPPED[file]
    path = existing_path(file) or _with_hash(sha256)
    if path:
        return path
    if file:
        shipped = ", ".join(SHIPPED)
        allowed = f"a safetensors file that exists, or a LoRA that comes with dwlab: {shipped}"
        raise InvalidInput(f"{field}.file", file, allowed)
    allowed = "the hash of a file that dwlab has read on this machine; name the file with file:"
    raise InvalidInput(f"{field}.sha256", sha256, allowed)


def _with_hash(sha256: str) -> Path | None:
    """A file with this content that was read here before, and has it still."""
    for path in fingerprint.files_with(sha256) if sha256 else ():
        is_named = path.suffix == ".safetensors"
        if is_named and path.is_file() and fingerprint.of_file(path) == sha256:
            return path
    return None


def sha256_of(short: str) -> str:
    """The SHA-256 of a file that is here, by the beginning of it or of that of its tensors.

    Empty if there is none, or more than one.
    """
    here = [content for content in fingerprint.named(short) if _with_hash(content)]
    return here[0] if len(here) == 1 and len(short) >= DIGITS_NEEDED else ""


def _in_cache(
    field: str,
    file: str,
    source: HubSource,
    *,
    download: bool,
    on_download: Listener | None = None,
) -> Path:
    """A file of the hub in the local cache, downloaded if `download` allows."""
    try:
        return hub.file_of(
            source.repository,
            file,
            source.revision or None,
            download=download,
            on_download=on_download,
        )
    except InvalidInput as error:
        raise error.at(f"{field}.{error.field}") from None


def _hash_of(field: str, path: Path) -> str:
    try:
        return fingerprint.of_file(path)
    except ModelError as error:
        raise InvalidInput(f"{field}.file", str(path), f"a file to read ({error})") from error


def _check_complete(field: str, path: Path) -> None:
    """Refuse what is not a complete safetensors file of a sensible size, without reading weights."""
    if path.suffix.lower() in _PICKLES:
        allowed = (
            "a .safetensors file; a pickle can run code. `dwlab convert FILE` makes a safe copy"
        )
        raise InvalidInput(field, str(path), allowed)
    if path.suffix != ".safetensors":
        raise InvalidInput(field, str(path), "a file whose name ends in .safetensors")
    flaw = weight_files.flaw(path)
    if flaw:
        raise InvalidInput(field, str(path), f"a complete safetensors file; this one {flaw}")
    size = path.stat().st_size
    if size > SIZE_LIMIT:
        allowed = f"at most {SIZE_LIMIT >> 30} GiB"
        raise InvalidInput(field, f"{path} with {size / (1 << 30):.1f} GiB", allowed)
    if len(read_header(path).shapes) > TENSORS_LIMIT:
        raise InvalidInput(field, str(path), f"a file of at most {TENSORS_LIMIT:,} tensors")
