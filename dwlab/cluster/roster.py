"""The workers of a run, as its listeners are told of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..events import WorkerChanged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .mailbox import Joined


@dataclass
class _Here:
    """A worker that is here. since: when it got its first chunk. has: pictures to make."""

    joined: Joined
    since: float | None = None
    made: int = 0
    has: int = 0


class Roster:
    """Who is here, by address, with what they have to do and made in this run."""

    def __init__(self) -> None:
        self._here: dict[str, _Here] = {}

    def __contains__(self, worker: object) -> bool:
        return worker in self._here

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._here))

    def __len__(self) -> int:
        return len(self._here)

    def name(self, worker: str) -> str:
        """What a worker is called."""
        return self._here[worker].joined.name

    def enter(self, joined: Joined) -> WorkerChanged:
        """A worker came."""
        self._here[joined.worker] = _Here(joined)
        return self._event(joined.worker)

    def leave(self, worker: str) -> WorkerChanged:
        """A worker went."""
        here = self._here.pop(worker)
        return refused(here.joined, "its process or its connection ended", "left", here.made)

    def count(self, worker: str, made: int) -> None:
        """A worker brought pictures."""
        if worker in self._here:
            self._here[worker].made += made

    def has(self, worker: str, pictures: int) -> WorkerChanged | None:
        """A worker has so many pictures to make now; None if that is no news."""
        here = self._here[worker]
        if here.has == pictures:
            return None
        here.has = pictures
        if here.since is None:
            here.since = time.monotonic()
        return self._event(worker)

    def _event(self, worker: str) -> WorkerChanged:
        here = self._here[worker]
        seconds = 0.0 if here.since is None else time.monotonic() - here.since
        return WorkerChanged(
            here.joined.name,
            "working" if here.has else "idle",
            here.joined.machine,
            here.joined.device,
            doing=_pictures(here.has) if here.has else "",
            made=here.made,
            rate=here.made / seconds if seconds else 0.0,
        )


def refused(
    joined: Joined, reason: str, state: Literal["refused", "left"] = "refused", made: int = 0
) -> WorkerChanged:
    """A worker does not work on this run. reason: why."""
    return WorkerChanged(
        joined.name, state, joined.machine, joined.device, made=made, reason=reason
    )


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"
