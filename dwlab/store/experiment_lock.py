"""One process at a time runs an experiment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .._util.lock import locked
from ..errors import InUse
from ..paths import experiment_folder
from .database import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LOCK_FILE = ".lock"  # in the experiment's folder


@contextlib.contextmanager
def experiment_lock(root: Path, experiment: str) -> Iterator[None]:
    """Keep other processes from running an experiment of the results folder `root` meanwhile.

    Raises InUse if another process runs it, StoreError if the lock cannot be made.
    """
    path = experiment_folder(root, experiment) / LOCK_FILE
    with contextlib.ExitStack() as stack:
        with explained(root):
            try:
                stack.enter_context(locked(path))
            except BlockingIOError:
                raise InUse(
                    f"experiment {experiment!r} is being run by another process or notebook "
                    f"({path} is locked); wait until it ends, or stop it, then run this again: "
                    "finished work is saved"
                ) from None
        yield


@contextlib.contextmanager
def entering_lock(root: Path, experiment: str) -> Iterator[None]:
    """The same, around entering an experiment: after an error its folder goes, if it was not there."""
    is_new = not experiment_folder(root, experiment).exists()
    try:
        with experiment_lock(root, experiment):
            yield
    except InUse:
        raise
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                remove_empty_folder(root, experiment)
        raise


def remove_empty_folder(root: Path, experiment: str) -> None:
    """Remove an experiment's folder in which only the lock is left; raises OSError.

    Call it once the lock is released: Windows removes no file that is open.
    """
    folder = experiment_folder(root, experiment)
    (folder / LOCK_FILE).unlink()
    folder.rmdir()
