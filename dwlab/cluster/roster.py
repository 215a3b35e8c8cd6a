"""The workers of a run, as its listeners are told of them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .._util.counted import counted
from ..events import WorkerChanged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .mailbox import Joined


@dataclass
class _Here:
    """A worker that is here.

    made: pictures in this run. has: pictures to make. first: when its first chunk was done, which
    takes longer because its model loads, and how many pictures it had made by then.
    """

    joined: Joined
    made: int = 0
    has: int = 0
    first: tuple[float, int] | None = None

    @property
    def rate(self) -> float:
        """Pictures per second since its first chunk; 0 as long as there is no other."""
        if self.first is None:
            return 0.0
        began, made_before = self.first
        seconds = time.monotonic() - began
        return (self.made - made_before) / seconds if seconds else 0.0


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
        if here.first is None and here.made:
            here.first = (time.monotonic(), here.made)
        return self._event(worker)

    def _event(self, worker: str) -> WorkerChanged:
        here = self._here[worker]
        return WorkerChanged(
            here.joined.name,
            "working" if here.has else "idle",
            here.joined.machine,
            here.joined.device,
            doing=counted(here.has, "picture") if here.has else "",
            made=here.made,
            rate=here.rate,
        )


def known_better(joined: Joined, answer: str) -> Joined:
    """A worker with its computer and its hardware as it calls them. answer: of `tasks.check`."""
    said = json.loads(answer)
    return replace(
        joined,
        machine=said.get("node") or joined.machine,
        device=said.get("machine", {}).get("hardware") or joined.device,
    )


def refused(
    joined: Joined, reason: str, state: Literal["refused", "left"] = "refused", made: int = 0
) -> WorkerChanged:
    """A worker does not work on this run. reason: why."""
    return WorkerChanged(
        joined.name, state, joined.machine, joined.device, made=made, reason=reason
    )
