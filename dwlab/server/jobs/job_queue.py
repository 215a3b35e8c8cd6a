"""The queue of jobs: rows of the store, claimed under a lease, so that they outlive the process."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Self

from ..._util.timestamp import now
from ...errors import DwlabError, InvalidInput
from . import statements
from .job import ENDED, Job, ListedJob, Submission
from .process_name import is_dead
from .turns import Turns, WaitingJob

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ...store.database import StoreFile
    from ..settings import ServerSettings
    from .job import JsonObject

LEASE_SECONDS = 15.0  # a claim holds so long without a sign of life
ATTEMPTS = 3  # a job that was begun so often counts as the cause of what ended its workers
QUEUE_LIMIT = 100  # jobs that may wait
KEEP_BYTES = 64_000_000  # of jobs that ended; a sweep's request alone may have a million
SHRINK_EVERY = 50  # new jobs between two looks at how many bytes there are


class QueueFull(DwlabError):
    """No more jobs are accepted until some are done."""


class JobQueue:
    """The jobs of a results folder; use it in the thread that opened `file`.

    Safe with any number of other processes: each change is one transaction. Raises StoreError
    as the store does.
    """

    def __init__(
        self,
        file: StoreFile,
        *,
        lease: float = LEASE_SECONDS,
        attempts: int = ATTEMPTS,
        queue_limit: int = QUEUE_LIMIT,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self._file = file
        self._lease = lease
        self._attempts = attempts
        self._queue_limit = queue_limit
        self._keep_bytes = keep_bytes

    @classmethod
    def with_settings(cls, file: StoreFile, settings: ServerSettings) -> Self:
        """The queue with the limits of a server."""
        return cls(
            file,
            lease=settings.lease,
            attempts=settings.attempts,
            queue_limit=settings.queue_limit,
            keep_bytes=int(settings.keep_jobs_mb * 1e6),
        )

    # -- taking jobs in ------------------------------------------------------------------------

    def submit(
        self,
        request: Mapping[str, object],
        *,
        alike: str | None = None,
        client: str = "",
        cost: float = 1.0,
        idempotency_key: str | None = None,
        fingerprint: str | None = None,
        result: Mapping[str, object] | None = None,
    ) -> Submission:
        """Queue a job, or enter it as completed if its `result` is known already.

        alike, client, cost: see WaitingJob.
        idempotency_key: chosen by the client; the job that came with it before is returned instead
        of a new one. Raises InvalidInput if that job had another `fingerprint`, and QueueFull
        beyond the limit of waiting jobs. Now and then the oldest jobs that ended are forgotten, if
        they take too many bytes.
        """
        with self._file.transaction() as sql:
            if idempotency_key is not None:
                earlier = _earlier_job(sql, idempotency_key, fingerprint)
                if earlier is not None:
                    return Submission(earlier, is_new=False)
            if result is None:
                self._check_queue(sql)
            number = sql.execute(statements.NEXT_NUMBER).fetchone()["number"]
            row = _new_row(request, result) | {
                "number": number,
                "alike": alike,
                "client": client,
                "cost": cost,
                "idempotency": idempotency_key,
                "fingerprint": fingerprint,
            }
            sql.execute(statements.INSERT, row)
            # here and not in the worker, which a long sweep keeps busy while requests fill the disk
            if number % SHRINK_EVERY == 0:
                self._forget_oldest(sql)
            return Submission(_stored_job(sql, row["id"]), is_new=True)

    def _check_queue(self, sql: sqlite3.Connection) -> None:
        waiting = sql.execute(statements.COUNT_QUEUED).fetchone()["count"]
        if waiting >= self._queue_limit:
            raise QueueFull(f"the queue is full ({waiting} jobs are waiting); try again later")

    def _forget_oldest(self, sql: sqlite3.Connection) -> None:
        """Forget the oldest jobs that ended, if those take too many bytes in all."""
        total = 0
        oldest = []
        for row in sql.execute(statements.SIZES_OF_ENDED):
            total += row["size"]
            if total > self._keep_bytes:
                oldest.append({"id": row["id"]})
        sql.executemany(statements.DELETE, oldest)

    # -- a worker's side -----------------------------------------------------------------------

    def claim(
        self,
        owner: str,
        limit: int = 1,
        *,
        turns: Turns | None = None,
        is_for: Callable[[WaitingJob], bool] = lambda _: True,
        joins: str | None = None,
    ) -> list[Job]:
        """Take the job of which it is the turn, and up to `limit` in all that are alike.

        Jobs of dead workers are queued again first. A job that a worker died over is taken alone,
        so that no other job shares its fate.
        turns: between clients; without them, the oldest job is next. is_for: the jobs that may be
        taken. joins: takes jobs only while it is the turn of those that are `alike` in this way.
        """
        turns = turns or Turns()
        with self._file.transaction() as sql:
            self._take_back(sql)
            waiting = [WaitingJob.from_row(row) for row in sql.execute(statements.WAITING)]
            waiting = [job for job in waiting if is_for(job)]
            if not waiting:
                return []
            first = turns.next(waiting)
            if joins is not None and not (first.may_share and first.alike == joins):
                return []
            job_ids = [job.id for job in turns.take(waiting, limit)]
            at = time.time()
            claim = {"owner": owner, "lease": at + self._lease, "started": at}
            sql.executemany(statements.CLAIM, [{"id": job_id, **claim} for job_id in job_ids])
            return [_stored_job(sql, job_id) for job_id in job_ids]

    def _take_back(self, sql: sqlite3.Connection) -> None:
        """Queue jobs of dead or silent owners again; fail those that were begun too often."""
        at = time.time()
        for job in sql.execute(statements.RUNNING).fetchall():
            is_held = (job["lease"] or 0) > at and not is_dead(job["owner"])
            if is_held:
                continue
            self._queue_again(sql, job)

    def _queue_again(self, sql: sqlite3.Connection, job: sqlite3.Row) -> None:
        """Queue a job again, or fail it if it was begun too often."""
        if job["attempts"] < self._attempts:
            sql.execute(statements.QUEUE_AGAIN, {"id": job["id"]})
            return
        error = (
            f"its worker died or stopped responding {job['attempts']} times while working on "
            "it; it is not tried again"
        )
        sql.execute(statements.FAIL, {"id": job["id"], "ended": time.time(), "error": error})

    def extend_leases(self, owner: str, job_ids: Sequence[str]) -> list[str]:
        """Extend the leases of an owner's jobs.

        Returns the jobs that are no longer the owner's: they were cancelled or taken over.
        """
        lost = []
        with self._file.transaction() as sql:
            for job_id in job_ids:
                values = {"id": job_id, "owner": owner, "lease": time.time() + self._lease}
                if not sql.execute(statements.EXTEND_LEASE, values).rowcount:
                    lost.append(job_id)
        return lost

    def finish(
        self,
        owner: str,
        job_id: str,
        status: str,
        result: Mapping[str, object],
        error: str | None = None,
    ) -> bool:
        """End an owner's job as completed or failed.

        Returns False, and changes nothing, if the job is no longer the owner's.
        """
        values = {
            "id": job_id,
            "owner": owner,
            "status": status,
            "result": json.dumps(dict(result)),
            "error": error,
            "ended": time.time(),
        }
        with self._file.transaction() as sql:
            return bool(sql.execute(statements.FINISH, values).rowcount)

    def try_again(self, owner: str, job_ids: Collection[str]) -> None:
        """Queue an owner's jobs again whose worker died; fail those that were begun too often."""
        with self._file.transaction() as sql:
            for job in sql.execute(statements.RUNNING).fetchall():
                if job["owner"] == owner and job["id"] in job_ids:
                    self._queue_again(sql, job)

    def release(self, owner: str, job_ids: Iterable[str]) -> None:
        """Give an owner's jobs back to the queue, as if they had not been begun."""
        rows = [{"id": job_id, "owner": owner} for job_id in job_ids]
        with self._file.transaction() as sql:
            sql.executemany(statements.RELEASE, rows)

    # -- a client's side -----------------------------------------------------------------------

    def cancel(self, job_id: str) -> Job | None:
        """Cancel a job that has not ended; its worker learns of it when it next extends the lease.

        Returns the job as it is then; None if there is no such job.
        """
        with self._file.transaction() as sql:
            sql.execute(statements.CANCEL, {"id": job_id, "ended": time.time()})
            return _find_job(sql, job_id)

    def get(self, job_id: str) -> Job | None:
        """One job; None if there is no such job."""
        rows = self._file.query(statements.BY_ID, id=job_id)
        return Job.from_row(rows[0]) if rows else None

    def status(self, job_id: str) -> str | None:
        """A job's status; None if there is no such job."""
        rows = self._file.query(statements.STATUS, id=job_id)
        return rows[0]["status"] if rows else None

    def newest(self, limit: int, offset: int = 0, status: str | None = None) -> list[ListedJob]:
        """Jobs, newest first, in summary; only those of one `status`, if it is given."""
        statement = statements.NEWEST if status is None else statements.NEWEST_OF_STATUS
        rows = self._file.query(statement, limit=limit, offset=offset, status=status)
        return [ListedJob.from_row(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many jobs have each status."""
        counts = dict.fromkeys(("queued", "running", *ENDED), 0)
        for row in self._file.query(statements.COUNT_BY_STATUS):
            counts[row["status"]] = row["count"]
        return counts

    def forget_ended_before(self, before: float) -> int:
        """Remove the jobs that ended before a time, in seconds since 1970; their pictures stay.

        Returns how many were removed.
        """
        with self._file.transaction() as sql:
            return sql.execute(statements.DELETE_ENDED_BEFORE, {"before": before}).rowcount


def _new_row(request: Mapping[str, object], result: Mapping[str, object] | None) -> JsonObject:
    """The values of a job that is queued, or completed at once if its result is known."""
    completed_at = None if result is None else time.time()
    return {
        "id": str(uuid.uuid4()),
        "request": json.dumps(dict(request)),
        "status": "queued" if result is None else "completed",
        "created": now(),
        "result": json.dumps(dict(result or {})),
        "started": completed_at,
        "ended": completed_at,
    }


def _find_job(sql: sqlite3.Connection, job_id: str) -> Job | None:
    row = sql.execute(statements.BY_ID, {"id": job_id}).fetchone()
    return Job.from_row(row) if row else None


def _stored_job(sql: sqlite3.Connection, job_id: str) -> Job:
    """A job that this transaction has just written."""
    return Job.from_row(sql.execute(statements.BY_ID, {"id": job_id}).fetchone())


def _earlier_job(sql: sqlite3.Connection, key: str, fingerprint: str | None) -> Job | None:
    """The job that came with an idempotency key; raises InvalidInput if its request was another."""
    row = sql.execute(statements.BY_IDEMPOTENCY_KEY, {"idempotency": key}).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise InvalidInput("Idempotency-Key", key, "a new key for a different request")
    return Job.from_row(row)
