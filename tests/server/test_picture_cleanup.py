"""Old pictures of the API are removed; marked ones and those of sweeps stay."""

from __future__ import annotations

import os
import time

import pytest

from dwlab.server.picture_cleanup import remove_old_pictures, remove_unused_inputs
from dwlab.store.cells import CellRow
from dwlab.store.store import Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as store:
        yield store


def picture(store, name, experiment="api", days=0.0, size=100):
    image = f"images/aa/{name}.png"
    (store.root / image).parent.mkdir(parents=True, exist_ok=True)
    (store.root / image).write_bytes(b"x" * size)
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime(time.time() - days * 86_400))
    store.add(CellRow(name, "{}", "w", "float32", "cpu", "ok", image=image, bytes=size, created=at))
    store.flush()
    store.history.append(experiment, [name])


def left(store):
    rows = {row["key"] for row in store.cells.rows()}
    assert {path.stem for path in (store.root / "images").rglob("*.png")} == rows
    return rows


def test_clean_up_by_age_spares_marked_pictures_and_those_of_other_experiments(store):
    for name in ("old", "starred", "noted", "unstarred", "swept"):
        picture(store, name, days=9)
    picture(store, "new")
    picture(store, "foreign", experiment="a-sweep", days=9)
    store.history.append("a-sweep", ["swept"])
    for key, mark, value in (
        ("starred", "stars", 3),
        ("noted", "note", "good"),
        ("unstarred", "stars", 0),
    ):
        store.history.set_mark(key, mark, value)
    gone = remove_old_pictures(store.file, "api", days=7)
    assert (gone.pictures, gone.bytes) == (2, 200)
    assert left(store) == {"starred", "noted", "swept", "new", "foreign"}


def test_clean_up_by_size_removes_the_least_recently_requested_pictures(store):
    for name in "abcd":
        picture(store, name)
    store.history.append("api", ["a"])  # requested again
    assert remove_old_pictures(store.file, "api", size=250).pictures == 2
    assert left(store) == {"a", "d"}
    assert remove_old_pictures(store.file, "api").pictures == 0


def test_old_start_pictures_go_that_no_row_names(tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    for name, days in (("old", 9), ("new", 0), ("used", 9)):
        path = folder / f"{name}.png"
        path.write_bytes(b"x")
        at = time.time() - days * 86_400
        os.utime(path, (at, at))
    assert remove_unused_inputs(tmp_path, ["inputs/used.png"], days=5) == 1
    assert {path.stem for path in folder.iterdir()} == {"new", "used"}
    assert remove_unused_inputs(tmp_path / "nothing", [], days=5) == 0
