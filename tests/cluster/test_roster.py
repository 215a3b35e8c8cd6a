"""What listeners are told of workers: their computers, what they have to do, and how fast they are."""

from __future__ import annotations

import json

import pytest

from dwlab.cluster import roster
from dwlab.cluster.mailbox import Joined
from dwlab.cluster.roster import Roster, known_better

JOINED = Joined("tcp://127.0.0.1:4000", "gpu-box", "127.0.0.1", "cuda")


@pytest.fixture
def clock(monkeypatch):
    times = [100.0]
    monkeypatch.setattr(roster.time, "monotonic", lambda: times[0])
    return times


def test_a_worker_is_named_by_its_computer_and_its_hardware_not_by_a_tunnel():
    answer = json.dumps({"node": "gpu7", "machine": {"hardware": "NVIDIA H100"}})
    better = known_better(JOINED, answer)
    assert (better.machine, better.device, better.name) == ("gpu7", "NVIDIA H100", "gpu-box")
    assert known_better(JOINED, "{}") == JOINED


def test_a_rate_leaves_out_the_first_chunk_in_which_the_model_loads(clock):
    here = Roster()
    assert here.enter(JOINED).state == "idle"
    begun = here.has(JOINED.worker, 4)
    assert (begun.state, begun.doing, begun.rate) == ("working", "4 pictures", 0.0)
    clock[0] += 60
    here.count(JOINED.worker, 4)
    assert here.has(JOINED.worker, 20).rate == 0.0
    clock[0] += 10
    here.count(JOINED.worker, 20)
    ended = here.has(JOINED.worker, 0)
    assert (ended.state, ended.made, ended.rate) == ("idle", 24, 2.0)
    left = here.leave(JOINED.worker)
    assert (left.state, left.made) == ("left", 24) and "ended" in left.reason
