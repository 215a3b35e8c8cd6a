"""Shows the progress of a download: one bar on a terminal, a few lines in a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from .._util.durations import duration
from .._util.terminal import bar_size

if TYPE_CHECKING:
    from ..events import Download

_BAR_FORMAT = (
    "{desc} {percentage:3.0f}% {bar} {n_fmt}B of {total_fmt}B, {rate_fmt}, {remaining} left"
)
EVERY = 10.0  # seconds between two lines if there is no terminal


class DownloadBar:
    """Listens to a download: call it with each Download.

    On a terminal it draws one bar with the rate and the time left. Otherwise it writes a line at
    the beginning, one at most every `every` seconds, and one at the end. `close` ends an unfinished
    bar.
    """

    def __init__(self, stream: TextIO | None = None, every: float = EVERY) -> None:
        self._stream = stream or sys.stderr
        self._every = every
        self._bar: Any = None
        self._wrote: float | None = None

    def __call__(self, download: Download) -> None:
        """Show the progress, only as often as it can be read."""
        if self._stream.isatty():
            self._draw(download)
        elif download.over or self._is_due():
            self._write(download)
        if download.over:
            self.close()

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None
        self._wrote = None

    def _is_due(self) -> bool:
        return self._wrote is None or time.monotonic() - self._wrote >= self._every

    def _draw(self, download: Download) -> None:
        from tqdm import tqdm

        words = f"{download.model}: {download.files} of {download.files_total} files"
        if self._bar is None:
            self._bar = tqdm(
                desc=words,
                total=download.total,
                unit="B",
                unit_scale=True,
                file=self._stream,
                bar_format=_BAR_FORMAT,
                **bar_size(self._stream),
            )
        self._bar.set_description_str(words, refresh=False)
        self._bar.update(download.bytes - self._bar.n)
        if download.over:
            self._bar.refresh()

    def _write(self, download: Download) -> None:
        self._wrote = time.monotonic()
        ending = f", done in {duration(download.seconds)}" if download.over else ""
        self._stream.write(f"downloading {download.model}: {download}{ending}\n")
        self._stream.flush()
