"""Votes count once, outlive kills and lost stores, and hold the pictures that they are about."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from faults.child import toy_model
from results_folders import fill

from dwlab.errors import InvalidInput
from dwlab.store import experiment_removal
from dwlab.store.garbage import find_garbage, remove_garbage
from dwlab.store.store import Store
from dwlab.store.vote import Choice
from dwlab.store.votes_log import LOG_FILE

# votes on and on, and says so after each
VOTER = """
import sys
from pathlib import Path
from dwlab.store.store import Store
from dwlab.store.vote import Choice
with Store(Path(sys.argv[1])) as store:
    for number in range(100_000):
        pair = store.votes.offer("sweep", "ada", "a" * 64, "b" * 64, waiting=0)
        assert store.votes.vote(pair, Choice.LEFT)
        print(pair.id, flush=True)
"""


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results") as store:
        yield store


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    model = str(toy_model(tmp_path_factory.mktemp("model") / "toy"))
    return fill(model, tmp_path_factory.mktemp("filled") / "results")


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def offer(store, rater="ada", left="a", right="b", waiting=0):
    return store.votes.offer("sweep", rater, left, right, waiting=waiting)


def choices(store, experiment="sweep"):
    votes = store.votes.of(experiment)
    return [(vote.pair.rater, vote.pair.left, vote.pair.right, vote.choice) for vote in votes]


def vote_on_the_first_two(root, choice=Choice.LEFT):
    """A vote on two cells of `first`; returns their keys."""
    with Store(root) as store:
        keys = [row["key"] for row in store.cells.rows("first")][:2]
        pair = store.votes.offer("first", "ada", *keys, waiting=0)
        store.votes.vote(pair, choice)
    return keys


def test_a_vote_is_there_when_the_store_is_opened_again(tmp_path):
    with Store(tmp_path) as store:
        store.votes.vote(offer(store), Choice.TIE)
    with Store(tmp_path, read=True) as store:
        assert choices(store) == [("ada", "a", "b", "tie")]


def test_the_same_vote_twice_counts_once_and_another_one_is_refused(store):
    pair = offer(store)
    assert store.votes.vote(pair, Choice.LEFT)
    assert store.votes.vote(pair, Choice.LEFT)
    assert not store.votes.vote(pair, Choice.RIGHT)
    assert choices(store) == [("ada", "a", "b", "left")]


def test_a_second_window_cannot_offer_a_pair_that_the_first_has_offered(store):
    assert offer(store)
    assert offer(store, left="c", waiting=0) is None
    assert offer(store, left="c", waiting=1).number == 2
    assert [pair.left for pair in store.votes.waiting("sweep", "ada")] == ["a", "c"]


def test_two_raters_have_pairs_and_numbers_of_their_own(store):
    ada, bob = offer(store), offer(store, "bob")
    assert (ada.number, bob.number) == (1, 1)
    store.votes.vote(ada, Choice.LEFT)
    store.votes.vote(bob, Choice.RIGHT)
    assert {rater for rater, *_ in choices(store)} == {"ada", "bob"}
    assert store.votes.latest("sweep", "bob").pair == bob


def test_a_vote_that_is_taken_back_waits_again_before_later_pairs(store):
    first = offer(store)
    second = offer(store, left="c", waiting=1)
    store.votes.vote(first, Choice.LEFT)
    assert store.votes.take_back(first)
    assert store.votes.waiting("sweep", "ada") == [first, second]
    assert choices(store) == []
    assert store.votes.vote(first, Choice.RIGHT)
    assert choices(store) == [("ada", "a", "b", "right")]


def test_only_the_latest_vote_of_a_rater_can_be_taken_back_and_only_once(store):
    first = offer(store)
    store.votes.vote(first, Choice.LEFT)
    second = offer(store, left="c")
    store.votes.vote(second, Choice.LEFT)
    assert not store.votes.take_back(first)
    assert store.votes.take_back(second)
    assert not store.votes.take_back(second)
    assert len(choices(store)) == 1


def test_pairs_that_can_no_longer_be_shown_are_dropped_and_votes_are_not(store):
    voted, waiting = offer(store), offer(store, left="c", waiting=1)
    store.votes.vote(voted, Choice.LEFT)
    store.votes.drop([voted, waiting])
    assert store.votes.pair(waiting.id) is None
    assert store.votes.pair(voted.id) == voted


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_a_kill_between_votes_loses_none_that_was_shown_as_saved(tmp_path):
    voter = subprocess.Popen(
        [sys.executable, "-c", VOTER, tmp_path], stdout=subprocess.PIPE, text=True
    )
    shown = [voter.stdout.readline().strip() for _ in range(20)]
    voter.send_signal(signal.SIGKILL)
    shown += voter.stdout.read().split()
    voter.wait()
    with Store(tmp_path) as store:
        stored = [vote.pair.id for vote in store.votes.of("sweep")]
    assert set(shown) <= set(stored)
    assert len(stored) == len(set(stored)) <= len(shown) + 1
    (tmp_path / "dwlab.sqlite").unlink()
    with Store(tmp_path) as store:
        assert set(stored) <= {vote.pair.id for vote in store.votes.of("sweep")}


def test_votes_are_read_back_after_the_store_was_lost(tmp_path):
    with Store(tmp_path) as store:
        kept, undone = offer(store), offer(store, left="c", waiting=1)
        store.votes.vote(kept, Choice.RIGHT)
        store.votes.vote(undone, Choice.LEFT)
        store.votes.take_back(undone)
        before = store.votes.of("sweep")
    (tmp_path / "dwlab.sqlite").unlink()
    with Store(tmp_path) as store:
        assert store.votes.of("sweep") == before
        assert store.notes == ["votes that were entered again from votes.jsonl: 1"]


def test_damaged_lines_of_the_log_are_left_out(tmp_path):
    with Store(tmp_path) as store:
        store.votes.vote(offer(store), Choice.LEFT)
    log = tmp_path / LOG_FILE
    whole = log.read_bytes()
    odd = [
        b"\xff\xfe",
        b"[]",
        b'{"id": 1}',
        b'{"removed": {}}',
        whole.replace(b'"left", "v', b'"up", "v'),
        whole.replace(b'"number": 1', b'"number": ' + b"9" * 30),
    ]
    surrogate = whole.replace(b'"ada"', rb'"\ud800"')
    # the last writer died within its line
    log.write_bytes(b"\n".join([*odd, surrogate, whole]) + b'{"id": "torn')
    (tmp_path / "dwlab.sqlite").unlink()
    with Store(tmp_path) as store:
        assert len(store.votes.of("sweep")) == 1
        store.votes.vote(offer(store, "bob"), Choice.TIE)
    (tmp_path / "dwlab.sqlite").unlink()
    with Store(tmp_path) as store:
        assert len(store.votes.of("sweep")) == 2


def test_votes_with_the_same_number_are_all_read_back(tmp_path):
    with Store(tmp_path) as store:
        store.votes.vote(offer(store), Choice.LEFT)
    log = tmp_path / LOG_FILE
    whole = log.read_bytes()
    other = json.dumps({**json.loads(whole), "id": "other", "left": "c"}).encode()
    log.write_bytes(whole + other)
    (tmp_path / "dwlab.sqlite").unlink()
    with Store(tmp_path) as store:
        votes = store.votes.of("sweep")
    assert [(vote.pair.number, vote.pair.left) for vote in votes] == [(1, "a"), (2, "c")]


def test_a_log_that_is_a_link_leaves_the_file_it_leads_to_alone(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    with Store(tmp_path / "results") as store:
        (tmp_path / "results" / LOG_FILE).symlink_to(outside)
        store.votes.vote(offer(store), Choice.LEFT)
    assert outside.read_text() == "mine"


def test_pictures_with_a_vote_stay_when_their_experiment_is_removed(root):
    voted = vote_on_the_first_two(root)
    parts = experiment_removal.parts(root, "first")
    assert parts.votes == 1 and not set(parts.keys) & set(voted)
    experiment_removal.remove(root, parts)
    assert not find_garbage(root)
    with Store(root) as store:
        assert set(voted) <= set(store.cells.finished(voted))
        assert len(store.votes.of("first")) == 1


def test_votes_go_with_their_experiment_if_asked_and_do_not_come_back(root):
    voted = vote_on_the_first_two(root)
    parts = experiment_removal.parts(root, "first", votes=True)
    experiment_removal.remove(root, parts)
    with Store(root) as store:
        assert store.votes.of("first") == []
        in_second = {row["key"] for row in store.cells.rows("second")}
        assert set(store.cells.finished(voted)) == set(voted) & in_second
    (root / "dwlab.sqlite").unlink()
    with Store(root) as store:
        assert store.votes.of("first") == []


def test_votes_that_stayed_can_be_removed_later(root):
    voted = vote_on_the_first_two(root)
    experiment_removal.remove(root, experiment_removal.parts(root, "first"))
    with pytest.raises(InvalidInput):
        experiment_removal.parts(root, "first")
    parts = experiment_removal.parts(root, "first", votes=True)
    assert (parts.cells, parts.votes) == (0, 1)
    experiment_removal.remove(root, parts)
    assert not parts.folder.exists()
    with Store(root) as store:
        assert store.votes.of("first") == []
        in_second = {row["key"] for row in store.cells.rows("second")}
    assert set(find_garbage(root).cells) == set(voted) - in_second


@pytest.mark.parametrize("choice", [Choice.SKIP, None])
def test_a_skipped_pair_and_a_vote_that_was_taken_back_hold_nothing(root, choice):
    vote_on_the_first_two(root, choice or Choice.LEFT)
    with Store(root) as store:
        if choice is None:
            store.votes.take_back(store.votes.latest("first", "ada").pair)
    experiment_removal.remove(root, experiment_removal.parts(root, "first"))
    with Store(root) as store:
        assert len(store.cells.rows()) == 4
    assert not remove_garbage(root, find_garbage(root)).cells
