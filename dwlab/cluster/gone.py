"""Who is to compute is gone; what was asked for can be asked for again."""

from __future__ import annotations

from ..errors import RenderError

AGAIN = "finished pictures are saved; run the same command to continue"


class NobodyComputes(RenderError):
    """The scheduler is gone, or has no worker that takes anything."""


class AllRefused(RenderError):
    """Every worker that came was refused, which asking again does not change."""


class WorkerGone(RenderError):
    """A worker ended before it answered. has_begun: whether it worked on the pictures."""

    def __init__(self, *, has_begun: bool) -> None:
        super().__init__("a worker ended before its pictures were done")
        self.has_begun = has_begun
