"""Jobs that outlive the process that took them in: queued, claimed under a lease, finished. Rows of the store."""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ...errors import DwlabError, InvalidInput
from ...store.database import explained
from ...store.store import now

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from ...store.database import StoreFile

LEASE = 15.0  # seconds that a claim holds without a sign of life
ATTEMPTS = 3  # times that a job is begun before it counts as the cause of what ended its workers
QUEUE = 100  # jobs that may wait
KEPT = 64_000_000  # bytes of jobs that ended; a sweep's request alone may have a million
LOOK_EVERY = 50  # new jobs between two looks at how many bytes there are
ENDED = ("completed", "failed", "cancelled")
LISTED_IMAGES = 16  # of a job in a list
_FIRST_IMAGES = ", ".join(f"'$.images[{k}]'" for k in range(LISTED_IMAGES))
_SUMMARY = (
    "id, status, attempts, created, error, started, ended, json_extract(request, '$.params[0]'), "
    "COALESCE(json_extract(request, '$.num_images'), json_array_length(request, '$.params')), json_extract(request, '$.sweep.name'), json_extract(request, '$.sweep.model'), "
    f"json_extract(result, {_FIRST_IMAGES}), json_array_length(result, '$.images'), json_extract(result, '$.counts'), "
    "json_extract(result, '$.warning')"
)
_COLUMNS = (
    "id, request, status, owner, lease, attempts, created, alike, result, error, started, ended"
)


class QueueFull(DwlabError):
    """No more jobs are taken in until some are done."""


@dataclass(frozen=True)
class Job:
    """One row. request, result: plain maps. lease, started, ended: seconds since 1970. created: ISO 8601, UTC.

    status: queued, running, completed, failed or cancelled. alike: jobs with the same text may be done together.
    """

    id: str
    request: dict[str, Any]
    status: str
    owner: str | None
    lease: float | None
    attempts: int
    created: str
    alike: str | None
    result: dict[str, Any]
    error: str | None
    started: float | None
    ended: float | None

    @property
    def over(self) -> bool:
        """Whether it will not change any more."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long the work on it took, or has taken so far."""
        return _seconds(self.started, self.ended)


def this_process() -> str:
    """A name for this process that no other has, also none that gets its number later."""
    return f"{platform.node()}/{os.getpid()}/{_began(os.getpid())}"


def is_dead(owner: str | None) -> bool:
    """Whether the process of that name has ended; False also where this machine cannot know."""
    node, pid, began = (owner or "//").rsplit("/", 2)
    if node != platform.node() or not pid.isdecimal():
        return False
    try:
        return _began(int(pid)) != began
    except psutil.NoSuchProcess:
        return True


def _began(pid: int) -> str:
    """When a process began: on Linux in ticks of this boot, which setting the clock does not change."""
    try:
        ticks = (
            Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
        )  # after its name
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}:{ticks}"
    except (OSError, IndexError):  # another system, or no such process
        return f"{psutil.Process(pid).create_time():.2f}"


@dataclass(frozen=True)
class JobSummary:
    """What a list tells of a job: little, however large its request and its result.

    recipe: the first picture asked for; asked: how many; both of a job that is no sweep. images: the first LISTED_IMAGES of
    `image_count`. name, model: of a sweep.
    """

    id: str
    status: str
    attempts: int
    created: str
    error: str | None
    started: float | None
    ended: float | None
    recipe: dict[str, Any] | None
    asked: int | None
    name: str | None
    model: str | None
    images: list[str]
    image_count: int
    counts: dict[str, int] | None
    warning: str | None

    @property
    def seconds(self) -> float | None:
        """How long the work on it took, or has taken so far."""
        return _seconds(self.started, self.ended)


class Jobs:
    """The jobs of a results folder, in the thread that opened `file`; safe with any number of other processes.

    Each change is one transaction. Raises StoreError as the store does.
    """

    def __init__(
        self,
        file: StoreFile,
        *,
        lease: float = LEASE,
        attempts: int = ATTEMPTS,
        queue: int = QUEUE,
        kept: int = KEPT,
    ):
        self._file, self.lease, self.attempts, self.queue, self.kept = (
            file,
            lease,
            attempts,
            queue,
            kept,
        )

    def submit(
        self,
        request: Mapping[str, Any],
        *,
        alike: str | None = None,
        idempotency: str | None = None,
        fingerprint: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> tuple[Job, bool]:
        """Queue a job, or enter it as completed where its `result` is known; returns it, and whether it is new.

        idempotency: a key of the client's; the job that came with it before is returned in place of a new one. Raises
        InvalidInput where that had another `fingerprint`, QueueFull beyond `queue` waiting jobs. Now and then the oldest
        jobs that ended are forgotten, where they have more than `kept` bytes.
        """
        with self._file.transaction() as sql:
            if idempotency is not None:
                query = f"SELECT {_COLUMNS}, fingerprint FROM jobs WHERE idempotency = ?"
                if row := sql.execute(query, (idempotency,)).fetchone():
                    if row[-1] != fingerprint:
                        raise InvalidInput(
                            "Idempotency-Key",
                            idempotency,
                            "a new key for a request that is not the same",
                        )
                    return _job(row[:-1]), False
            (waiting,) = sql.execute("SELECT count(*) FROM jobs WHERE status = 'queued'").fetchone()
            if result is None and waiting >= self.queue:
                raise QueueFull(
                    f"{waiting} jobs wait already, which is as many as are taken in; try again later"
                )
            (number,) = sql.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM jobs").fetchone()
            job, at = str(uuid.uuid4()), time.time()
            sql.execute(
                "INSERT INTO jobs (id, request, status, created, number, alike, result, started, ended, idempotency, fingerprint)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job, json.dumps(dict(request)), "queued" if result is None else "completed", now(), number, alike,
                    json.dumps(dict(result or {})), None if result is None else at, None if result is None else at,
                    idempotency, fingerprint,
                ),
            )  # fmt: skip
            # here and not in the worker, which a long sweep keeps busy while requests fill the disk
            if number % LOOK_EVERY == 0:
                self._shrink(sql)
            return _one(sql, job), True

    def _shrink(self, sql: sqlite3.Connection) -> None:
        """Forget the oldest of the jobs that ended, where these have more than `kept` bytes in all."""
        sizes = "SELECT id, length(request) + length(result) FROM jobs WHERE ended IS NOT NULL ORDER BY number DESC"
        total, oldest = 0, []
        for job, size in sql.execute(sizes):
            total += size
            if total > self.kept:
                oldest.append((job,))
        sql.executemany("DELETE FROM jobs WHERE id = ?", oldest)

    def claim(self, owner: str, limit: int = 1) -> list[Job]:
        """Take the oldest job that waits, and up to `limit` in all that are alike; those of the dead go back first.

        A job that a worker died over is taken alone: its company shall not share its fate.
        """
        with self._file.transaction() as sql:
            self._take_back(sql)
            first = sql.execute(
                "SELECT id, alike, attempts FROM jobs WHERE status = 'queued' ORDER BY number LIMIT 1"
            ).fetchone()
            if first is None:
                return []
            ids = [first[0]]
            if first[1] is not None and first[2] == 0 and limit > 1:
                more = "SELECT id FROM jobs WHERE status = 'queued' AND alike = ? AND attempts = 0 AND id != ? ORDER BY number LIMIT ?"
                ids += [
                    job for (job,) in sql.execute(more, (first[1], first[0], limit - 1)).fetchall()
                ]
            at = time.time()
            sql.executemany(
                "UPDATE jobs SET status = 'running', owner = ?, lease = ?, started = ?, attempts = attempts + 1 WHERE id = ?",
                [(owner, at + self.lease, at, job) for job in ids],
            )
            return [_one(sql, job) for job in ids]

    def _take_back(self, sql: sqlite3.Connection) -> None:
        """Queue the jobs whose lease is over or whose owner is dead; those begun too often have failed."""
        at = time.time()
        rows = sql.execute(
            "SELECT id, owner, lease, attempts FROM jobs WHERE status = 'running'"
        ).fetchall()
        gone = [
            (job, attempts)
            for job, owner, lease, attempts in rows
            if (lease or 0) <= at or is_dead(owner)
        ]
        for job, attempts in gone:
            if attempts < self.attempts:
                sql.execute(
                    "UPDATE jobs SET status = 'queued', owner = NULL, lease = NULL WHERE id = ?",
                    (job,),
                )
            else:
                sql.execute(
                    "UPDATE jobs SET status = 'failed', owner = NULL, lease = NULL, ended = ?, error = ? WHERE id = ?",
                    (
                        at,
                        f"its worker died or fell silent {attempts} times while doing it; it is not tried again",
                        job,
                    ),
                )

    def beat(self, owner: str, jobs: Sequence[str]) -> list[str]:
        """Extend the leases of an owner's jobs; returns those that are not its own any more: cancelled, or taken over."""
        with self._file.transaction() as sql:
            lost = []
            for job in jobs:
                changed = sql.execute(
                    "UPDATE jobs SET lease = ? WHERE id = ? AND owner = ? AND status = 'running'",
                    (time.time() + self.lease, job, owner),
                )
                if not changed.rowcount:
                    lost.append(job)
            return lost

    def finish(
        self, owner: str, job: str, status: str, result: Mapping[str, Any], error: str | None = None
    ) -> bool:
        """End an owner's job as completed or failed; False, and nothing changes, where it is not its own any more."""
        with self._file.transaction() as sql:
            changed = sql.execute(
                "UPDATE jobs SET status = ?, result = ?, error = ?, ended = ?, owner = NULL, lease = NULL "
                "WHERE id = ? AND owner = ? AND status = 'running'",
                (status, json.dumps(dict(result)), error, time.time(), job, owner),
            )
            return bool(changed.rowcount)

    def release(self, owner: str, jobs: Iterable[str]) -> None:
        """Give an owner's jobs back to the queue, as if they had not been begun."""
        with self._file.transaction() as sql:
            sql.executemany(
                "UPDATE jobs SET status = 'queued', owner = NULL, lease = NULL, started = NULL, attempts = attempts - 1 "
                "WHERE id = ? AND owner = ? AND status = 'running'",
                [(job, owner) for job in jobs],
            )

    def cancel(self, job: str) -> Job | None:
        """End a job that has not ended; its worker hears of it within a beat. Returns it as it is then; None for no such job."""
        with self._file.transaction() as sql:
            sql.execute(
                "UPDATE jobs SET status = 'cancelled', ended = ?, owner = NULL, lease = NULL "
                "WHERE id = ? AND status IN ('queued', 'running')",
                (time.time(), job),
            )
            return _one(sql, job, must=False)

    def get(self, job: str) -> Job | None:
        """One job; None where there is none of this id."""
        with explained(self._file.root):
            return _one(self._file.connection, job, must=False)

    def status(self, job: str) -> str | None:
        """A job's status; None if there is none of this id."""
        with explained(self._file.root):
            row = self._file.connection.execute(
                "SELECT status FROM jobs WHERE id = ?", (job,)
            ).fetchone()
        return row[0] if row else None

    def newest(self, limit: int, offset: int = 0, status: str | None = None) -> list[JobSummary]:
        """Jobs, the newest first, in summary."""
        where = "" if status is None else "WHERE status = ? "
        given = (limit, offset) if status is None else (status, limit, offset)
        query = f"SELECT {_SUMMARY} FROM jobs {where}ORDER BY number DESC LIMIT ? OFFSET ?"
        with explained(self._file.root):
            return [_summary(row) for row in self._file.connection.execute(query, given).fetchall()]

    def counts(self) -> dict[str, int]:
        """How many jobs have each status."""
        with explained(self._file.root):
            rows = self._file.connection.execute(
                "SELECT status, count(*) FROM jobs GROUP BY status"
            ).fetchall()
        return dict.fromkeys(("queued", "running", *ENDED), 0) | dict(rows)

    def forget(self, before: float) -> int:
        """Remove the jobs that ended before that time, seconds since 1970; their pictures stay. Returns how many."""
        with self._file.transaction() as sql:
            return sql.execute("DELETE FROM jobs WHERE ended < ?", (before,)).rowcount


def _one(sql: sqlite3.Connection, job: str, *, must: bool = True) -> Any:
    row = sql.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job,)).fetchone()
    return _job(row) if row or must else None


def _job(row: Sequence[Any]) -> Job:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Job(
        **values
        | {"request": json.loads(values["request"]), "result": json.loads(values["result"])}
    )


def _summary(row: Sequence[Any]) -> JobSummary:
    values = dict(zip((column.name for column in fields(JobSummary)), row, strict=True))
    for name in ("recipe", "images", "counts"):
        values[name] = json.loads(values[name] or "null")
    images = [image for image in values["images"] if image]
    return JobSummary(**values | {"images": images, "image_count": values["image_count"] or 0})


def _seconds(started: float | None, ended: float | None) -> float | None:
    return None if started is None else max(0.0, (ended or time.time()) - started)
