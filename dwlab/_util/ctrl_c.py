"""A Ctrl-C that Python would lose is delivered again."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# long enough for the callback to end in which the first one was lost
DELAY = 0.02


@contextlib.contextmanager
def no_ctrl_c_is_lost() -> Iterator[None]:
    """Raise KeyboardInterrupt again if it was raised where Python ignores exceptions.

    Ctrl-C may strike within a `__del__` or the callback of a weak reference; importing a module
    runs many of these. Python prints that it ignores the exception, and goes on. On Windows nothing
    changes.
    """
    if sys.platform == "win32":
        yield
        return
    before = sys.unraisablehook
    timers = []

    def deliver_again(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            before(unraisable)
            return
        # sent to the main thread, so that it wakes up if it sleeps
        main_thread = threading.main_thread().ident
        timer = threading.Timer(DELAY, signal.pthread_kill, [main_thread, signal.SIGINT])
        timers.append(timer)
        timer.start()

    sys.unraisablehook = deliver_again
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in timers:
            timer.cancel()
