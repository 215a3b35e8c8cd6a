"""A job as the store keeps it, and the little of it that a list shows."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import sqlite3

API_EXPERIMENT = "api"  # pictures made on request belong to it: `dwlab table api` lists them
ENDED = ("completed", "failed", "cancelled")
JsonObject = dict[str, Any]  # a plain map, as JSON has them


@dataclass(frozen=True)
class Job:
    """One row. request, result: plain maps. lease, started, ended: seconds since 1970.

    status: queued, running, completed, failed or cancelled. created: ISO 8601, UTC. alike: jobs
    with the same text may be rendered together.
    """

    id: str
    request: JsonObject
    status: str
    owner: str | None
    lease: float | None
    attempts: int
    created: str
    alike: str | None
    result: JsonObject
    error: str | None
    started: float | None
    ended: float | None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        """The job in a row of the table `jobs`."""
        return cls(
            id=row["id"],
            request=json.loads(row["request"]),
            status=row["status"],
            owner=row["owner"],
            lease=row["lease"],
            attempts=row["attempts"],
            created=row["created"],
            alike=row["alike"],
            result=json.loads(row["result"]),
            error=row["error"],
            started=row["started"],
            ended=row["ended"],
        )

    @property
    def over(self) -> bool:
        """Whether it has ended, and no longer changes."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long the work on it took, or has taken so far."""
        return _seconds(self.started, self.ended)

    @property
    def sweep(self) -> JsonObject | None:
        """The sweep that was requested; None for a job of single pictures."""
        sweep: JsonObject | None = self.request.get("sweep")
        return sweep

    @property
    def recipes(self) -> list[JsonObject]:
        """The recipes of the pictures that were requested; none for a sweep.

        A prompt is stored once: the pictures of `num_images` differ in their seed only.
        """
        recipes: list[JsonObject] = list(self.request.get("params", []))
        if not recipes:
            return []
        first = recipes[0]
        further = range(len(recipes), self.request.get("num_images", 1))
        seeds = [(first["seed"] + offset) % 2**63 for offset in further]
        return [*recipes, *(first | {"seed": seed} for seed in seeds)]


@dataclass(frozen=True)
class ListedJob:
    """What a list shows of a job: little, however large its request and its result.

    recipe: that of the first picture, num_images: how many there are to be; both None for a sweep.
    sweep_name, sweep_model: of a sweep. images: the first of the `image_count` finished pictures.
    """

    id: str
    status: str
    attempts: int
    created: str
    error: str | None
    started: float | None
    ended: float | None
    recipe: JsonObject | None
    num_images: int | None
    sweep_name: str | None
    sweep_model: str | None
    images: list[str]
    image_count: int
    counts: dict[str, int] | None
    warning: str | None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        """The job in a row of the list's statement."""
        texts = dict(row)
        for column in ("recipe", "images", "counts"):
            texts[column] = json.loads(row[column] or "null")
        return cls(**texts)

    @property
    def seconds(self) -> float | None:
        """How long the work on it took, or has taken so far."""
        return _seconds(self.started, self.ended)


@dataclass(frozen=True)
class Submission:
    """A job that was submitted; `is_new` is False if the same request had made it before."""

    job: Job
    is_new: bool


def _seconds(started: float | None, ended: float | None) -> float | None:
    if started is None:
        return None
    return max(0.0, (ended or time.time()) - started)
