"""What a computation tells its listeners: one kind of event for bars, widgets and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .params import GenerationParams


@dataclass(frozen=True)
class Event:
    """One thing that happened to the cell at `index` of what was asked for.

    started: work on it began. step: `step` of `steps` is done. preview: `result` is a rough
    picture. done: `result` is the finished one. failed: `error` says why, `status` is failed or oom.
    """

    kind: Literal["started", "step", "preview", "done", "failed"]
    index: int
    params: GenerationParams
    step: int = 0
    steps: int = 0
    result: object | None = None
    error: str | None = None
    status: Literal["ok", "failed", "oom"] = "ok"
