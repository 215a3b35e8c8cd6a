"""A lock on a file, so that one process at a time does a thing."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from .atomic import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file, which is made if it is missing.

    The system releases the lock when its holder dies. On file systems without locks (some network
    ones) nothing is held. patience: seconds to wait for it. Raises BlockingIOError if another
    process holds the lock for longer.
    """
    from filelock import FileLock, Timeout

    make_folder(path.parent)
    lock = FileLock(path, timeout=patience, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise BlockingIOError(errno.EWOULDBLOCK, "locked by another process", str(path)) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    try:
        yield
    finally:
        lock.release()
