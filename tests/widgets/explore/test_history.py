"""The history of the prompt bench: listed, found, marked, selected, compared and kept."""

import json
import zipfile

import pytest
from widgets.explore.bench_use import ask, listed, wait

import dwlab
from dwlab.bench.large_history import fill
from dwlab.widgets.explore import thumbnails

PICTURES = 40


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose bench has made many pictures."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "experiments").mkdir()
    fill(folder / "results", PICTURES)
    return folder


@pytest.fixture
def full(project, monkeypatch):
    monkeypatch.chdir(project)
    bench = dwlab.explore()
    bench.view = {}
    bench.selected = []
    yield bench
    bench.close()


def run(bench, **controls):
    """Make pictures; the fields travel with what is made of them."""
    ask(bench, "run", controls=controls)
    wait(bench)


def keys(bench):
    return [entry["key"] for entry in listed(bench)]


def look(bench, **changes):
    bench.view = {**bench.view, **changes}


def test_a_hidden_picture_that_is_made_again_is_shown_again(bench):
    run(bench, seed=1)
    run(bench, seed=2)
    first = keys(bench)[1]
    ask(bench, "mark", keys=[first], mark="hide", value=1)
    assert len(listed(bench)) == 1
    ask(bench, "restore", key=first)  # hidden, and still there
    assert bench.params.seed == 1
    run(bench, seed=1)
    assert keys(bench)[0] == first
    assert bench.status["text"] == "Made before; taken from the store."


def test_vary_has_the_picture_in_its_place_and_says_what_differs(bench):
    run(bench, guidance=5)
    base = keys(bench)[0]
    ask(bench, "vary", key=base, along="guidance")
    wait(bench)
    row = listed(bench)[:5]
    assert [float(entry["value"]) for entry in row] == [3, 4, 5, 6.25, 8]
    assert [entry["along"] for entry in row] == ["guidance"] * 5
    assert [entry["key"] == base for entry in row] == [entry["is_base"] for entry in row]
    assert [tile["key"] for tile in bench.stage] == keys(bench)[:5]
    assert [pictures for pictures, _, _ in bench.gallery.runs()] == [5, 1]


def test_a_page_reads_a_long_history_part_by_part(full):
    assert full.listing["count"] == PICTURES
    whole = [entry["key"] for entry in full.gallery.entries(0, PICTURES)]
    parts = [full.gallery.entries(start, start + 16) for start in range(0, PICTURES, 16)]
    assert [entry["key"] for part in parts for entry in part] == whole
    jpegs = full.gallery.thumbnails(whole[:3], 128)
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in jpegs)
    assert full.gallery.thumbnails(["f" * 64], 128) == [b""]


def test_thumbnails_are_made_once_and_the_oldest_go_when_there_are_many(full, monkeypatch):
    monkeypatch.setattr(thumbnails, "FILES_KEPT", 3)
    monkeypatch.setattr(thumbnails, "CHECK_EVERY", 1)
    images = [full.session.entry(key).image for key in keys(full)[:6]]
    first = thumbnails.Thumbnails(full.root)
    jpegs = [first.jpeg(image, 128) for image in images]
    assert [thumbnails.Thumbnails(full.root).jpeg(image, 128) for image in images] == jpegs
    files = list((full.root / ".panels/thumbnails").glob("*/*.jpg"))
    assert 1 <= len(files) <= 4
    files[0].write_bytes(b"\xff\xd8 cut off")
    assert thumbnails.Thumbnails(full.root).jpeg(images[0], 128) == jpegs[0]


def test_search_and_filters_change_what_is_listed(full):
    version = full.listing["version"]
    look(full, text="number 7")
    assert full.listing["count"] == 4
    assert full.listing["version"] > version
    look(full, text="", stars=4, model="shapes")
    assert {entry["stars"] for entry in listed(full)} == {4}
    assert full.listing["models"] == ["sd15", "shapes"]


def test_many_pictures_are_marked_at_once_and_it_is_taken_back(full):
    some = keys(full)[:6]
    full.selected = some[:3]
    ask(full, "mark", keys=some, mark="hide", value=1)
    assert full.listing["count"] == PICTURES - 6
    assert full.selected == []
    assert full.listing["undo"] == "hiding 6 pictures"
    ask(full, "undo")
    assert keys(full)[:6] == some


def test_a_mark_lists_the_pictures_anew_only_if_it_decides_which_are_listed(full):
    key, before = keys(full)[0], full.listing
    full.gallery.mark([key], "stars", 5)
    assert full.listing["order"] == before["order"] and full.listing["version"] > before["version"]
    assert listed(full)[0]["stars"] == 5 and full.listing["undo"] == "5 stars for 1 picture"
    look(full, stars=5)
    assert key in keys(full)
    full.gallery.mark([key], "stars", 1)
    assert key not in keys(full)
    full.gallery.undo()
    assert key in keys(full)


def test_a_range_of_the_listing_is_named_by_its_ends_in_any_order(full):
    listed_keys = keys(full)
    assert full.gallery.keys() == listed_keys
    assert full.gallery.keys(listed_keys[4], listed_keys[2]) == listed_keys[2:5]
    assert full.gallery.keys(listed_keys[4], "f" * 64) == listed_keys[4:5]
    assert full.gallery.keys("f" * 64, "f" * 64) == []


def test_a_pin_is_given_and_taken_in_turn(full):
    key = keys(full)[5]
    for pin in (1, 0):
        ask(full, "toggle", key=key, mark="pin")
        assert full.session.entry(key).marks.get("pin", 0) == pin


def test_the_view_and_the_selection_outlive_the_kernel(full, project):
    some = keys(full)[:2]
    look(full, layout="grid", size=128, text="circle", pair=some, mode="blink")
    full.selected = some
    again = dwlab.explore()
    assert {**again.view, **full.view} == again.view
    assert again.selected == some
    assert [picture["key"] for picture in again.pair["pictures"]] == some
    assert again.listing["count"] == full.listing["count"] < PICTURES
    again.close()


@pytest.mark.parametrize(
    "view",
    [
        {"layout": "wall", "size": 10**9, "stars": "5", "pair": ["<b>"], "since": "2026-13-45"},
        {"text": 7, "by_run": "yes", "sides": "64", "run": -1, "until": "9999-12-31"},
        {"text": "' OR 1=1; DROP TABLE cells --", "model": "\u202e<script>"},
    ],
)
def test_a_view_that_anybody_wrote_shows_what_it_can(full, view):
    full.view = view
    assert full.view["layout"] in ("strip", "grid")
    assert 48 <= full.view["size"] <= 256
    assert full.problems == {}
    look(full, text="", model="")
    assert full.listing["count"] == PICTURES


def test_two_pictures_are_compared_with_what_changed(full):
    one, other = keys(full)[0], keys(full)[-1]
    look(full, pair=[one, other])
    changed = {name: (before, after) for name, before, after in full.pair["changed"]}
    assert changed["prompt"][0].endswith("number 9")
    assert changed["prompt"][1].endswith("number 0")
    look(full, pair=[])
    assert full.pair == {}
    look(full, pair=[one, "f" * 64])  # one of them is gone
    assert full.pair == {}


def test_pictures_are_exported_with_their_recipes(full):
    some = keys(full)[:3]
    ask(full, "export", keys=some)
    name = full.status["text"].partition("exported to results/")[2].removesuffix(".")
    with zipfile.ZipFile(full.root / name) as archive:
        rows = json.loads(archive.read("pictures.json"))
        files = [archive.read(row["file"]) for row in rows]
    assert [row["key"] for row in rows] == some
    assert all(file.startswith(b"\x89PNG") for file in files)


def test_what_differs_between_pictures_becomes_the_axes_of_a_sweep(bench):
    run(bench, prompt="a red star", steps=2)
    run(bench, prompt="a red star", steps=3)
    run(bench, prompt="a blue star", steps=3)
    ask(bench, "sweep_selected", keys=keys(bench))
    axes = {name: axis["values"] for name, axis in bench.page["axes"].items() if axis["on"]}
    assert axes == {"prompt": "a blue star\na red star", "steps": "2, 3"}
    assert bench.page["open"]


def test_pictures_that_do_not_differ_make_no_sweep(bench):
    run(bench)
    ask(bench, "sweep_selected", keys=keys(bench))
    assert "selection" in bench.problems[""]


def test_questions_of_a_page_are_answered_by_the_one_that_knows(full):
    answers = []
    full.send = lambda content, buffers: answers.append((content, buffers))
    full._receive({"ask": "history_runs", "request": 1, "key": keys(full)[7]}, [])
    full._receive({"ask": "history_entries", "request": 2, "start": 0, "end": 2}, [])
    full._receive(
        {"ask": "history_thumbnails", "request": 3, "keys": keys(full)[:2], "side": 1}, []
    )
    full._receive({"ask": "full", "request": 4, "key": keys(full)[0]}, [])
    assert [content["answer"] for content, _ in answers] == [1, 2, 3, 4]
    assert sum(answers[2][0]["bytes"]) == len(answers[2][1][0])
    assert len(answers[0][0]["runs"]) == 10
    assert answers[0][0]["place"] == 7
    assert answers[0][0]["count"] == PICTURES
    assert [content["order"] for content, _ in answers[:2]] == [full.listing["order"]] * 2
