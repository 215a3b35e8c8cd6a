"""Windows, tabs and raters at once: every vote counts once, and no window learns what it must not."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image
from rated_folders import rated_folder

from dwlab.errors import InvalidInput
from dwlab.rating.raters import NAME_LENGTH
from dwlab.rating.session import RatingSession
from dwlab.store.store import Store

HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "Robert'); DROP TABLE votes;--",
    "\u4e2d\u6587",
    "a/../b",
)


@pytest.fixture
def root(tmp_path):
    return rated_folder(tmp_path / "results")


@pytest.fixture
def session(root):
    session = RatingSession(root, "rated")
    yield session
    session.close()


@pytest.fixture
def other_session(root):
    session = RatingSession(root, "rated")
    yield session
    session.close()


def votes(root):
    with Store(root, read=True) as store:
        return store.votes.of("rated")


def test_a_vote_is_saved_and_the_pair_that_was_fetched_before_comes_next(session, root):
    before = session.state("ada")
    after = session.vote("ada", before.pairs[0].id, "left")
    assert (after.votes, after.latest, after.message) == (1, before.pairs[0].id, "")
    assert after.pairs[0] == before.pairs[1]
    assert [(vote.pair.rater, str(vote.choice)) for vote in votes(root)] == [("ada", "left")]


def test_a_window_is_told_nothing_but_the_prompt(session, root):
    state = session.state("ada").as_dict()
    assert set(state) == {"rater", "votes", "latest", "pairs", "message"}
    assert all(set(pair) == {"id", "prompt"} for pair in state["pairs"])
    with Store(root, read=True) as store:
        keys = [row["key"] for row in store.cells.rows()]
    assert not any(key in str(state) for key in keys)


def test_conditions_leave_the_pictures_that_are_compared(session, root):
    session.state("ada")  # pairs of all pictures wait
    part = RatingSession(root, "rated", where=["steps<=5", "prompt~circle"])
    state = part.state("ada")
    shown = 0
    while state.pairs:
        assert {pair.prompt for pair in state.pairs} == {"a red circle"}
        assert shown < 20
        shown += 1
        state = part.vote("ada", state.pairs[0].id, "left")
    part.close()
    # two settings under two seeds, each pair once
    assert (shown, state.votes) == (2, 2)
    assert len(session.state("ada").pairs) == 2


def test_conditions_that_leave_one_setting_are_refused(root):
    with pytest.raises(InvalidInput, match="two settings"):
        RatingSession(root, "rated", where=["steps=2"])
    with pytest.raises(InvalidInput, match="where"):
        RatingSession(root, "rated", where=["stps=2"])


def test_a_picture_has_its_pixels_and_no_recipe(session, root):
    pair = session.state("ada").pairs[0].id
    with Store(root, read=True) as store:
        shown = store.votes.pair(pair)
        images = store.cells.finished([shown.left, shown.right])
    for side, key in (("left", shown.left), ("right", shown.right)):
        with Image.open(io.BytesIO(session.picture(pair, side))) as picture:
            assert picture.info == {}
            assert picture.tobytes() == Image.open(root / images[key]).convert("RGB").tobytes()


@pytest.mark.parametrize(("pair", "side"), [("none", "left"), (None, "middle"), (None, "../left")])
def test_there_is_no_other_picture(session, pair, side):
    assert session.picture(pair or session.state("ada").pairs[0].id, side) is None


def test_a_second_window_shows_the_same_pair_and_its_vote_counts_once(session, other_session, root):
    first, second = session.state("ada"), other_session.state("ada")
    assert first.pairs == second.pairs
    session.vote("ada", first.pairs[0].id, "left")
    late = other_session.vote("ada", second.pairs[0].id, "right")
    assert "Another window" in late.message
    assert late.pairs[0] == first.pairs[1]
    assert [str(vote.choice) for vote in votes(root)] == ["left"]


def test_an_answer_that_was_lost_is_asked_for_again_without_a_second_vote(session, root):
    pair = session.state("ada").pairs[0].id
    first = session.vote("ada", pair, "tie")
    assert session.vote("ada", pair, "tie") == first
    assert len(votes(root)) == 1


def test_many_windows_at_once_count_one_vote_for_each_pair(session, other_session, root):
    start = threading.Barrier(4)

    def window(number):
        used = session if number % 2 else other_session
        start.wait()
        for _ in range(6):
            pairs = used.state("ada").pairs
            if pairs:
                used.vote("ada", pairs[0].id, ("left", "right")[number // 2])

    with ThreadPoolExecutor(4) as windows:
        list(windows.map(window, range(4)))
    stored = votes(root)
    assert len({vote.pair.id for vote in stored}) == len(stored)
    assert sorted(vote.pair.number for vote in stored) == list(range(1, len(stored) + 1))
    with Store(root, read=True) as store:
        assert len(store.votes.waiting("rated", "ada")) <= 2


def test_raters_have_their_own_pairs_and_cannot_vote_for_each_other(session, root):
    ada = session.state("ada").pairs[0].id
    assert session.state("bob").pairs[0].id != ada
    answer = session.vote("bob", ada, "left")
    assert "no longer open" in answer.message
    assert votes(root) == []


def test_undo_works_after_a_restart_and_shows_the_pair_again(root):
    session = RatingSession(root, "rated")
    pair = session.state("ada").pairs[0]
    session.vote("ada", pair.id, "left")
    session.close()
    again = RatingSession(root, "rated")
    state = again.state("ada")
    undone = again.take_back("ada", state.latest)
    assert (undone.votes, undone.pairs[0], undone.latest) == (0, pair, None)
    assert "Only the latest vote" in again.take_back("ada", pair.id).message
    again.close()


def test_a_skipped_pair_does_not_count_and_does_not_come_again(tmp_path):
    root = rated_folder(tmp_path, prompts=("a",), steps=(2, 5), seeds=2)
    session = RatingSession(root, "rated")
    for _ in range(2):
        state = session.vote("ada", session.state("ada").pairs[0].id, "skip")
    assert (state.votes, state.pairs) == (0, ())
    session.close()


def test_pictures_that_are_gone_are_not_shown(root):
    session = RatingSession(root, "rated")
    waiting = session.state("ada").pairs[0]
    session.close()
    with Store(root, read=True) as store:
        key = store.votes.pair(waiting.id).left
        (root / store.cells.finished([key])[key]).unlink()
    again = RatingSession(root, "rated")
    assert waiting not in again.state("ada").pairs
    again.close()


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_any_text_may_be_a_name(session, root, name):
    session.vote(name, session.state(name).pairs[0].id, "left")
    assert votes(root)[0].pair.rater == name


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x1b[31m", "\u202eadb", "\ud800", "a" * (NAME_LENGTH + 1), 7]
)
def test_a_name_has_a_length_and_no_control_characters(session, name):
    with pytest.raises(InvalidInput, match="rater"):
        session.state(name)


def test_other_words_are_no_votes(session):
    with pytest.raises(InvalidInput, match="choice"):
        session.vote("ada", session.state("ada").pairs[0].id, "best")


def test_an_experiment_that_cannot_be_rated_is_an_error_at_once(root, tmp_path):
    with pytest.raises(InvalidInput, match="rated"):
        RatingSession(root, "other")
    with pytest.raises(InvalidInput, match="two settings"):
        RatingSession(rated_folder(tmp_path / "one", steps=(2,)), "rated")
