"""Workers are asked what they are, and one that hangs holds up nobody."""

from __future__ import annotations

import os
import time

import pytest

from dwlab.cluster.asking import answers_of_workers
from dwlab.cluster.connect import connected
from dwlab.spec.where import parse


def test_each_worker_answers(client):
    pids = answers_of_workers(client, lambda: str(os.getpid()), 120)
    assert len(set(pids)) == 2 and str(os.getpid()) not in pids


def test_what_a_worker_raises_is_its_answer(client):
    def fail() -> str:
        raise ValueError("no device")

    answers = answers_of_workers(client, fail, 120)
    assert [str(answer) for answer in answers] == ["no device"] * 2


@pytest.mark.slow
def test_a_worker_that_does_not_answer_is_left_out(tmp_path):
    end = tmp_path / "end"

    def answer_or_hang(dask_worker) -> str:
        while dask_worker.name == "cpu:0" and not end.exists():
            time.sleep(0.1)
        return "here"

    with connected(parse("cpu*2")) as client:
        answers = answers_of_workers(client, answer_or_hang, 30)
        end.touch()
    assert sorted(map(type, answers), key=str) == [TimeoutError, str]
