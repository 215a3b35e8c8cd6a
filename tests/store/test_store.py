"""A damaged store is set aside and read back from its pictures; a locked one is left alone (R8)."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pngs
import pytest
from faults.child import fake_render, small_sweep, toy_model
from older_store import without_shares

from dwlab._util import atomic
from dwlab.errors import StoreError
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store import database, images
from dwlab.store.cells import CellRow
from dwlab.store.experiment_lock import experiment_lock
from dwlab.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

CELLS = 8
OURS = json.dumps({"key": "k", "weights": "w", "dtype": "d", "params": {}})
REPOSITORY = Path(__file__).parents[2]


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
        return {row["key"]: row["pixels"] for row in opened.cells.rows() if row["status"] == "ok"}


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
    return data.replace(
        b"CREATE TABLE cells", b"CREATE TABL\xff cells"
    )  # SQLite quotes it, which is no UTF-8 then


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
    assert (again.made, again.reused) == (0, CELLS), (
        "pictures that were read back need no computing"
    )


def test_a_small_change_does_not_wait_until_the_file_is_read_through(root: Path) -> None:
    path = root / "dwlab.sqlite"
    path.write_bytes(_page(path.read_bytes()))
    with Store(root, check=False) as opened:
        opened.history.set_mark("0" * 64, "stars", 4)
        assert opened.notes == []
    with Store(root) as opened:
        assert "damaged" in opened.notes[0]


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
def test_scattered_damage_raises_nothing_unexpected(
    filled: Path, tmp_path: Path, seed: int
) -> None:
    """Bytes overwritten anywhere: the store opens, or is set aside whole, or says what is wrong."""
    chance, whole = random.Random(seed), (filled / "dwlab.sqlite").read_bytes()
    for number in range(12):
        root = shutil.copytree(filled, tmp_path / str(number))
        data = bytearray(whole)
        for _ in range(chance.choice((1, 8, 200))):
            data[chance.choice((chance.randrange(100), chance.randrange(len(data))))] = (
                chance.randrange(256)
            )
        (root / "dwlab.sqlite").write_bytes(data)
        try:
            with Store(root) as opened:
                opened.cells.rows()
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

    ours = {"key": "k", "weights": "w", "dtype": "d", "params": {}}
    unstorable = [
        json.dumps(ours | {name: "\ud800"}) for name in ("key", "weights", "dtype", "mode")
    ]
    for text in (
        "[1]",
        json.dumps(ours | {"key": ["a"]}),
        '{"params": 1}',
        "[" * 100_000,
        *unstorable,
    ):
        info = PngInfo()
        info.add_text("dwlab", text)
        Image.new("RGB", (8, 8)).save(root / "made.png", pnginfo=info)
        images.save_picture(root, (root / "made.png").read_bytes())
    (root / "dwlab.sqlite").unlink()
    assert len(pixels(root)) == CELLS


BROKEN = {
    "no pixels": pngs.SIGNATURE + pngs.header() + pngs.text("dwlab", OURS) + pngs.END,
    "pixels that are not packed": pngs.SIGNATURE
    + pngs.header()
    + pngs.text("dwlab", OURS)
    + pngs.chunk(b"IDAT", b"x" * 99)
    + pngs.END,
    "too few pixels": pngs.SIGNATURE
    + pngs.header(900, 900)
    + pngs.text("dwlab", OURS)
    + pngs.PIXELS
    + pngs.END,
    "an empty header": pngs.SIGNATURE
    + pngs.chunk(b"IHDR")
    + pngs.text("dwlab", OURS)
    + pngs.PIXELS
    + pngs.END,
}


@pytest.mark.parametrize("harm", BROKEN)
def test_pictures_that_cannot_be_decoded_do_not_keep_the_others_from_being_read_back(
    root: Path, harm: str
) -> None:
    """Under the hash of their own bytes, so that nothing but decoding tells."""
    name = images.save_picture(root, BROKEN[harm])
    (root / "dwlab.sqlite").unlink()
    assert len(pixels(root)) == CELLS
    assert images.read_picture(root / name) is None


# -- reading --------------------------------------------------------------------------------------


def read(root: Path) -> dict[str, str]:
    """What a reader sees: nothing that it has to make or mend."""
    with Store(root, read=True) as opened:
        return {row["key"]: row["pixels"] for row in opened.cells.rows()}


def test_a_reader_sees_the_rows_and_touches_nothing(root: Path) -> None:
    left = root / "images" / dead_temporary()
    left.touch()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert len(read(root)) == CELLS
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert pixels(root) == read(root) and not left.exists(), "who writes cleans up"


def test_a_reader_writes_no_row(root: Path) -> None:
    with pytest.raises(StoreError, match="readonly"), Store(root, read=True) as opened:
        opened.add(CellRow("new", "{}", "w", "float32", "cpu", "failed", "why"))


@pytest.mark.parametrize("harm", [_header, _page, _half, _table, _noise])
def test_a_reader_says_that_a_store_is_damaged_and_leaves_it_to_who_writes(
    root: Path, filled: Path, harm: Callable[[bytes], bytes]
) -> None:
    path = root / "dwlab.sqlite"
    path.write_bytes(damaged := harm(path.read_bytes()))
    with pytest.raises(
        StoreError, match=r"dwlab.sqlite is damaged: run a sweep, which sets it aside"
    ):
        read(root)
    assert path.read_bytes() == damaged and not (root / "quarantine").exists()
    assert pixels(root) == pixels(filled) == read(root)


def test_a_reader_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        read(tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_a_reader_finds_its_folder_whatever_its_name(root: Path) -> None:
    assert len(read(root.rename(root.with_name("a ?mode=ro&b#c%20é")))) == CELLS


def test_a_reader_of_an_older_store_brings_it_up_to_date(root: Path, filled: Path) -> None:
    """Of no version at all here: SQLite takes a file of no bytes for a database."""
    (root / "dwlab.sqlite").write_bytes(b"")
    assert read(root) == read(filled)


READ_ONLY = """
import sys
from pathlib import Path
from faults.child import obey_permissions
from dwlab.runs.results import Results
obey_permissions()
print(len(Results(Path(sys.argv[1])).table()))
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_reader_reads_an_older_store_that_cannot_be_written(root: Path) -> None:
    """Like one on a disk that is mounted read-only."""
    path = root / "dwlab.sqlite"
    with closing(sqlite3.connect(path)) as sql:
        late = ("history_runs", "history_entries", "mark_changes", "measured_columns", "traces")
        for table in late:
            sql.execute(f"DROP TABLE {table}")
        sql.execute("DROP INDEX marks_by_mark")
        sql.execute("ALTER TABLE attempts DROP COLUMN traceback")
        without_shares(sql)
        sql.execute("PRAGMA user_version = 6")
    before = path.read_bytes()
    path.chmod(0o444)
    root.chmod(0o555)
    command = [sys.executable, "-c", READ_ONLY, root]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    root.chmod(0o755)
    assert ended.stdout.strip() == str(CELLS), ended.stderr
    assert path.read_bytes() == before


def test_a_reader_leaves_a_newer_store_alone(root: Path) -> None:
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
        sql.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer dwlab"):
        read(root)


# -- temporaries ----------------------------------------------------------------------------------


def dead_temporary(node: str = atomic._MACHINE) -> str:
    """A name of a temporary file whose process is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return f".tmp-{node}-{process.pid}-1-0.png"


def test_temporaries_of_the_dead_are_removed_where_they_can_lie_and_no_others(
    root: Path, tmp_path: Path
) -> None:
    dead, outside = dead_temporary(), tmp_path / "outside"
    outside.mkdir()
    (root / "small").mkdir(exist_ok=True)
    (root / "linked").symlink_to(outside)
    shard = next((root / "images").iterdir())
    gone = [root / "small" / dead, shard / dead]
    kept = [
        outside / dead,  # what a link leads to is not ours
        shard / f".tmp-{atomic._MACHINE}-{os.getpid()}-1-0.png",
        shard / dead_temporary("0" * 8),  # another machine's, on a shared disk
        shard / ".tmp-notes",
    ]
    for path in (*gone, *kept):
        path.touch()
    Store(root).close()
    assert [path for path in (*gone, *kept) if path.exists()] == kept


# -- other processes ------------------------------------------------------------------------------


def test_an_experiment_is_run_by_one_process_at_a_time(root: Path, model: str) -> None:
    with experiment_lock(root, "small"):
        before = (root / "dwlab.sqlite").read_bytes()
        with pytest.raises(
            StoreError, match=r"'small' is being run by another process.*wait until it ends"
        ):
            run(small_sweep(model), results=root, render=fake_render)
        assert (root / "dwlab.sqlite").read_bytes() == before
        with experiment_lock(root, "other"):
            pass
        assert small_sweep(model).name in read_names(root), "reading needs no lock"
    assert run(small_sweep(model), results=root, render=fake_render).reused == CELLS


def read_names(root: Path) -> list[str]:
    with Store(root, read=True) as opened:
        return list(opened.experiments.specs())


HOLD = """
import sys, pathlib
from dwlab.store.experiment_lock import experiment_lock
with experiment_lock(pathlib.Path(sys.argv[1]), "small"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file locks of POSIX")
def test_a_killed_process_holds_no_experiment(root: Path, model: str) -> None:
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, root], env=os.environ | {"PYTHONPATH": path}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another process"):
            run(small_sweep(model), results=root, render=fake_render)
        other.kill()
    assert run(small_sweep(model), results=root, render=fake_render).reused == CELLS


def test_a_lock_that_links_out_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "small").mkdir(exist_ok=True)
    (root / "small" / ".lock").unlink(missing_ok=True)
    (root / "small" / ".lock").symlink_to(tmp_path / "outside")
    with (
        pytest.raises(StoreError, match="cannot be used"),
        experiment_lock(root, "small"),
    ):
        pass
    assert not (tmp_path / "outside").exists()


def test_where_there_are_no_file_locks_runs_go_on_without(
    root: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise OSError(errno.ENOSYS, "flock is not there")

    monkeypatch.setattr("fcntl.flock", missing)
    with experiment_lock(root, "small"):
        assert run(small_sweep(model), results=root, render=fake_render).reused == CELLS


def test_a_locked_store_is_not_a_damaged_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    before = (root / "dwlab.sqlite").read_bytes()
    with closing(sqlite3.connect(root / "dwlab.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"locked.* in use by another process"):
            Store(root)
    assert (root / "dwlab.sqlite").read_bytes() == before and not (root / "quarantine").exists()
    assert len(pixels(root)) == CELLS


def test_rows_wait_while_another_process_writes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    row = CellRow("new", "{}", "w", "float32", "cpu", "failed", "why")
    with (
        Store(root) as opened,
        closing(sqlite3.connect(root / "dwlab.sqlite", isolation_level=None)) as other,
    ):
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
        before = opened.cells.rows()[0]
        opened.add(CellRow(before["key"], "{}", "other", "float16", "cpu", "failed", "late"))
        opened.flush()
        assert next(
            fields(row) for row in opened.cells.rows() if row["key"] == before["key"]
        ) == fields(before)


def test_a_finished_cell_whose_picture_is_gone_is_done_again_and_its_row_mended(
    root: Path, model: str
) -> None:
    """Its new file may have another name: other versions or companions give other pixels."""
    rows = sorted(root.glob("images/*/*.png"))
    rows[0].unlink()
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
        for number, name in ((1, "images/00/another.png"), (2, "elsewhere.png")):
            sql.execute(
                "UPDATE cells SET image = ? WHERE image = ?",
                (name, rows[number].relative_to(root).as_posix()),
            )
        sql.commit()
    assert Sweep(**small_sweep(model).as_dict()).plan(root).todo == 3
    outcome = run(small_sweep(model), results=root, render=fake_render)
    assert (outcome.made, outcome.reused) == (3, CELLS - 3)
    with Store(root) as opened:
        assert all((root / row["image"]).exists() for row in opened.cells.rows("small"))
    assert run(small_sweep(model), results=root, render=fake_render).made == 0


def test_a_cell_whose_picture_is_gone_and_that_fails_now_is_a_failed_one(root: Path) -> None:
    shutil.rmtree(root / "images")
    with Store(root) as opened:
        before = opened.cells.rows()[0]
        assert opened.cells.statuses([before["key"]]) == {}
        opened.add(
            CellRow(before["key"], before["params"], "w", "float32", "cpu", "failed", "late")
        )
        opened.flush()
        assert opened.cells.statuses([before["key"]]) == {before["key"]: "failed"}


def test_a_picture_that_was_cut_short_is_written_again(tmp_path):
    from dwlab.store.images import save_picture

    path = tmp_path / save_picture(tmp_path, b"a picture's bytes")
    path.write_bytes(b"a pic")
    assert save_picture(tmp_path, b"a picture's bytes") == path.relative_to(tmp_path).as_posix()
    assert path.read_bytes() == b"a picture's bytes"
