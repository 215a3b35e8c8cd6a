"""One picture removed by hand, if nothing else holds it."""

from __future__ import annotations

import pytest

from dwlab.store.cells import CellRow
from dwlab.store.picture_removal import PictureHeld, remove_picture
from dwlab.store.store import Store

IMAGE = "images/aa/picture.png"


@pytest.fixture
def store(tmp_path):
    """A store with one picture, which was made on request."""
    (tmp_path / IMAGE).parent.mkdir(parents=True)
    (tmp_path / IMAGE).write_bytes(b"x")
    with Store(tmp_path) as store:
        store.add(CellRow("key", "{}", "w", "float32", "cpu", "ok", image=IMAGE, bytes=1))
        store.flush()
        store.history.append("api", ["key"])
        yield store


def test_its_row_and_its_file_go(store):
    assert remove_picture(store.file, "api", IMAGE)
    assert store.cells.rows() == [] and not (store.root / IMAGE).exists()
    assert not remove_picture(store.file, "api", IMAGE)


@pytest.mark.parametrize("holder", ["a sweep", "a star"])
def test_it_stays_whole_if_something_else_holds_it(store, holder):
    if holder == "a sweep":
        store.history.append("a-sweep", ["key"])
    else:
        store.history.set_mark("key", "stars", 3)
    with pytest.raises(PictureHeld, match="sweep" if holder == "a sweep" else "star"):
        remove_picture(store.file, "api", IMAGE)
    assert (store.root / IMAGE).exists()
    assert [row["key"] for row in store.cells.rows("api")] == ["key"]


def test_a_picture_that_was_not_made_on_request_stays(store):
    sql = "DELETE FROM membership WHERE experiment = 'api'"
    with store.file.transaction() as connection:
        connection.execute(sql)
    with pytest.raises(PictureHeld, match="not made on request"):
        remove_picture(store.file, "api", IMAGE)
    store.history.append("a-sweep", ["key"])
    with pytest.raises(PictureHeld, match="not made on request"):
        remove_picture(store.file, "api", IMAGE)
    assert (store.root / IMAGE).exists() and len(store.cells.rows()) == 1
