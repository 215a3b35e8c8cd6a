"""Ctrl-C that lets the work under way end well."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def ctrl_c_sets(*events: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C set `events` instead of raising KeyboardInterrupt.

    An exception could strike inside a callback of some library and be lost there. A second Ctrl-C
    does what it did before. Outside the main thread, and where Ctrl-C is ignored, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    is_main_thread = threading.current_thread() is threading.main_thread()
    if not is_main_thread or before in (None, signal.SIG_IGN):
        yield
        return

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        for event in events:
            event.set()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
