"""What a computation tells its listeners: one small class per kind of event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from ._util.durations import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from .spec.params import GenerationParams


class Cancelled(Exception):
    """Raised by a listener, or within a pipeline's step, to stop everything under way."""


@dataclass(frozen=True)
class Started:
    """Work on a cell began. index: of the cell in what was asked for."""

    kind: ClassVar[Literal["started"]] = "started"
    index: int
    params: GenerationParams


@dataclass(frozen=True)
class Step:
    """A step of a cell is done.

    step: 1 to `steps`. preview: makes a rough picture of what is forming; None if there is none.
    """

    kind: ClassVar[Literal["step"]] = "step"
    index: int
    params: GenerationParams
    step: int
    steps: int
    preview: Callable[[], Image.Image | None] | None = None


@dataclass(frozen=True)
class Done:
    """A cell is finished. result: its Picture, or what else was computed."""

    kind: ClassVar[Literal["done"]] = "done"
    index: int
    params: GenerationParams
    result: object


@dataclass(frozen=True)
class Failed:
    """A cell failed.

    error: why. status: "oom" if memory ran out. traceback: where, in the code of the user's own.
    """

    kind: ClassVar[Literal["failed"]] = "failed"
    index: int
    params: GenerationParams
    error: str
    status: Literal["failed", "oom"] = "failed"
    traceback: str = ""


@dataclass(frozen=True)
class Downloading:
    """Files of a cell's model arrive from the hub. download: the progress."""

    kind: ClassVar[Literal["download"]] = "download"
    index: int
    params: GenerationParams
    download: Download


@dataclass(frozen=True)
class Loaded:
    """A cell's model, which was not in memory before, is loaded. index: of its first cell.

    memory: what is to be said of its memory: measures that save some, and the numbers.
    """

    kind: ClassVar[Literal["loaded"]] = "loaded"
    index: int
    params: GenerationParams
    seconds: float
    memory: str = ""


@dataclass(frozen=True)
class Connected:
    """The scheduler of a cluster answers. where: as it was asked for. dashboard: its address, or ""."""

    kind: ClassVar[Literal["connected"]] = "connected"
    where: str
    dashboard: str = ""


@dataclass(frozen=True)
class WorkerChanged:
    """A worker of a cluster came, went, was refused, or has other work; it replaces what was known.

    worker: its name, which no other worker of the run has. machine, device: where it computes.
    doing: the work that it has, for people, like "12 pictures of sd15". made: pictures in this run.
    rate: pictures per second, 0 if it is not known yet. reason: why it left or was refused.
    """

    kind: ClassVar[Literal["worker"]] = "worker"
    worker: str
    state: Literal["idle", "working", "left", "refused"]
    machine: str = ""
    device: str = ""
    doing: str = ""
    made: int = 0
    rate: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Download:
    """The progress of a hub model's download.

    files, bytes: that have arrived of those that were missing. seconds: since it began.
    """

    model: str
    files: int
    files_total: int
    bytes: int
    total: int
    seconds: float

    @property
    def over(self) -> bool:
        """Whether all files have arrived."""
        return self.files == self.files_total

    @property
    def share(self) -> float:
        """The share that has arrived, 0..1."""
        return self.bytes / self.total if self.total else 1.0

    def __str__(self) -> str:
        rate = self.bytes / self.seconds if self.seconds else 0.0
        progress = (
            f"{self.files} of {self.files_total} files, "
            f"{self.bytes / 1e6:,.1f} of {self.total / 1e6:,.1f} MB, {rate / 1e6:,.1f} MB/s"
        )
        if self.over or not rate:
            return progress
        left = (self.total - self.bytes) / rate
        return f"{progress}, about {duration(left)} left"


CellEvent: TypeAlias = Started | Step | Done | Failed | Downloading | Loaded
ClusterEvent: TypeAlias = Connected | WorkerChanged
Event: TypeAlias = CellEvent | ClusterEvent
