"""A model's identity: a hash over the files of its folder."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

from .files import write_atomic

log = logging.getLogger(__name__)


def of_folder(folder: Path) -> str:
    """A hash over the folder's weights, configs and vocabularies; file hashes are cached by path, size and mtime."""
    digest = hashlib.sha256()
    known = _read_hashes()
    fresh = dict(known)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".json", ".txt", ".model")):
        stat = path.stat()
        mark = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
        if mark not in fresh:
            with path.open("rb") as file:
                fresh[mark] = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {fresh[mark]}\n".encode())
    if fresh != known:
        _write_hashes(fresh)
    return digest.hexdigest()


def _hashes_path() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("dwlab")) / "file-hashes.json"


def _read_hashes() -> dict[str, str]:
    try:
        return dict(json.loads(_hashes_path().read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _write_hashes(hashes: dict[str, str]) -> None:
    try:
        write_atomic(_hashes_path(), json.dumps(hashes).encode())
    except OSError as error:  # only a cache: hashing again is the cost
        log.info("the cache of file hashes cannot be written: %s", error)
