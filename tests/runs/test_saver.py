"""Files of pictures are written beside the rendering; rows follow them, in order, and none is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from dwlab.errors import StoreError
from dwlab.events import Done, Started
from dwlab.pictures.picture import Picture
from dwlab.runs import saver
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store.store import Store

CELLS = 4


@pytest.fixture(autouse=True)
def writers(monkeypatch):
    with ThreadPoolExecutor(2) as threads:
        monkeypatch.setattr(saver, "_writers", lambda: threads)
        yield


def sweep():
    return Sweep("s", base={"prompt": "a star", "steps": 1}, axes={"seed": list(range(CELLS))})


def rendering(after=lambda _position: None):
    """A renderer of plain pictures. after: called when the reader has taken a picture."""

    def render(cells, **_):
        for cell in cells:
            yield Started(cell.position, cell.params)
        for cell in cells:
            picture = Picture(
                params=cell.params,
                image=Image.new("RGB", (8, 8), (cell.position, 0, 0)),
                key=cell.key,
                weights=cell.identity.weights,
                device="cpu",
                dtype="float32",
                seconds=0.01,
                device_seconds=0.01,
            )
            yield Done(cell.position, cell.params, picture)
            after(cell.position)

    return render


def test_rendering_goes_on_while_a_file_is_written_and_rows_keep_their_order(tmp_path, monkeypatch):
    go_on = threading.Event()
    stock = Picture.png

    def png(picture):
        assert picture.params.seed or go_on.wait(120)
        return stock(picture)

    def after(position):
        # more pictures are made, and the first one is still not written; after the last one rows are committed
        if position == CELLS - 2:
            assert not go_on.is_set()
            go_on.set()

    monkeypatch.setattr(Picture, "png", png)
    told = []
    outcome = run(
        sweep(),
        results=tmp_path,
        render=rendering(after),
        on_event=lambda event: told.append(event.index) if event.kind == "done" else None,
    )
    assert outcome.made == CELLS and told == list(range(CELLS))


def test_pictures_that_were_made_are_kept_when_one_cannot_be_written(tmp_path, monkeypatch):
    second_is_there = threading.Event()
    save, png = Store.save_picture, Picture.png

    def png_but_of_the_first(picture):
        if picture.params.seed == 0:
            assert second_is_there.wait(120)
            raise StoreError("no space")
        return png(picture)

    def save_picture(store, data):
        path = save(store, data)
        second_is_there.set()
        return path

    monkeypatch.setattr(Picture, "png", png_but_of_the_first)
    monkeypatch.setattr(Store, "save_picture", save_picture)
    with pytest.raises(StoreError, match="no space"):
        run(sweep(), results=tmp_path, render=rendering())
    monkeypatch.undo()
    again = run(sweep(), results=tmp_path, render=rendering())
    assert 0 < again.reused < CELLS and again.made == CELLS - again.reused
