"""Animations along an axis: one frame per value, all of one size, in the order of the axis."""

from __future__ import annotations

import sys

import av
import numpy as np
import pytest
from grid_labels import assert_labels_fit
from PIL import Image
from sweep_tables import HOSTILE, sweep_table

from dwlab.errors import InvalidInput, MissingExtra
from dwlab.runs.table import open_picture
from dwlab.views.animation.files import save_animation
from dwlab.views.animation.frames import frames


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A sweep whose steps are not declared in ascending order."""
    folder = tmp_path_factory.mktemp("table")
    return sweep_table(folder, ("a star", "a red circle"), steps=(8, 2, 4), seeds=(0, 1))


def titles(result):
    return [" ".join(lines) for lines in result.titles]


def test_numbers_ascend_and_words_keep_the_order_of_the_sweep(table):
    assert titles(frames(table, "steps")) == ["steps 2", "steps 4", "steps 8"]
    assert titles(frames(table, "prompt")) == ["prompt a star", "prompt a red circle"]


def test_a_frame_has_the_cells_of_its_value_and_none_moves(table):
    result = frames(table, "steps", side=64)
    places = set()
    for number, (picture, steps) in enumerate(zip(result, (2, 4, 8), strict=True)):
        assert picture.size == result.size
        rows = table[table["steps"] == steps]
        tiles = result._sheet(rows, number).tiles
        cells = [rows.iloc[tile.row] for tile in tiles]
        assert sorted(cell["key"] for cell in cells) == sorted(rows["key"])
        places.add(
            tuple(
                (c["prompt"], c["guidance"], c["seed"], t.x, t.y)
                for c, t in zip(cells, tiles, strict=True)
            )
        )
        for cell, tile in zip(cells, tiles, strict=True):
            shown = picture.crop((tile.x, tile.y, tile.x + 64, tile.y + 64))
            assert shown.tobytes() == open_picture(table, cell["image"]).tobytes()
    assert len(places) == 1


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_picture_file_has_a_frame_per_value_and_repeats(table, tmp_path, suffix):
    path = save_animation(table, tmp_path / f"a{suffix}", "steps", fps=4, side=32)
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size) == (3, frames(table, "steps", side=32).size)
        assert picture.info["loop"] == 0
        picture.seek(1)
        picture.load()
        assert picture.info["duration"] == 250


def test_an_mp4_has_a_frame_per_value_at_the_speed_that_was_asked_for(table, tmp_path):
    path = save_animation(table, tmp_path / "a.mp4", "steps", fps=2.5, side=32)
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        assert float(stream.average_rate) == 2.5
        shown = [frame.to_image() for frame in video.decode(video=0)]
    drawn = list(frames(table, "steps", side=32))
    assert len(shown) == len(drawn) == 3
    for picture, original in zip(shown, drawn, strict=True):
        # H.264 wants even sides, and halves colours
        assert all(0 <= a - b <= 1 for a, b in zip(picture.size, original.size, strict=True))
        cut = picture.crop((0, 0, *original.size))
        difference = np.abs(np.asarray(cut, dtype=int) - np.asarray(original, dtype=int))
        assert difference.mean() < 4


def test_hostile_and_long_values_change_no_frame_in_size(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0, 4.0), seeds=(0,))
    result = frames(table, "prompt", side=48)
    assert {picture.size for picture in result} == {result.size}
    assert result.count == len(HOSTILE)
    for number, position in enumerate(result.order):
        assert_labels_fit(result._sheet(table[result.along.codes == position], number))


def test_cells_without_a_picture_are_told_apart_and_gaps_stay_empty(tmp_path):
    table = sweep_table(tmp_path, ("a star",), seeds=(0, 1), failed=(0,))
    partial = table.drop(index=3)
    partial.attrs = table.attrs
    for picture in frames(partial, "steps"):
        assert picture.size == frames(table, "steps").size
    with_failure = next(iter(frames(table, "steps")))
    (tmp_path / table["image"][1]).unlink()
    assert np.any(np.asarray(next(iter(frames(table, "steps")))) != np.asarray(with_failure))


def test_a_sweep_of_one_axis_is_a_single_changing_picture(tmp_path):
    table = sweep_table(tmp_path, ("a star",), steps=(2, 4), guidance=(1.0,), seeds=(0,))
    assert len(list(frames(table, "steps"))) == 2


REFUSED = {
    "output": {"path": "a.avi"},
    "fps": {"fps": 0},
    "along": {"along": "stars"},
    "columns": {"columns": "stars"},
    "side": {"side": 5_000},
}


@pytest.mark.parametrize("field", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(table, tmp_path, field):
    arguments = {"path": "a.gif", "along": "steps"} | REFUSED[field]
    path = tmp_path / arguments.pop("path")
    with pytest.raises(InvalidInput, match=f"^{field} is"):
        save_animation(table, path, **arguments)
    assert not list(tmp_path.iterdir())


def test_too_many_cells_for_a_frame_are_refused(tmp_path):
    table = sweep_table(
        tmp_path, ("a star",), steps=(2, 4), guidance=(1.0,), seeds=tuple(range(401))
    )
    with pytest.raises(InvalidInput, match="at most 400 cells per frame; these are 401"):
        frames(table, "steps")


def test_an_mp4_without_its_library_says_how_to_install_it(table, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[video\]"'):
        save_animation(table, tmp_path / "a.mp4", "steps")
    assert save_animation(table, tmp_path / "a.gif", "steps", side=16).is_file()


def test_an_animation_that_fails_half_way_leaves_nothing(table, tmp_path):
    def stop(result):
        yield next(iter(result))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_animation(table, tmp_path / "a.mp4", "steps", side=32, follow=stop)
    assert not list(tmp_path.iterdir())
