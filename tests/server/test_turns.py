"""Clients get equal shares of the work, however many requests each of them has."""

from __future__ import annotations

import itertools

import pytest

from dwlab._util.timestamp import now
from dwlab.server.jobs.job_queue import JobQueue
from dwlab.server.jobs.process_name import this_process
from dwlab.server.jobs.turns import Turns, WaitingJob
from dwlab.store.store import Store

OWNER = this_process()


class Waiting:
    """Jobs that wait, and what becomes of them."""

    def __init__(self):
        self.turns = Turns()
        self.jobs = []
        self.numbers = itertools.count()

    def ask(self, client, count, *, cost=1.0, alike=None):
        new = [
            WaitingJob(n, str(n), alike, 0, client, cost, now())
            for n in itertools.islice(self.numbers, count)
        ]
        self.jobs += new

    def serve(self, count, limit=1):
        """The clients whose jobs are taken next."""
        taken = []
        for _ in range(count):
            batch = self.turns.take(self.jobs, limit)
            self.jobs = [job for job in self.jobs if job not in batch]
            taken += [job.client for job in batch]
        return taken


@pytest.fixture
def waiting():
    return Waiting()


def test_a_client_with_one_request_does_not_wait_for_all_of_another_s(waiting):
    waiting.ask("many", 500)
    assert waiting.serve(10) == ["many"] * 10
    waiting.ask("one", 1)
    assert "one" in waiting.serve(2)


def test_shares_are_equal_in_work_and_not_in_requests(waiting):
    waiting.ask("large", 50, cost=10)
    waiting.ask("small", 200, cost=1)
    taken = waiting.serve(110)
    assert taken.count("small") / taken.count("large") == pytest.approx(10, rel=0.15)


def test_who_asked_for_nothing_has_no_claim_to_more_later(waiting):
    waiting.ask("early", 40)
    waiting.serve(20)
    waiting.ask("late", 40)
    taken = waiting.serve(20)
    assert abs(taken.count("late") - taken.count("early")) <= 2


def test_jobs_of_several_clients_share_a_batch_in_turn(waiting):
    waiting.ask("many", 10, alike="a")
    waiting.ask("one", 1, alike="a")
    assert waiting.serve(1, limit=4) == ["many", "one", "many", "many"]


def test_clients_that_were_served_are_not_remembered(waiting):
    for number in range(300):
        waiting.ask(f"client {number}", 1)
    waiting.serve(300)
    waiting.ask("another", 3)
    waiting.serve(3)
    assert len(waiting.turns._served_by_client) <= 2


def test_jobs_join_a_batch_only_while_it_is_their_turn(tmp_path):
    with Store(tmp_path) as store:
        queue = JobQueue(store.file)
        turns = Turns()

        def claimed(**limits):
            return [job.id for job in queue.claim(OWNER, turns=turns, **limits)]

        first, second = (queue.submit({}, client="many", alike="a").job.id for _ in range(2))
        assert claimed(limit=1) == [first]
        other = queue.submit({}, client="one", alike="b").job.id
        assert claimed(limit=4, joins="a") == [], "the other client's is next"
        assert claimed(limit=4) == [other]
        assert claimed(limit=4, joins="a") == [second]
