"""What a benchmark's process is told to do: measure a configuration, or make its reference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .files import Document


@dataclass(frozen=True)
class MeasureTask:
    """Measure a configuration.

    warmup, iterations, seconds: see `timing.measure`. first: whether this is the first round, which
    also checks the timer and watches the memory. reference: the file to compare with, if there is
    one.
    """

    warmup: int = 1
    iterations: int = 5
    seconds: float = 1.0
    first: bool = False
    reference: str | None = None


@dataclass(frozen=True)
class ReferenceTask:
    """Make the reference that other configurations are compared with.

    parity: picture, or denoiser for its first call only. reference: the file to write.
    """

    parity: str
    reference: str


Task = MeasureTask | ReferenceTask
_KINDS: dict[str, type[Task]] = {"measure": MeasureTask, "reference": ReferenceTask}


def as_dict(task: Task) -> Document:
    """Plain values, from which `of` makes the task again."""
    kind = "measure" if isinstance(task, MeasureTask) else "reference"
    return {"kind": kind, **asdict(task)}


def of(values: Document) -> Task:
    """The task that `as_dict` described."""
    fields = dict(values)
    return _KINDS[fields.pop("kind")](**fields)
