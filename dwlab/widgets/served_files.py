"""Files that a page links to: Jupyter serves what lies below its own folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

FileList = dict[str, Path]
ROOT_LIMIT = 4096  # characters


def links(files: FileList, server_root: str) -> list[dict[str, str]]:
    """The files that exist: `label`, `path`, and `address` below Jupyter's /files/.

    The address is empty for a folder, and for a file that Jupyter does not serve: one that is
    hidden, or not below its folder. server_root: that folder as a page knows it, where ~ is the
    user's own folder; empty if it does not know it.
    """
    return [
        {"label": label, "path": str(path), "address": _address(path, server_root)}
        for label, path in files.items()
        if path.exists()
    ]


def _address(path: Path, server_root: str) -> str:
    if not server_root or len(server_root) > ROOT_LIMIT or path.is_dir():
        return ""
    try:
        relative = path.resolve().relative_to(Path(server_root).expanduser().resolve())
    except (OSError, ValueError, RuntimeError):
        return ""
    is_hidden = any(part.startswith(".") for part in relative.parts)
    return "" if is_hidden else quote(relative.as_posix())
