"""A Ctrl-C that Python or a library would lose is delivered again."""

from __future__ import annotations

import contextlib
import inspect
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# long enough for the callback to end in which the first one was lost
DELAY = 0.02
_IMPORTS = "<frozen importlib._bootstrap>"


@contextlib.contextmanager
def no_ctrl_c_is_lost() -> Iterator[None]:
    """Raise KeyboardInterrupt where it is not lost: after imports, and again if it was ignored.

    A module that is interrupted while it is imported may turn the exception into another one.
    Python ignores exceptions within a `__del__` or the callback of a weak reference, and goes on.
    Nothing changes outside the main thread, within an import, where Ctrl-C has another handler, and
    on Windows.
    """
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    is_main_thread = threading.current_thread() is threading.main_thread()
    is_importing = _is_importing(inspect.currentframe())
    if sys.platform == "win32" or is_importing or not (is_main_thread and is_usual):
        yield
        return
    ignored = sys.unraisablehook
    timers: list[threading.Timer] = []

    def deliver_again() -> None:
        # sent to the main thread, so that it wakes up if it sleeps
        main_thread = threading.main_thread().ident
        timer = threading.Timer(DELAY, signal.pthread_kill, [main_thread, signal.SIGINT])
        timers.append(timer)
        timer.start()

    def after_imports(number: int, frame: FrameType | None) -> None:
        if _is_importing(frame):
            deliver_again()
        else:
            signal.default_int_handler(number, frame)

    def unless_ctrl_c(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            deliver_again()
        else:
            ignored(unraisable)

    signal.signal(signal.SIGINT, after_imports)
    sys.unraisablehook = unless_ctrl_c
    try:
        yield
    finally:
        sys.unraisablehook = ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for timer in timers:
            timer.cancel()


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported at this point of the program."""
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTS:
            return True
        frame = frame.f_back
    return False
