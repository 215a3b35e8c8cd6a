"""A picture that is not what was written is found, set aside, and made again by the next sweep; nothing else is."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from faults.child import fake_render, small_sweep, toy_model
from typer.testing import CliRunner

import dwlab
from dwlab.cli import app
from dwlab.runs.remeasure import remeasure
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store.images import is_there, is_whole, read_picture, save_picture
from dwlab.store.integrity import verify
from dwlab.store.store import Store

CELLS = 60
HARMED = 40


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


def wide_sweep(model):
    small = small_sweep(model)
    return Sweep(
        **small.as_dict()
        | {"axes": {"colour": ["red", "blue"], "seed": {"range": [0, CELLS // 2]}}}
    )


@pytest.fixture(scope="module")
def filled(model, tmp_path_factory):
    root = tmp_path_factory.mktemp("filled") / "results"
    run(wide_sweep(model), results=root, render=fake_render)
    return root


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def pictures(root):
    return sorted(root.glob("images/*/*.png"))


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in pictures(root)}


def flip_a_bit(path, seed=0):
    data = bytearray(path.read_bytes())
    chance = random.Random(f"{path.name}{seed}")
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def again(root, model):
    return run(wide_sweep(model), results=root, render=fake_render)


def test_one_flipped_bit_in_each_of_40_pictures_is_found_and_those_are_made_again(
    root, filled, model
):
    for path in random.Random(1).sample(pictures(root), HARMED):
        flip_a_bit(path)
    verdict = verify(root)
    assert (verdict.pictures, len(verdict.damaged), verdict.missing) == (CELLS, HARMED, [])
    assert not verdict.good and len(list((root / "quarantine").iterdir())) == HARMED
    outcome = again(root, model)
    assert (outcome.made, outcome.reused) == (HARMED, CELLS - HARMED)
    assert outcome.notes == (f"{HARMED} pictures were missing or cut short: to be made again",)
    assert contents(root) == contents(filled)
    assert verify(root).good and again(root, model).made == 0


def test_pictures_of_damaged_bytes_are_replaced_also_by_who_lost_the_rows(root, filled, model):
    """As many bytes as before, so that only the content tells; the rows cannot be read back from these pictures."""
    for path in pictures(root):
        flip_a_bit(path)
    (root / "dwlab.sqlite").unlink()
    assert again(root, model).made == CELLS
    assert contents(root) == contents(filled) and verify(root).good


def cut_short(path, _root):
    path.write_bytes(path.read_bytes()[:-9])


def emptied(path, _root):
    path.write_bytes(b"")


def removed(path, _root):
    path.unlink()


def longer(path, _root):
    path.write_bytes(path.read_bytes() + b"\0")


def a_folder(path, _root):
    path.unlink()
    path.mkdir()
    (path / "kept").touch()


def a_link_to_nothing(path, _root):
    path.unlink()
    path.symlink_to("nowhere")


def a_device(path, _root):
    path.unlink()
    path.symlink_to("/dev/zero")


def a_pipe(path, _root):
    path.unlink()
    os.mkfifo(path)


SEEN_AT_RESUME = [
    cut_short,
    emptied,
    removed,
    longer,
    a_folder,
    a_link_to_nothing,
    a_device,
    a_pipe,
]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
@pytest.mark.parametrize("harm", SEEN_AT_RESUME)
def test_what_is_not_a_file_of_the_size_that_was_written_is_made_again_without_being_asked(
    root, filled, model, harm
):
    harmed = pictures(root)[7]
    harm(harmed, root)
    plan = wide_sweep(model).plan(root)
    assert (plan.todo, plan.done, plan.failed) == (1, CELLS - 1, 0)
    outcome = again(root, model)
    assert (outcome.made, outcome.reused) == (1, CELLS - 1)
    assert outcome.notes == ("1 picture was missing or cut short: to be made again",)
    assert contents(root) == contents(filled)
    assert not harmed.is_symlink() and harmed.is_file()
    if harm is a_folder:
        assert [path.name for path in root.glob("quarantine/*/*")] == ["kept"], (
            "what lay there is kept"
        )


def another_picture(path, root):
    """A whole picture with a recipe of ours, but another's."""
    path.write_bytes(next(p for p in pictures(root) if p != path).read_bytes())


def padded_picture(path, root):
    """A readable picture of the very size that was written."""
    other = min(pictures(root), key=lambda p: p.stat().st_size).read_bytes()
    path.write_bytes(other + b"\0" * (path.stat().st_size - len(other)))


def a_link_to_another(path, root):
    other = next(p for p in pictures(root) if p != path)
    path.unlink()
    path.symlink_to(other)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
@pytest.mark.parametrize(
    "harm",
    [flip_a_bit, another_picture, padded_picture, a_link_to_another, *SEEN_AT_RESUME],
    ids=lambda f: f.__name__,
)
def test_whatever_became_of_a_picture_it_is_found_and_made_again(root, filled, model, harm):
    harmed = pictures(root)[11]
    harm(harmed, root)
    verdict = verify(root, "small")
    wrong = verdict.missing if harm is removed else verdict.damaged
    assert wrong == [harmed.relative_to(root).as_posix()] and verdict.pictures == CELLS
    assert verify(root, "small").missing == wrong, "until it is made again"
    assert again(root, model).made == 1
    assert contents(root) == contents(filled) and verify(root).good


def test_a_picture_without_a_row_is_looked_at_too(root):
    lonely = root / save_picture(root, b"a picture whose row was lost")
    assert verify(root).good and verify(root).pictures == CELLS + 1
    flip_a_bit(lonely)
    assert verify(root, "small").good
    assert verify(root).damaged == [lonely.relative_to(root).as_posix()]
    (root / "dwlab.sqlite").unlink()
    assert verify(root).pictures == CELLS


def test_a_row_that_says_another_size_than_its_whole_picture_is_mended_by_one_sweep(root, model):
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
        sql.execute("UPDATE cells SET bytes = bytes + 1 WHERE key = (SELECT MIN(key) FROM cells)")
        sql.commit()
    assert [again(root, model).made for _ in range(2)] == [1, 0]


def test_a_row_without_a_size_is_believed_where_its_picture_is(root, model):
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
        sql.execute("UPDATE cells SET bytes = NULL")
        sql.commit()
    assert again(root, model).made == 0 and verify(root).good


def test_no_reader_shows_a_picture_that_is_not_what_was_written(root):
    from dwlab.runs.table import open_picture

    harmed = pictures(root)[3]
    flip_a_bit(harmed)
    assert read_picture(harmed) is None
    table = dwlab.Results(root).table("small")
    image = harmed.relative_to(root).as_posix()
    assert open_picture(table, image) is None
    assert "is missing or damaged" in table[table["image"] == image]._repr_html_()
    measured = remeasure(root, "small", ["brightness"])
    assert (measured.pictures, measured.missing) == (CELLS - 1, 1)
    assert "`dwlab verify`" in str(measured)


def test_a_picture_that_a_door_asks_for_and_finds_damaged_is_made_again(root, model):
    """What `explore` and the server do: they look at the few pictures that they hand out."""
    from dwlab.runs.keep import keep

    params = [cell.params for cell in wide_sweep(model).cells()][:4]
    keep(params, experiment="explore", results=root, render=fake_render)
    for path in pictures(root):
        flip_a_bit(path)
    made = []
    for _ in range(2):
        keep(params, experiment="explore", results=root, render=fake_render, on_event=made.append)
    assert [event.kind for event in made].count("started") == 4, "the second time all are there"


def test_a_repaired_row_names_the_new_picture_if_that_came_out_different(root, model):
    """Other versions, or other company in close mode, give other bytes, and so another name."""
    harmed = pictures(root)[5]
    with Store(root) as store:
        (before,) = (
            row for row in store.cells.rows() if row["image"] == harmed.relative_to(root).as_posix()
        )
        flip_a_bit(harmed)
        data = b"the same cell, made by another version"
        row = {
            name: before[name]
            for name in ("key", "params", "weights", "dtype", "device", "status", "mode")
        }
        image = store.save_picture(data)
        from dwlab.store.cells import CellRow

        store.add(CellRow(**row, image=image, bytes=len(data)))
        store.flush()
        (after,) = (row for row in store.cells.rows() if row["key"] == before["key"])
    assert after["image"] == image != before["image"]


def test_only_the_right_bytes_in_a_file_of_its_own_count_as_saved(tmp_path):
    path = tmp_path / save_picture(tmp_path, b"a picture's bytes")
    for other in (b"a picture's byteS", b"", b"a picture's bytes and more"):
        path.write_bytes(other)
        assert not is_whole(path)
        assert tmp_path / save_picture(tmp_path, b"a picture's bytes") == path and is_whole(path)
    before = path.stat().st_ino
    save_picture(tmp_path, b"a picture's bytes")
    assert path.stat().st_ino == before, "a good file is left alone"
    outside = tmp_path / "outside"
    path.rename(outside)
    path.symlink_to(outside)
    save_picture(tmp_path, b"a picture's bytes")
    assert not path.is_symlink() and outside.read_bytes() == b"a picture's bytes"


def test_names_that_no_system_takes_are_not_there():
    assert not is_there("a\0b", 1) and not is_there("x" * 5000, None) and is_there(__file__, None)


# -- the command ------------------------------------------------------------------------------------


def command(*words):
    return CliRunner().invoke(app.app, ["verify", *map(str, words)])


def test_the_command_lists_what_is_damaged_and_says_what_to_do(root, model):
    said = command("--results", root)
    assert (
        said.exit_code == 0 and said.stdout == f"{root}: {CELLS} pictures, 0 damaged, 0 missing\n"
    )
    harmed, gone = pictures(root)[:2]
    flip_a_bit(harmed)
    gone.unlink()
    said = command("small", "--results", root)
    assert said.exit_code == 1
    assert said.stdout.splitlines() == [
        f"damaged  {harmed.relative_to(root)}",
        f"missing  {gone.relative_to(root)}",
        f"small: {CELLS} pictures, 1 damaged, 1 missing",
        f"damaged files were moved to {root / 'quarantine'}",
        "run the sweep again to make these pictures, and only these, again",
    ]
    assert again(root, model).made == 2
    assert command("small", "--results", root).exit_code == 0


def test_the_command_refuses_an_experiment_that_never_ran(root, tmp_path):
    assert command("other", "--results", root).exit_code == 2
    assert "one that ran in" in command("other", "--results", root).stderr
    assert command("--results", tmp_path / "none").exit_code == 0, "nothing there, nothing damaged"
    assert not (tmp_path / "none").exists()


def test_the_command_imports_no_torch(root):
    code = (
        "import sys; from typer.testing import CliRunner; from dwlab.cli.app import app; "
        f"print(CliRunner().invoke(app, ['verify', '--results', {str(root)!r}]).exit_code, 'torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "0 False\n"
