"""The history of single pictures: searched, paged, grouped by run, marked, and taken back."""

import json

import pytest

from dwlab.bench.large_history import NAME, PER_RUN, fill
from dwlab.store.cells import CellRow, write_row
from dwlab.store.history_index import HistoryRun
from dwlab.store.history_search import HistoryFilter
from dwlab.store.store import Store

PICTURES = 40


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    root = tmp_path_factory.mktemp("history")
    fill(root, PICTURES)
    return root


@pytest.fixture
def history(filled):
    with Store(filled, read=True) as store:
        yield store.history


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as store:
        yield store


def make(store, *keys, run=HistoryRun(), prompt="a star", **params):  # noqa: B008
    """Make pictures as the prompt bench does."""
    store.history.append(NAME, keys, run)
    with store.file.transaction() as sql:
        for key in keys:
            write_row(sql, row(key, prompt=prompt, **params), NAME)
    store.history.update_index(NAME)


def row(key, **params):
    text = json.dumps({"model": "shapes", "width": 64, "height": 64, **params})
    image = f"images/{key}.png"
    return CellRow(key, text, "", "float32", "cpu", "ok", image=image, bytes=1)


def keys(store, *, by_run=False, **chosen):
    listing = store.history.search(NAME, HistoryFilter(**chosen), by_run=by_run)
    return [entry.key for entry in store.history.entries(NAME, listing.positions)]


def test_all_pictures_are_listed_once_and_the_newest_comes_first(history):
    positions = history.search(NAME).positions
    assert len(positions) == PICTURES
    assert positions == sorted(positions, reverse=True)


def test_pages_of_a_listing_make_up_the_whole(history):
    positions = history.search(NAME).positions
    pages = [history.entries(NAME, positions[start : start + 7]) for start in range(0, 40, 7)]
    assert [entry.position for page in pages for entry in page] == positions


def test_words_are_searched_in_prompts_and_notes_in_any_case_and_all_must_occur(store):
    make(store, "a", prompt="A Red STAR, naïve ÉCLAIR")
    make(store, "b", prompt="a red circle", negative_prompt="a star")
    make(store, "c", prompt="a green circle")
    store.history.give_marks(NAME, ["c"], "note", "Like the Red one")
    assert keys(store, text="red") == ["c", "b", "a"]
    assert keys(store, text="RED star") == ["b", "a"]
    assert keys(store, text="éclair") == ["a"]
    assert keys(store, text="like green") == ["c"]
    assert keys(store, text="%") == keys(store, text="' OR 1 --") == []


def test_filters_keep_what_they_name(history):
    for chosen, keeps in (
        ({"stars": 4}, lambda entry: entry.marks.get("stars") == 4),
        ({"model": "sd15"}, lambda entry: json.loads(entry.params)["model"] == "sd15"),
        ({"size": (128, 64)}, lambda entry: json.loads(entry.params)["width"] == 128),
        ({"run": 3}, lambda entry: entry.run == 3),
    ):
        everything = history.entries(NAME, history.search(NAME).positions)
        listed = history.entries(NAME, history.search(NAME, HistoryFilter(**chosen)).positions)
        assert listed == [entry for entry in everything if keeps(entry)]
        assert 0 < len(listed) < PICTURES


def test_times_bound_what_is_listed(history):
    times = [entry.created for entry in history.entries(NAME, history.search(NAME).positions)]
    chosen = HistoryFilter(since=times[20], until=times[10])
    assert len(history.search(NAME, chosen).positions) == 10


def test_filters_can_be_chosen_from_what_there_is(history):
    choices = history.choices(NAME)
    assert choices.count == PICTURES
    assert choices.models == ["sd15", "shapes"]
    assert choices.sizes == [(64, 64), (128, 64)]


def test_the_pictures_of_a_run_stay_together_in_the_order_in_which_they_were_made(history):
    listing = history.search(NAME, by_run=True)
    assert listing.runs == [run for run in range(10, 0, -1) for _ in range(PER_RUN)]
    assert listing.positions[:PER_RUN] == sorted(listing.positions[:PER_RUN])


def test_neighbours_have_the_picture_that_was_varied_in_its_place_and_it_keeps_its_run(store):
    make(store, "base", "sibling")
    make(store, "low", "base", "high", run=HistoryRun(base="base", along="guidance"))
    assert keys(store, by_run=True) == ["low", "base", "high", "base", "sibling"]
    assert keys(store) == ["high", "low", "sibling", "base"]  # once, if runs are not shown
    listing = store.history.search(NAME, by_run=True)
    assert (len(listing.positions), listing.pictures) == (5, 4)
    entries = store.history.entries(NAME, listing.positions)
    assert [entry.is_base for entry in entries] == [False, True, False, False, False]
    assert [entry.along for entry in entries] == ["guidance"] * 3 + [""] * 2


def test_a_picture_that_is_made_again_moves_to_the_newest_run(store):
    make(store, "a", "b")
    make(store, "c")
    make(store, "a")
    assert keys(store) == ["a", "c", "b"]


def test_pictures_without_an_outcome_are_not_listed_until_they_have_one(store):
    store.history.append(NAME, ["a", "b"], HistoryRun())
    make(store, "c")
    assert keys(store) == ["c"]
    with store.file.transaction() as sql:
        write_row(sql, row("b", prompt="late"), NAME)
    assert store.history.is_behind(NAME)
    store.history.update_index(NAME)
    assert keys(store) == ["c", "b"]


def test_a_history_from_before_there_were_runs_is_listed_and_searched(store):
    store.history.append(NAME, ["a", "b"])
    with store.file.transaction() as sql:
        for key in "ab":
            write_row(sql, row(key, prompt=f"an old picture, {key}{key}"), NAME)
    store.history.update_index(NAME)
    assert keys(store) == ["b", "a"]
    assert keys(store, text="old aa") == ["a"]
    assert not store.history.is_behind(NAME)


def test_hidden_pictures_are_listed_apart_and_come_back(store):
    make(store, "a", "b", "c")
    store.history.give_marks(NAME, ["a", "c"], "hide", 1)
    assert keys(store) == ["b"]
    assert keys(store, hidden=True) == ["c", "a"]
    assert (store.history.choices(NAME).count, store.history.choices(NAME).hidden) == (1, 2)
    store.history.take_back(NAME)
    assert keys(store) == ["c", "b", "a"]


def test_changes_of_marks_are_taken_back_one_after_the_other(store):
    make(store, "a", "b")
    store.history.give_marks(NAME, ["a"], "stars", 3)
    store.history.give_marks(NAME, ["a", "b"], "stars", 5)
    store.history.give_marks(NAME, ["a"], "note", "soft")
    assert store.history.last_change(NAME).mark == "note"
    for stars, note in ((5, None), (3, None), (None, None)):
        store.history.take_back(NAME)
        (a, _b) = store.history.pictures(NAME, ["a", "b"])
        assert (a.marks.get("stars"), a.marks.get("note")) == (stars, note)
    assert store.history.take_back(NAME) is None


def test_what_is_marked_so_already_is_no_change(store):
    make(store, "a", "b")
    store.history.give_marks(NAME, ["a"], "pin", 1)
    store.history.give_marks(NAME, ["a", "b"], "pin", 1)
    assert store.history.last_change(NAME).pictures == 1
    store.history.take_back(NAME)
    assert [entry.marks for entry in store.history.pictures(NAME, ["a", "b"])] == [{"pin": 1}, {}]


def test_pinned_pictures_come_first(store):
    make(store, "a", "b", "c")
    store.history.give_marks(NAME, ["a"], "pin", 1)
    assert keys(store) == ["a", "c", "b"]
    assert store.history.search(NAME).pinned == 1
