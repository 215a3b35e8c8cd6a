"""What a computation tells its listeners: one kind of event for bars, widgets and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ._util.durations import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from .spec.params import GenerationParams


class Cancelled(Exception):
    """Raised by a listener or within a pipeline's step to stop all that is under way."""


@dataclass(frozen=True)
class Download:
    """How far the files of a hub model have arrived. bytes, total: of those that were lacking; seconds: since it began."""

    model: str
    files: int
    files_total: int
    bytes: int
    total: int
    seconds: float

    @property
    def over(self) -> bool:
        """Whether all files are here."""
        return self.files == self.files_total

    @property
    def share(self) -> float:
        """The part that has arrived, 0..1."""
        return self.bytes / self.total if self.total else 1.0

    def __str__(self) -> str:
        rate = self.bytes / self.seconds if self.seconds else 0.0
        left = (
            f", about {duration((self.total - self.bytes) / rate)} left"
            if rate and not self.over
            else ""
        )
        return (
            f"{self.files} of {self.files_total} files, {self.bytes / 1e6:,.1f} of {self.total / 1e6:,.1f} MB, "
            f"{rate / 1e6:,.1f} MB/s{left}"
        )


@dataclass(frozen=True)
class Event:
    """One thing that happened to the cell at `index` of what was asked for.

    download: its model's files arrive from the hub, `download` says how far. started: work on it began. step: `step` of `steps` is done, and `preview()` gives a rough picture, or None
    where there can be none. done: `result` is the finished one. failed: `error` says why, `status` is failed or oom.
    """

    kind: Literal["download", "started", "step", "done", "failed"]
    index: int
    params: GenerationParams
    step: int = 0
    steps: int = 0
    result: object | None = None
    preview: Callable[[], Image.Image | None] | None = None
    error: str | None = None
    status: Literal["ok", "failed", "oom"] = "ok"
    download: Download | None = None
