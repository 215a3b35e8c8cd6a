"""Jobs outlive their workers, and no two workers get one (R5, R6)."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from dwlab.errors import InvalidInput
from dwlab.server.jobs.job import Submission
from dwlab.server.jobs.job_queue import JobQueue, QueueFull
from dwlab.server.jobs.process_name import is_dead, this_process
from dwlab.server.picture_cleanup import remove_old_pictures
from dwlab.store.migrations import MIGRATIONS
from dwlab.store.store import CellRow, Store

ALIVE = this_process()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as store:
        yield store


def claims(root, owner, count, found):
    with Store(root) as store:
        jobs, mine = JobQueue(store.file, lease=600), []
        while len(mine) < count and (batch := jobs.claim(owner, 3)):
            mine += [job.id for job in batch]
        found.put(mine)


def test_two_processes_never_claim_the_same_job(tmp_path):
    with Store(tmp_path) as store:
        jobs = JobQueue(store.file, queue_limit=1000)
        asked = [jobs.submit({"n": n}, alike="same" if n % 3 else None).job.id for n in range(1000)]
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    node = ALIVE.rsplit("/", 2)[0]
    workers = [
        context.Process(target=claims, args=(tmp_path, f"{node}x/{n}/1", 500, found))
        for n in (1, 2)
    ]
    for worker in workers:
        worker.start()
    claimed = [found.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    assert all(len(mine) >= 400 for mine in claimed), "both must have had a chance"
    together = [job for mine in claimed for job in mine]
    assert len(together) == len(set(together)) and set(together) <= set(asked)


def test_the_oldest_comes_first_and_its_like_come_along(store):
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
    assert [one.id for one in jobs.claim(child)] == [job]
    assert [(one.id, one.attempts) for one in jobs.claim("elsewhere/1/1.0")] == [(job, 2)]
    assert jobs.claim(ALIVE) == [], "that machine may be alive"
    hurried = JobQueue(store.file, lease=0.0)
    assert hurried.extend_leases("elsewhere/1/1.0", [job]) == []
    assert [one.attempts for one in hurried.claim(ALIVE)] == [3]


def test_a_job_that_kills_its_workers_fails_after_so_many_attempts(store):
    jobs = JobQueue(store.file, lease=0.0, attempts=3)
    job = jobs.submit({}, alike="a").job.id
    for n in range(1, 4):
        assert [one.attempts for one in jobs.claim(ALIVE)] == [n]
        company = jobs.submit({}, alike="a").job.id
        if n == 1:
            continue
        jobs.cancel(company)
    assert jobs.claim(ALIVE, 8)[0].id != job
    assert jobs.get(job).status == "failed" and "3 times" in jobs.get(job).error


def test_a_job_that_was_begun_before_is_taken_alone(store):
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


def test_a_released_job_is_as_if_it_had_not_begun(store):
    jobs = JobQueue(store.file)
    job = jobs.submit({}).job.id
    jobs.claim(ALIVE)
    jobs.release(ALIVE, [job])
    again = jobs.get(job)
    assert (again.status, again.attempts, again.owner, again.seconds) == ("queued", 0, None, None)


def test_the_queue_is_bounded_but_answers_that_are_known_pass(store):
    jobs = JobQueue(store.file, queue_limit=2)
    jobs.submit({}), jobs.submit({})
    with pytest.raises(QueueFull):
        jobs.submit({})
    assert jobs.submit({}, result={"images": []}).job.status == "completed"
    jobs.claim(ALIVE)
    jobs.submit({})
    assert jobs.counts() == {"queued": 2, "running": 1, "completed": 1, "failed": 0, "cancelled": 0}


def test_a_key_gives_the_same_job_and_refuses_another_request(store):
    jobs = JobQueue(store.file, queue_limit=1)
    first = jobs.submit({}, idempotency_key="k", fingerprint="f")
    again = jobs.submit({}, idempotency_key="k", fingerprint="f")
    assert first.is_new and again == Submission(first.job, is_new=False)
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        jobs.submit({}, idempotency_key="k", fingerprint="other")


def test_an_older_store_gets_the_new_columns(tmp_path):
    with closing(sqlite3.connect(tmp_path / "dwlab.sqlite")) as sql:
        for statement in filter(str.strip, MIGRATIONS[0].split(";")):
            sql.execute(statement)
        sql.execute("PRAGMA user_version = 1")
    with Store(tmp_path) as store:
        assert JobQueue(store.file).submit({}).job.status == "queued"


def picture(store, name, experiment="api", days=0.0, size=100):
    image = f"images/aa/{name}.png"
    (store.root / image).parent.mkdir(parents=True, exist_ok=True)
    (store.root / image).write_bytes(b"x" * size)
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime(time.time() - days * 86_400))
    store.add(CellRow(name, "{}", "w", "float32", "cpu", "ok", image=image, bytes=size, created=at))
    store.flush()
    store.append(experiment, [name])


def left(store):
    rows = {row["key"] for row in store.rows()}
    assert {path.stem for path in (store.root / "images").rglob("*.png")} == rows
    return rows


def test_clean_up_goes_by_age_and_spares_what_is_marked_or_another_s(store):
    for name in ("old", "starred", "noted", "unstarred", "swept"):
        picture(store, name, days=9)
    picture(store, "new")
    picture(store, "foreign", experiment="a-sweep", days=9)
    store.append("a-sweep", ["swept"])
    for key, mark, value in (
        ("starred", "stars", 3),
        ("noted", "note", "good"),
        ("unstarred", "stars", 0),
    ):
        store.set_mark(key, mark, value)
    gone = remove_old_pictures(store.file, "api", days=7)
    assert (gone.pictures, gone.bytes) == (2, 200)
    assert left(store) == {"starred", "noted", "swept", "new", "foreign"}


def test_clean_up_by_size_removes_the_least_recently_asked_for(store):
    for name in "abcd":
        picture(store, name)
    store.append("api", ["a"])  # asked for again
    assert remove_old_pictures(store.file, "api", size=250).pictures == 2
    assert left(store) == {"a", "d"}
    assert remove_old_pictures(store.file, "api").pictures == 0


def test_the_oldest_of_the_jobs_that_ended_are_forgotten_beyond_so_many_bytes(store, monkeypatch):
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


def test_jobs_with_large_answers_are_bounded_too(store, monkeypatch):
    monkeypatch.setattr("dwlab.server.jobs.job_queue.SHRINK_EVERY", 5)
    jobs = JobQueue(store.file, keep_bytes=500_000)
    for _ in range(15):
        jobs.submit({"params": [{}]}, result={"images": ["x" * 100_000]})
    assert 1 <= jobs.counts()["completed"] <= 4 + 5


def test_this_process_has_one_name_whatever_the_clock_says():
    assert this_process() == ALIVE and str(os.getpid()) in ALIVE
    node, pid, began = ALIVE.rsplit("/", 2)
    assert is_dead(f"{node}/{pid}/{began}1"), "another process had this number"
    boot = Path("/proc/sys/kernel/random/boot_id")
    assert not boot.exists() or began.startswith(boot.read_text().strip())
