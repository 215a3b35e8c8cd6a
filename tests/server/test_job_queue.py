"""Jobs outlive their workers, and no two workers get the same one."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from dwlab.errors import InvalidInput
from dwlab.server.jobs.job import Submission
from dwlab.server.jobs.job_queue import JobQueue, QueueFull
from dwlab.server.jobs.process_name import is_dead, this_process
from dwlab.store.store import Store
from dwlab.store.tables import MIGRATIONS

ALIVE = this_process()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as store:
        yield store


def claims(root, owner, count, answers):
    with Store(root) as store:
        jobs = JobQueue(store.file, lease=600)
        claimed = []
        while len(claimed) < count and (batch := jobs.claim(owner, 3)):
            claimed += [job.id for job in batch]
        answers.put(claimed)


def test_two_processes_never_claim_the_same_job(tmp_path):
    with Store(tmp_path) as store:
        jobs = JobQueue(store.file, queue_limit=1000)
        submitted = [
            jobs.submit({"n": n}, alike="same" if n % 3 else None).job.id for n in range(1000)
        ]
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    node = ALIVE.rsplit("/", 2)[0]
    workers = [
        context.Process(target=claims, args=(tmp_path, f"{node}x/{n}/1", 500, answers))
        for n in (1, 2)
    ]
    for worker in workers:
        worker.start()
    claimed = [answers.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    assert all(len(job_ids) >= 400 for job_ids in claimed), "both must have had a chance"
    together = [job for job_ids in claimed for job in job_ids]
    assert len(together) == len(set(together)) and set(together) <= set(submitted)


def test_the_oldest_job_is_claimed_first_together_with_jobs_alike(store):
    jobs = JobQueue(store.file)
    first, other, like = (jobs.submit({}, alike=alike).job.id for alike in ("a", "b", "a"))
    assert [job.id for job in jobs.claim(ALIVE, 4)] == [first, like]
    assert [job.id for job in jobs.claim(ALIVE, 4)] == [other]
    assert jobs.claim(ALIVE, 4) == []


def test_a_dead_owner_s_jobs_are_taken_over_at_once_and_a_silent_one_s_after_the_lease(store):
    child = subprocess.run(
        [sys.executable, "-c", "from dwlab.server.jobs.process_name import this_process as t; print(t())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert (
        is_dead(child)
        and not is_dead(ALIVE)
        and not is_dead("elsewhere/1/1.0")
        and not is_dead(None)
    )
    jobs = JobQueue(store.file, lease=30)
    job = jobs.submit({}).job.id
    assert [claimed.id for claimed in jobs.claim(child)] == [job]
    assert [(claimed.id, claimed.attempts) for claimed in jobs.claim("elsewhere/1/1.0")] == [
        (job, 2)
    ]
    assert jobs.claim(ALIVE) == [], "that machine may be alive"
    hurried = JobQueue(store.file, lease=0.0)
    assert hurried.extend_leases("elsewhere/1/1.0", [job]) == []
    assert [claimed.attempts for claimed in hurried.claim(ALIVE)] == [3]


def test_a_job_that_kills_its_workers_fails_once_its_attempts_are_used_up(store):
    jobs = JobQueue(store.file, lease=0.0, attempts=3)
    job = jobs.submit({}, alike="a").job.id
    for n in range(1, 4):
        assert [claimed.attempts for claimed in jobs.claim(ALIVE)] == [n]
        company = jobs.submit({}, alike="a").job.id
        if n == 1:
            continue
        jobs.cancel(company)
    assert jobs.claim(ALIVE, 8)[0].id != job
    assert jobs.get(job).status == "failed" and "3 times" in jobs.get(job).error


def test_a_job_that_was_begun_before_is_claimed_alone(store):
    jobs = JobQueue(store.file, lease=0.0)
    first = jobs.submit({}, alike="a").job.id
    jobs.claim(ALIVE)
    second = jobs.submit({}, alike="a").job.id
    assert [job.id for job in jobs.claim(ALIVE, 8)] == [first]
    jobs.finish(ALIVE, first, "completed", {})
    assert [job.id for job in jobs.claim(ALIVE, 8)] == [second]


def test_only_the_owner_ends_a_job_and_a_cancelled_one_stays_cancelled(store):
    jobs = JobQueue(store.file)
    job = jobs.submit({}).job.id
    jobs.claim(ALIVE)
    assert not jobs.finish("another", job, "completed", {})
    assert jobs.extend_leases(ALIVE, [job]) == []
    assert jobs.cancel(job).status == "cancelled"
    assert jobs.extend_leases(ALIVE, [job]) == [job]
    assert not jobs.finish(ALIVE, job, "completed", {})
    assert (
        jobs.cancel(job).status == "cancelled"
        and jobs.cancel("none") is None
        and jobs.get("none") is None
    )


def test_a_released_job_is_queued_as_if_it_had_not_begun(store):
    jobs = JobQueue(store.file)
    job = jobs.submit({}).job.id
    jobs.claim(ALIVE)
    jobs.release(ALIVE, [job])
    again = jobs.get(job)
    assert (again.status, again.attempts, again.owner, again.seconds) == ("queued", 0, None, None)


def test_a_full_queue_refuses_jobs_except_those_with_a_known_result(store):
    jobs = JobQueue(store.file, queue_limit=2)
    jobs.submit({}), jobs.submit({})
    with pytest.raises(QueueFull):
        jobs.submit({})
    assert jobs.submit({}, result={"images": []}).job.status == "completed"
    jobs.claim(ALIVE)
    jobs.submit({})
    assert jobs.counts() == {"queued": 2, "running": 1, "completed": 1, "failed": 0, "cancelled": 0}


def test_an_idempotency_key_returns_the_same_job_and_refuses_a_different_request(store):
    jobs = JobQueue(store.file, queue_limit=1)
    first = jobs.submit({}, idempotency_key="k", fingerprint="f")
    again = jobs.submit({}, idempotency_key="k", fingerprint="f")
    assert first.is_new and again == Submission(first.job, is_new=False)
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        jobs.submit({}, idempotency_key="k", fingerprint="other")


def test_jobs_can_be_queued_in_a_store_of_an_older_version(tmp_path):
    with closing(sqlite3.connect(tmp_path / "dwlab.sqlite")) as sql:
        for statement in filter(str.strip, MIGRATIONS[0].split(";")):
            sql.execute(statement)
        sql.execute("PRAGMA user_version = 1")
    with Store(tmp_path) as store:
        assert JobQueue(store.file).submit({}).job.status == "queued"


def test_the_oldest_ended_jobs_are_forgotten_beyond_a_size(store, monkeypatch):
    monkeypatch.setattr("dwlab.server.jobs.job_queue.SHRINK_EVERY", 5)
    jobs = JobQueue(store.file, queue_limit=1000, keep_bytes=100_000)
    waits = jobs.submit({"sweep": {"name": "waits", "text": "x" * 200_000}}).job
    ended = []
    for k in range(30):
        job = jobs.submit({"sweep": {"name": f"s{k}", "text": "x" * 10_000}}).job
        jobs.cancel(job.id)
        ended.append(job.id)
    left = [job for job in ended if jobs.get(job)]
    assert left == ended[-len(left) :] and 9 <= len(left) <= 9 + 5
    assert jobs.get(waits.id).status == "queued"


def test_large_results_count_towards_the_size_of_ended_jobs(store, monkeypatch):
    monkeypatch.setattr("dwlab.server.jobs.job_queue.SHRINK_EVERY", 5)
    jobs = JobQueue(store.file, keep_bytes=500_000)
    for _ in range(15):
        jobs.submit({"params": [{}]}, result={"images": ["x" * 100_000]})
    assert 1 <= jobs.counts()["completed"] <= 4 + 5
