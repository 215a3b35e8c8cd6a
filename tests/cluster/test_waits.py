from __future__ import annotations

import pytest

from dwlab.cluster.gone import AllRefused, NobodyComputes
from dwlab.cluster.waits import Loneliness, Waits

WAITS = Waits(notice=10.0, lonely=600.0)


@pytest.fixture
def loneliness():
    return Loneliness(WAITS, 0.0)


def test_nobody_is_waited_for_for_long_but_not_for_ever(loneliness):
    loneliness.watch(599.0, [])
    with pytest.raises(NobodyComputes, match="no worker took a picture for 10 min"):
        loneliness.watch(601.0, [])


def test_if_all_were_refused_there_is_nothing_to_wait_for(loneliness):
    loneliness.watch(9.0, ["cpu:0 is refused: it is old"])
    with pytest.raises(AllRefused, match="cpu:0 is refused: it is old; finished pictures"):
        loneliness.watch(11.0, ["cpu:0 is refused: it is old"])


def test_a_worker_that_was_accepted_and_left_is_waited_for(loneliness):
    loneliness.accept()
    loneliness.end(5.0)
    loneliness.watch(600.0, ["cpu:0 is refused: it is old"])
