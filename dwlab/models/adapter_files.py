"""Files of adapters: found on this machine by path or content, and known by their hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput, ModelError, first_line
from ..spec.loras import SHIPPED
from . import fingerprint, weight_files

SIZE_LIMIT = 16 << 30  # bytes; the largest that people share have about 3
TENSORS_LIMIT = 100_000
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


@dataclass(frozen=True)
class AdapterFile:
    """A file as it was when it was identified."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself: the shape of each tensor, and texts."""

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str]


def find(field: str, file: str, sha256: str) -> AdapterFile:
    """A complete safetensors file, by its path, or by its hash among those read here before.

    field: where the recipe names it, like `loras[0]`. Raises InvalidInput for a file that is not
    there, not safetensors, or of another content than the hash says.
    """
    path = _path_of(field, file, sha256)
    _check_complete(f"{field}.file", path)
    content = _hash_of(field, path)
    if sha256 not in ("", content):
        allowed = f"the file with the SHA-256 {sha256}; this one has {content}"
        raise InvalidInput(f"{field}.file", str(path), allowed)
    return AdapterFile(path, content)


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


def _path_of(field: str, file: str, sha256: str) -> Path:
    if file in SHIPPED:
        return SHIPPED[file]
    path = _existing(file)
    if path:
        return path
    for known in fingerprint.files_with(sha256) if sha256 else ():
        if known.is_file() and fingerprint.of_file(known) == sha256:
            return known
    if file:
        shipped = ", ".join(SHIPPED)
        allowed = f"a safetensors file that exists, or a LoRA that comes with dwlab: {shipped}"
        raise InvalidInput(f"{field}.file", file, allowed)
    allowed = "the hash of a file that dwlab has read on this machine; name the file with file:"
    raise InvalidInput(f"{field}.sha256", sha256, allowed)


def _existing(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError):
        # too long for a path, or ~name of an unknown user
        return None


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
