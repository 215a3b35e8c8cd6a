"""How far a download is: one bar on a terminal, a sparse line in a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from .._util.durations import clock
from .._util.terminal import bar_size

if TYPE_CHECKING:
    from ..events import Download

EVERY = 10.0  # seconds between two lines where there is no terminal


class DownloadBar:
    """Listens to a download: call it with each Download.

    On a terminal it draws one bar with rate and time left; elsewhere it writes a line at the beginning, at most every
    `every` seconds, and one at the end. `close` takes an unfinished bar off the terminal's last line.
    """

    def __init__(self, stream: TextIO | None = None, every: float = EVERY) -> None:
        self._stream, self._every = stream or sys.stderr, every
        self._bar: Any = None
        self._wrote: float | None = None

    def __call__(self, download: Download) -> None:
        """Show how far it is; draws or writes only as often as is readable."""
        if self._stream.isatty():
            self._draw(download)
        elif self._wrote is None or download.over or time.monotonic() - self._wrote >= self._every:
            self._write(download)
        if download.over:
            self.close()

    def close(self) -> None:
        """End the bar where it stands."""
        if self._bar is not None:
            self._bar.close()
        self._bar = self._wrote = None

    def _draw(self, download: Download) -> None:
        from tqdm import tqdm

        words = f"{download.model}: {download.files} of {download.files_total} files"
        if self._bar is None:
            self._bar = tqdm(
                desc=words, total=download.total, unit="B", unit_scale=True, file=self._stream, **bar_size(self._stream),
                bar_format="{desc} {percentage:3.0f}% {bar} {n_fmt}B of {total_fmt}B, {rate_fmt}, {remaining} left",
            )  # fmt: skip
        self._bar.set_description_str(words, refresh=False)
        self._bar.update(download.bytes - self._bar.n)
        if download.over:
            self._bar.refresh()

    def _write(self, download: Download) -> None:
        self._wrote = time.monotonic()
        ending = f", fetched in {clock(download.seconds)}" if download.over else ""
        self._stream.write(f"downloading {download.model}: {download}{ending}\n")
        self._stream.flush()
