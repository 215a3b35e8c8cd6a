"""Ctrl-C, kept until what runs can end well."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def ctrl_c_sets(*events: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C set `events`; raised as an exception wherever it strikes, it can be lost in a callback."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (
        None,
        signal.SIG_IGN,
    ):
        yield
        return

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)  # a second one does what it always did
        for event in events:
            event.set()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
