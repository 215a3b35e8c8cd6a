"""What torch.compile has made, kept on this machine for later processes."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import logging
import os
import platform
import shutil
import struct
import sys
import threading
import zipfile
import zlib
from pathlib import Path

import torch

from .._util.atomic import make_folder, replacing, sweep_temporaries, temporary_name
from ..errors import first_line
from . import device

log = logging.getLogger(__name__)
# where torch looks for what it has compiled
VARIABLE = "TORCHINDUCTOR_CACHE_DIR"
# of all archives: about 35 compiled forwards of `shapes`
LIMIT = 64 << 20
# of how archives are written; to be counted up with each change
FORMAT = 1
# what torch needs only while it writes
_PASSING = frozenset({"locks"})
_DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_lock = threading.Lock()
_in_use: CompileCache | None = None


class CompileCache:
    """A folder in which this process alone compiles, filled with what earlier processes compiled.

    torch trusts each file in its folder, and compilers write theirs in place: one that is killed
    leaves a file that breaks every later process. Therefore what was compiled goes into an archive
    as soon as it is whole; archives are written atomically, and have checksums.

    shelf: the folder of archives, for these versions and this processor.
    """

    def __init__(self, shelf: Path) -> None:
        self.folder = shelf.parent / temporary_name("")
        self._shelf = shelf
        self._kept: set[str] = set()

    def fill(self) -> None:
        """Unpack all archives; damaged ones are removed. Raises OSError if the folder cannot be written."""
        make_folder(self._shelf)
        sweep_temporaries(self._shelf.parent, depth=0)
        self.folder.mkdir()
        for archive in sorted(self._shelf.glob("*.zip")):
            for name, content in _contents(archive).items():
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self._kept = self._names()

    def keep(self) -> None:
        """Write what is new to an archive; a full disk costs a compilation in the next process."""
        new = sorted(self._names() - self._kept)
        if not new:
            return
        name = hashlib.sha256("\n".join(new).encode()).hexdigest()[:32]
        try:
            with (
                replacing(self._shelf / f"{name}.zip") as temporary,
                zipfile.ZipFile(
                    temporary,
                    "w",
                    zipfile.ZIP_DEFLATED,
                    compresslevel=1,
                    # a clock may be wrong by decades
                    strict_timestamps=False,
                ) as archive,
            ):
                for path in new:
                    archive.write(self.folder / path, path)
            self._kept.update(new)
            _remove_oldest(self._shelf.parent)
        except OSError as error:
            log.warning("compiled code was not kept in %s: %s", self._shelf, first_line(error))

    def discard(self) -> None:
        """Remove what is new: an error may have left some of it half-written."""
        for name in self._names() - self._kept:
            # Windows does not remove a library that is in use
            with contextlib.suppress(OSError):
                (self.folder / name).unlink()

    def _names(self) -> set[str]:
        """The files in the folder that are of use to another process."""
        names = set()
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder)
            if path.is_file() and path.suffix != ".tmp" and _PASSING.isdisjoint(name.parts):
                names.add(name.as_posix())
        return names


def use() -> None:
    """Let torch keep what it compiles from now on in dwlab's folder of the user's cache.

    A folder that the user chose by TORCHINDUCTOR_CACHE_DIR stays. Several calls are as good as one.
    """
    global _in_use  # noqa: PLW0603  # the variable belongs to the process, too
    from torch._dynamo.callback import callback_handler, on_compile_end

    with _lock:
        if _in_use is None and not _is_chosen_by_user():
            _in_use = _filled()
        # torch forgets its callbacks when it is reset
        if _in_use is not None and _keep not in callback_handler.end_callbacks:
            on_compile_end(_keep)


def _keep(*_: object) -> None:
    """Called by torch when it compiles nothing any longer, also after an error or Ctrl-C."""
    if _in_use is None:
        return
    if sys.exception() is None:
        _in_use.keep()
    else:
        _in_use.discard()


def _filled() -> CompileCache | None:
    """A filled cache that torch uses now; None if the disk does not allow one."""
    cache = CompileCache(_root() / _environment())
    try:
        cache.fill()
    except OSError as error:
        log.warning("compiled code is not kept in %s: %s", _root(), first_line(error))
        return None
    os.environ[VARIABLE] = str(cache.folder)
    atexit.register(shutil.rmtree, cache.folder, ignore_errors=True)
    return cache


def _is_chosen_by_user() -> bool:
    """Whether the variable was set neither by torch itself nor by the process that started this one."""
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    value = os.environ.get(VARIABLE)
    return value not in (None, "", default_cache_dir()) and Path(value).parent != _root()


def _root() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("dwlab")) / "compiled"


def _environment() -> str:
    """A hash of what compiled code depends on: torch compiles for exactly this processor."""
    made_of = (
        FORMAT,
        torch.__version__,
        sys.version,
        platform.system(),
        *platform.libc_ver(),
        device.instructions(),
    )
    return hashlib.sha256("\n".join(map(str, made_of)).encode()).hexdigest()[:32]


def _contents(path: Path) -> dict[str, bytes]:
    """The files in an archive; none of a damaged one, which is removed."""
    try:
        with zipfile.ZipFile(path) as archive:
            # compared with their checksums
            return {name: archive.read(name) for name in archive.namelist()}
    # another process removed it, because it was old or damaged
    except FileNotFoundError:
        return {}
    except _DAMAGED as error:
        log.warning("%s is damaged (%s); torch compiles again", path, first_line(error))
        path.unlink(missing_ok=True)
        return {}


def _remove_oldest(root: Path) -> None:
    """Remove the oldest archives, of all versions, beyond the limit of their size."""
    archives = []
    for path in root.glob("*/*.zip"):
        # another process may remove it, too
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            archives.append((status.st_mtime, status.st_size, path))
    total = 0
    for _, size, path in sorted(archives, reverse=True):
        total += size
        if total > LIMIT:
            path.unlink(missing_ok=True)
