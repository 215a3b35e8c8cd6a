"""Whose job comes next: that of the client that was served least."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


@dataclass(frozen=True)
class WaitingJob:
    """What is to be known of a job that waits. client: who asked for it.

    alike: jobs with the same text may be rendered together; None for a sweep. attempts: how often it
    was begun. cost: what it takes, in any unit. created: ISO 8601. Jobs are in the order of their
    numbers.
    """

    number: int
    id: str
    alike: str | None
    attempts: int
    client: str
    cost: float
    created: str

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        """The job in a row of the statement WAITING."""
        return cls(**dict(row))

    @property
    def model(self) -> str:
        """The model of its pictures; empty for a sweep."""
        return self.alike.rsplit(" ", 2)[0] if self.alike else ""

    @property
    def age(self) -> float:
        """How many seconds ago it was asked for."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.created)).total_seconds()

    @property
    def may_share(self) -> bool:
        """Whether it may be rendered together with others; one that a worker died over may not."""
        return self.alike is not None and self.attempts == 0


class Turns:
    """Start-time fair queueing (Goyal, Vin and Cheng 1996): clients get equal shares of the work.

    A client whose jobs wait is next if it was served least since they came; its own jobs are taken in
    their order. Time in which a client asks for nothing gives it no claim to more later.
    """

    def __init__(self) -> None:
        # what all clients with waiting jobs were served at least
        self._served = 0.0
        # what each client was served, if that is more
        self._served_by_client: dict[str, float] = {}

    def take(self, waiting: Sequence[WaitingJob], limit: int = 1) -> list[WaitingJob]:
        """Take the next job, and up to `limit` in all that can be rendered together with it."""
        left = list(waiting)
        taken: list[WaitingJob] = []
        # further ones may come before their client's turn, so only the first one counts
        if left:
            self._served = self._of_client(self.next(left).client)
        while left and len(taken) < limit:
            job = self.next(left)
            taken.append(job)
            self._charge(job)
            left = [other for other in left if other is not job and are_alike(other, job)]
        return taken

    def next(self, waiting: Sequence[WaitingJob]) -> WaitingJob:
        """The job of which it is the turn."""
        return min(waiting, key=lambda job: (self._of_client(job.client), job.number))

    def _of_client(self, client: str) -> float:
        return max(self._served_by_client.get(client, 0.0), self._served)

    def _charge(self, job: WaitingJob) -> None:
        self._served_by_client[job.client] = self._of_client(job.client) + job.cost
        for client, served in list(self._served_by_client.items()):
            if served <= self._served:
                del self._served_by_client[client]


def are_alike(job: WaitingJob, other: WaitingJob) -> bool:
    """Whether two jobs may be rendered together."""
    return job.may_share and other.may_share and job.alike == other.alike
