"""A damaged store is set aside and read back from its pictures; a locked one is left alone (R8)."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from faults.child import fake_render, small_sweep, toy_model

from dwlab import images, store
from dwlab.errors import StoreError
from dwlab.run import run
from dwlab.store import CellRow, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CELLS = 8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


@pytest.fixture(scope="module")
def filled(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder after a sweep; copied by each test."""
    root = tmp_path_factory.mktemp("filled") / "results"
    run(small_sweep(model), results=root, render=fake_render)
    return root


@pytest.fixture
def root(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "results")


def pixels(root: Path) -> dict[str, str]:
    with Store(root) as opened:
        return {row["key"]: row["pixels"] for row in opened.rows() if row["status"] == "ok"}


def _header(data: bytes) -> bytes:
    return b"\0" * 100 + data[100:]


def _page(data: bytes) -> bytes:
    """The roots of all tables lie in the first pages; the second is that of `cells`."""
    return data[:4096] + random.Random(8).randbytes(4096) + data[8192:]


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _cut_in_a_page(data: bytes) -> bytes:
    return data[:5000]


def _table(data: bytes) -> bytes:
    return data.replace(b"CREATE TABLE cells", b"CREATE TABL\xff cells")  # SQLite quotes it, which is no UTF-8 then


def _noise(data: bytes) -> bytes:
    return random.Random(9).randbytes(len(data))


@pytest.mark.parametrize("harm", [_header, _page, _half, _cut_in_a_page, _table, _noise])
def test_a_damaged_store_is_set_aside_and_read_back(
    root: Path, filled: Path, model: str, harm: Callable[[bytes], bytes]
) -> None:
    path = root / "dwlab.sqlite"
    path.write_bytes(damaged := harm(path.read_bytes()))
    with Store(root) as opened:
        assert "damaged" in opened.notes[0] and str(root / "quarantine") in opened.notes[0]
        assert f"{CELLS} pictures" in opened.notes[1]
    kept = list((root / "quarantine").iterdir())
    assert [p.read_bytes() for p in kept] == [damaged]
    assert pixels(root) == pixels(filled)
    again = run(small_sweep(model), results=root, render=fake_render)
    assert (again.made, again.reused) == (0, CELLS), "pictures that were read back need no computing"


def test_damage_twice_is_kept_twice(root: Path) -> None:
    for text in (b"first" * 1000, b"second" * 1000):
        (root / "dwlab.sqlite").write_bytes(text)
        Store(root).close()
    assert {p.read_bytes()[:5] for p in (root / "quarantine").iterdir()} == {b"first", b"secon"}


@pytest.mark.parametrize("emptied", [True, False], ids=["of no bytes", "gone"])
def test_a_store_that_lost_its_file_is_read_back(root: Path, filled: Path, emptied: bool) -> None:
    """SQLite takes an empty file for a new database: nothing is left to set aside, the pictures still tell."""
    path = root / "dwlab.sqlite"
    path.unlink()
    if emptied:
        path.touch()
    assert pixels(root) == pixels(filled)
    assert not (root / "quarantine").exists()


@pytest.mark.parametrize("seed", range(5))
def test_scattered_damage_raises_nothing_unexpected(filled: Path, tmp_path: Path, seed: int) -> None:
    """Bytes overwritten anywhere: the store opens, or is set aside whole, or says what is wrong."""
    chance, whole = random.Random(seed), (filled / "dwlab.sqlite").read_bytes()
    for number in range(12):
        root = shutil.copytree(filled, tmp_path / str(number))
        data = bytearray(whole)
        for _ in range(chance.choice((1, 8, 200))):
            data[chance.choice((chance.randrange(100), chance.randrange(len(data))))] = chance.randrange(256)
        (root / "dwlab.sqlite").write_bytes(data)
        try:
            with Store(root) as opened:
                opened.rows()
        except StoreError:
            pass
        kept = [p.read_bytes() for p in root.glob("quarantine/*.sqlite")]
        assert kept in ([], [bytes(data)])


def test_pictures_that_are_not_whole_are_not_read_back(root: Path) -> None:
    found = sorted(root.glob("images/*/*.png"))
    found[0].write_bytes(found[0].read_bytes()[:-20])
    found[1].write_bytes(found[2].read_bytes())  # whole, but not what its name says
    (root / "images" / "aa").mkdir(exist_ok=True)
    (root / "images" / "aa" / f"{'a' * 64}.png").write_bytes(b"no picture")
    (root / "dwlab.sqlite").unlink()
    assert len(pixels(root)) == CELLS - 2


def test_recipes_that_are_not_ours_are_not_read_back(root: Path) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    for text in ("[1]", '{"key": ["a"], "weights": "w", "dtype": "d", "params": {}}', '{"params": 1}', "[" * 100_000):
        info = PngInfo()
        info.add_text("dwlab", text)
        Image.new("RGB", (8, 8)).save(root / "made.png", pnginfo=info)
        images.save_picture(root, (root / "made.png").read_bytes())
    (root / "dwlab.sqlite").unlink()
    assert len(pixels(root)) == CELLS


def test_a_locked_store_is_not_a_damaged_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    before = (root / "dwlab.sqlite").read_bytes()
    with closing(sqlite3.connect(root / "dwlab.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"locked.* in use by another process"):
            Store(root)
    assert (root / "dwlab.sqlite").read_bytes() == before and not (root / "quarantine").exists()
    assert len(pixels(root)) == CELLS


def test_rows_wait_while_another_process_writes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    row = CellRow("new", "{}", "w", "float32", "cpu", "failed", "why")
    with Store(root) as opened, closing(sqlite3.connect(root / "dwlab.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opened.add(row)
        with pytest.raises(StoreError, match="in use by another process"):
            opened.flush()
        other.execute("ROLLBACK")
        assert opened.flush() == 1, "what could not be written is still there to be written"


def test_a_newer_store_is_left_alone(root: Path) -> None:
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
        sql.execute("PRAGMA user_version = 99")
    before = (root / "dwlab.sqlite").read_bytes()
    with pytest.raises(StoreError, match="newer dwlab"):
        Store(root)
    assert (root / "dwlab.sqlite").read_bytes() == before and not (root / "quarantine").exists()


def unusable(kind: str, folder: Path) -> Path:
    """A results folder that nobody can write to, not even root."""
    if kind == "below a file":
        (folder / "file").write_text("")
        return folder / "file" / "results"
    if kind == "its file is a folder":
        (folder / "results" / "dwlab.sqlite").mkdir(parents=True)
        return folder / "results"
    return folder / ("x" * 300)


@pytest.mark.parametrize("kind", ["below a file", "its file is a folder", "a name too long"])
def test_a_folder_that_cannot_be_used_is_said_so(kind: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be used: .*; check free space and permissions"):
        Store(unusable(kind, tmp_path))


def test_a_finished_cell_is_never_overwritten(root: Path) -> None:
    def fields(row: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in row.items() if k not in ("metrics", "experiment", "axes")}

    with Store(root) as opened:
        before = opened.rows()[0]
        opened.add(CellRow(before["key"], "{}", "other", "float16", "cpu", "failed", "late"))
        opened.flush()
        assert next(fields(row) for row in opened.rows() if row["key"] == before["key"]) == fields(before)
