"""What a computation tells its listeners: one kind of event for bars, widgets and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from .params import GenerationParams


@dataclass(frozen=True)
class Event:
    """One thing that happened to the cell at `index` of what was asked for.

    started: work on it began. step: `step` of `steps` is done, and `preview()` gives a rough picture, or None
    where there can be none. done: `result` is the finished one. failed: `error` says why, `status` is failed or oom.
    """

    kind: Literal["started", "step", "done", "failed"]
    index: int
    params: GenerationParams
    step: int = 0
    steps: int = 0
    result: object | None = None
    preview: Callable[[], Image.Image | None] | None = None
    error: str | None = None
    status: Literal["ok", "failed", "oom"] = "ok"
