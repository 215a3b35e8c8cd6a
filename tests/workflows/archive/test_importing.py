"""Exports of strangers: what is hostile, wrong or cut short is refused, and nothing that is here is lost."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from contextlib import closing

import pytest
from faults.child import fake_render
from PIL import Image
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store.store import Store
from dwlab.workflows.archive import importing, sources
from dwlab.workflows.archive import votes as archived_votes
from dwlab.workflows.archive.exporting import export
from dwlab.workflows.archive.importing import import_sweep

ROWS = "rows.jsonl"


def dw(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def everything(root):
    """All rows but the attempts, and the bytes of all pictures."""
    tables = ("cells", "experiments", "membership", "metrics", "measurements", "marks", "votes")
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file:
        rows = {
            table: sorted(map(repr, file.execute(f"SELECT * FROM {table}"))) for table in tables
        }
        rows["attempts"] = file.execute("SELECT COUNT(*) FROM attempts").fetchall()
    return rows, {path: path.read_bytes() for path in root.glob("i*/**/*.png")}


def experiments(root):
    return dwlab.Results(root).experiments()


@pytest.fixture
def files(packed):
    return contents(packed)


@pytest.fixture
def lines(files):
    return [json.loads(line) for line in files[ROWS].splitlines()]


def with_rows(files, lines):
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    return {**files, ROWS: text.encode()}


# ---- what is refused


HOSTILE_NAMES = [
    "../evil.png",
    "images/../../evil.png",
    "/etc/evil.png",
    "images//evil.png",
    "C:/evil.png",
    "C:evil.png",
    "images\\..\\..\\evil.png",
    "./sweep.json",
    "IMAGES/x.png/../y",
    "Sweep.JSON",
    "images/evil\x1b[2J.png",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_lead_elsewhere_or_collide_are_refused(files, tmp_path, name):
    path = zipped(tmp_path / "evil.zip", {**files, name: b"x"})
    before = {*tmp_path.rglob("*")}
    with pytest.raises(InvalidInput, match="no export of dwlab"):
        import_sweep(tmp_path / "results", path)
    assert {*tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK]
)
def test_links_and_devices_in_a_zip_are_refused(files, tmp_path, kind):
    path = zipped(tmp_path / "evil.zip", files)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("images/link.png")
        entry.create_system = 3
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(InvalidInput, match="links or devices"):
        import_sweep(tmp_path / "results", path)


def a_link(path):
    data = path.parent / "elsewhere"
    shutil.move(path, data)
    path.symlink_to(data)


def a_link_to_a_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_linked_folder(path):
    folder = path.parent
    moved = folder.with_name("moved")
    shutil.move(folder, moved)
    folder.symlink_to(moved, target_is_directory=True)


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
@pytest.mark.parametrize("change", [a_link, a_link_to_a_device, a_pipe, a_folder])
@pytest.mark.parametrize("name", ["sweep.json", "votes.jsonl"])
def test_links_pipes_and_folders_in_a_folder_are_refused(packed, tmp_path, change, name):
    folder = tmp_path / "export"
    shutil.unpack_archive(packed, folder)
    change(folder / name)
    with pytest.raises(InvalidInput, match="plain file"):
        import_sweep(tmp_path / "results", folder)
    assert experiments(tmp_path / "results") == []


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
@pytest.mark.parametrize("change", [a_link, a_link_to_a_device, a_pipe, a_folder, a_linked_folder])
def test_pictures_that_are_no_plain_files_are_refused(packed, lines, tmp_path, change):
    folder = tmp_path / "export"
    shutil.unpack_archive(packed, folder)
    change(folder / lines[2]["image"])
    with pytest.raises(InvalidInput, match="file"):
        import_sweep(tmp_path / "results", folder)
    assert experiments(tmp_path / "results") == []


def other_value(name, value):
    def change(line):
        line[name] = value

    return change


def other_seed(line):
    line["params"]["seed"] += 1


def path_as_model(line):
    line["params"]["model"] = "/etc"


def path_as_image(line):
    line["params"]["image"] = "/etc/passwd"


def path_as_lora(line):
    line["params"]["loras"] = [{"file": "/etc/passwd", "sha256": "0" * 64}]


def no_key(line):
    del line["key"]


BAD_ROWS = [
    other_seed,
    path_as_model,
    path_as_image,
    path_as_lora,
    no_key,
    other_value("key", "0" * 64),
    other_value("weights", "1" * 64),
    other_value("dtype", "float16"),
    other_value("mode", "exact:8"),
    other_value("mode", "exact:99999999999999999999"),
    other_value("image", "images/../../evil.png"),
    other_value("image", "/etc/passwd"),
    other_value("image", f"images/00/{'0' * 64}.png"),
    other_value("image", 5),
    other_value("pixels", "0" * 64),
    other_value("bytes", 1),
    other_value("bytes", -1),
    other_value("bytes", 1e300),
    other_value("seconds", float("nan")),
    other_value("created", "<script>"),
    other_value("status", "fine"),
    other_value("device", "x" * 1000),
    other_value("position", -1),
    other_value("position", 10**30),
    other_value("axes", [1]),
    other_value("params", {"seed": 1}),
    other_value("versions", "1"),
    other_value("metrics", {"x; DROP TABLE cells": [1, 1]}),
    other_value("metrics", {"x": [1, {"a": 1}]}),
    other_value("marks", {"pin": [1, "2026-01-01T00:00:00"]}),
    other_value("marks", {"stars": [9, "2026-01-01T00:00:00"]}),
    other_value("axes", {"colour": "\ud800"}),
]


@pytest.mark.parametrize("change", BAD_ROWS)
def test_a_row_that_is_not_what_it_says_is_refused(files, lines, tmp_path, change):
    change(lines[3])
    path = zipped(tmp_path / "evil.zip", with_rows(files, lines))
    result = dw("import", path, "--results", tmp_path / "results")
    assert result.exit_code == 2, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert experiments(tmp_path / "results") == []
    with Store(tmp_path / "results") as store:
        assert len(store.cells.rows()) == 0


@pytest.mark.parametrize(
    "line",
    [b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 20_000, b"x" * (2 << 20), b"null", b""],
)
def test_lines_that_are_no_rows_are_refused(files, tmp_path, line):
    path = zipped(tmp_path / "evil.zip", {**files, ROWS: files[ROWS] + line + b"\n"})
    with pytest.raises(InvalidInput, match=r"rows\.jsonl"):
        import_sweep(tmp_path / "results", path)
    assert experiments(tmp_path / "results") == []


def test_missing_rows_are_noticed(files, lines, tmp_path):
    path = zipped(tmp_path / "cut.zip", with_rows(files, lines[:-1]))
    with pytest.raises(InvalidInput, match="5 rows"):
        import_sweep(tmp_path / "results", path)
    assert experiments(tmp_path / "results") == []


def flipped(data):
    return data[:200] + bytes([data[200] ^ 1]) + data[201:]


def without_recipe(data):
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).save(out, "PNG")
    return out.getvalue()


def as_jpeg(data):
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).save(out, "JPEG")
    return out.getvalue()


def huge(_data):
    """A PNG that says it has 10,000 times 10,000 pixels."""
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    return out.getvalue()


def renamed(line, data):
    """A row that names a picture by the hash of its new bytes."""
    import hashlib

    digest = hashlib.sha256(data).hexdigest()
    return {**line, "image": f"images/{digest[:2]}/{digest}.png", "bytes": len(data)}


@pytest.mark.parametrize(
    "change", [flipped, without_recipe, as_jpeg, huge, lambda _: b"", lambda d: d[:-20]]
)
@pytest.mark.parametrize("rename", [False, True])
def test_a_picture_that_is_not_its_rows_is_refused(files, lines, tmp_path, change, rename):
    name = lines[3]["image"]
    data = change(files[name])
    files = {**files, name: data}
    if rename:
        lines[3] = renamed(lines[3], data)
        files = with_rows({**files, lines[3]["image"]: data}, lines)
    path = zipped(tmp_path / "evil.zip", files)
    with pytest.raises(InvalidInput):
        import_sweep(tmp_path / "results", path)
    assert experiments(tmp_path / "results") == []
    stored = {path.name for path in (tmp_path / "results").glob("images/*/*.png")}
    assert f"{name[10:]}" not in stored


def test_a_picture_of_another_cell_is_refused(files, lines, tmp_path):
    lines[3] |= {name: lines[4][name] for name in ("image", "pixels", "bytes")}
    path = zipped(tmp_path / "evil.zip", with_rows(files, lines))
    with pytest.raises(InvalidInput, match="recipe"):
        import_sweep(tmp_path / "results", path)


HOSTILE_SPECS = [
    "name: small\nbase: !!python/object/apply:os.system [touch evil]\n",
    "name: small\nbase: &a {x: *a}\n",
    "name: small\naxes: {seed: {range: [0, 1000000000000]}}\n",
    "name: ../evil\n",
    "name: small\nmodel: /etc\n",
    "name: small\nbase: {prompt: x, image: /etc/passwd}\n",
    "name: small\naxes: {image: {folder: /}}\nbase: {prompt: x}\n",
    "name: small\naxes: {image: {glob: '/**'}}\nbase: {prompt: x}\n",
    "name: small\nbase: {prompt: x, loras: [{file: ../../evil.safetensors}]}\n",
    "name: small\nbase: {prompt: x, vae: ~/evil}\n",
    "- 1\n",
    "name: [",
    "\x00",
]


@pytest.mark.parametrize("text", HOSTILE_SPECS)
def test_a_sweep_with_code_paths_or_other_yaml_is_refused(files, tmp_path, text):
    path = zipped(tmp_path / "evil.zip", {**files, "experiment.yaml": text})
    result = dw("import", path, "--results", tmp_path / "results")
    if "1000000000000" in text:
        # it may say so: its cells are those in the rows, and running it is refused as ever
        assert result.exit_code in (0, 2), result.output
        return
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "evil").exists() and not (tmp_path / "results").exists()


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", b'{"format": "x"}', b"[" * 100_000, b"\xff"])
def test_a_damaged_sweep_file_is_refused_in_a_line(files, tmp_path, text):
    path = zipped(tmp_path / "evil.zip", {**files, "sweep.json": text})
    result = dw("import", path, "--results", tmp_path / "results")
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1


def test_a_bomb_is_not_unpacked(files, lines, tmp_path):
    """A picture of 64 MiB of zeros in 64 KiB of zip."""
    path = zipped(tmp_path / "bomb.zip", {n: d for n, d in files.items() if n != lines[0]["image"]})
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(lines[0]["image"], "w", force_zip64=True) as file,
    ):
        for _ in range(64):
            file.write(bytes(1 << 20))
    with pytest.raises(InvalidInput, match="at most"):
        import_sweep(tmp_path / "results", path)


def test_a_zip_that_says_its_list_of_files_is_endless_is_refused(packed, tmp_path):
    data = bytearray(packed.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x05\x06") + 12, 1 << 30)
    (tmp_path / "long.zip").write_bytes(data)
    with pytest.raises(InvalidInput, match="list of files"):
        import_sweep(tmp_path / "results", tmp_path / "long.zip")


def test_too_many_files_are_refused(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "FILES_LIMIT", 5)
    with pytest.raises(InvalidInput, match="at most 5 files"):
        import_sweep(tmp_path / "results", packed)


def test_too_many_bytes_are_refused(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "TOTAL_LIMIT", 1000)
    with pytest.raises(InvalidInput, match="at most"):
        import_sweep(tmp_path / "results", packed)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_zip_is_refused(packed, tmp_path, share):
    data = packed.read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(data[: int(len(data) * share)])
    result = dw("import", path, "--results", tmp_path / "results")
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_a_zip_with_random_damage_is_refused_or_is_whole(packed, tmp_path, seed):
    import random

    chance = random.Random(seed)
    data = bytearray(packed.read_bytes())
    for _ in range(20):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path / "damaged.zip"
    path.write_bytes(data)
    root = tmp_path / "results"
    try:
        import_sweep(root, path)
    except InvalidInput:
        assert not root.exists() or experiments(root) == []
    else:
        assert dwlab.Results(root).verify("small").good


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "nowhere.zip"])
def test_what_is_no_file_is_refused(tmp_path, path):
    result = dw("import", path, "--results", tmp_path / "results")
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1


# ---- what is taken in


def test_importing_twice_adds_nothing(packed, tmp_path):
    root = tmp_path / "results"
    import_sweep(root, packed)
    before = everything(root)
    again = import_sweep(root, packed)
    assert (again.new, again.votes, again.is_known) == (0, 0, True)
    assert everything(root) == before
    assert "here already" in str(again)


def test_an_export_comes_home_without_a_change(toy, tmp_path):
    """Into the folder that it came from; the model is on the hub, so that no name changes."""
    root = tmp_path / "results"
    sweep = Sweep("own", base={"prompt": "a {c} circle"}, axes={"c": ["red", "blue"], "steps": [2]})
    run(sweep, results=root, render=fake_render)
    dwlab.Results(root).export("own", tmp_path / "own.zip")
    before = everything(root)
    taken = import_sweep(root, tmp_path / "own.zip")
    assert taken.new == 0 and everything(root) == before


def test_a_later_export_of_a_sweep_that_went_on_brings_the_other_cells(
    files, lines, packed, tmp_path
):
    root = tmp_path / "results"
    part = {**json.loads(files["sweep.json"]), "cells": 4}
    early = {**with_rows(files, lines[:4]), "sweep.json": json.dumps(part).encode()}
    assert import_sweep(root, zipped(tmp_path / "early.zip", early)).new == 4
    taken = import_sweep(root, packed)
    assert (taken.cells, taken.new, taken.is_known) == (6, 2, True)
    assert list(dwlab.Results(root).table("small")["key"]) == [line["key"] for line in lines]


def test_the_same_sweep_with_other_seeds_is_another_experiment(files, lines, packed, tmp_path):
    root = tmp_path / "results"
    half = {**json.loads(files["sweep.json"]), "cells": 3}
    first = {**with_rows(files, lines[:3]), "sweep.json": json.dumps(half).encode()}
    import_sweep(root, zipped(tmp_path / "first.zip", first))
    other = {**half, "seeds": [7, 8, 9]}
    second = {**with_rows(files, lines[3:]), "sweep.json": json.dumps(other).encode()}
    with pytest.raises(InvalidInput, match="another experiment"):
        import_sweep(root, zipped(tmp_path / "second.zip", second))


def test_another_experiment_of_that_name_stays_and_the_import_gets_another_one(
    toy, packed, tmp_path
):
    root = tmp_path / "results"
    other = Sweep(
        "small", model=toy, base={"prompt": "a red circle", "steps": 2}, axes={"seed": [1]}
    )
    run(other, results=root, render=fake_render)
    before = everything(root)
    result = dw("import", packed, "--results", root)
    assert result.exit_code == 2 and "--as" in result.stderr
    assert everything(root) == before
    result = dw("import", packed, "--as", "theirs", "--results", root)
    assert result.exit_code == 0, result.output
    assert set(experiments(root)) == {"small", "theirs"}
    assert len(dwlab.Results(root).table("theirs")) == 6
    with Store(root) as store:
        assert len(store.votes.of("theirs")) == 1 and store.votes.of("small") == []


def test_the_same_twice_under_two_names_has_its_votes_under_both(packed, tmp_path):
    root = tmp_path / "results"
    import_sweep(root, packed)
    taken = import_sweep(root, packed, name="copy")
    assert (taken.new, taken.votes) == (0, 1)
    assert import_sweep(root, packed, name="copy").votes == 0


def test_votes_of_the_same_rater_here_and_elsewhere_all_count(root, packed, tmp_path):
    """Both began to count at 1."""
    with Store(root) as store:
        keys = [member.key for member in store.experiments.members("small")]
        second = store.votes.offer("small", "ann", keys[2], keys[3], waiting=0)
        store.votes.vote(second, "right")
    export(root, "small", tmp_path / "two.zip")
    other = tmp_path / "other"
    import_sweep(other, packed)
    with Store(other) as store:
        pair = store.votes.offer("small", "ann", keys[4], keys[5], waiting=0)
        store.votes.vote(pair, "tie")
    taken = import_sweep(other, tmp_path / "two.zip")
    assert (taken.votes, taken.known_votes) == (1, 1)
    assert "1 new votes, 1 votes that were here already" in str(taken)
    with Store(other) as store:
        assert sorted(vote.pair.number for vote in store.votes.of("small")) == [1, 2, 3]
    assert import_sweep(other, tmp_path / "two.zip").votes == 0


def test_a_sweep_that_travelled_under_another_name_brings_no_vote_home_twice(
    filled, packed, tmp_path
):
    home = shutil.copytree(filled, tmp_path / "home")
    elsewhere = tmp_path / "elsewhere"
    import_sweep(elsewhere, packed, name="theirs")
    export(elsewhere, "theirs", tmp_path / "theirs.zip")
    import_sweep(home, packed, name="copy")
    taken = import_sweep(home, tmp_path / "theirs.zip", name="copy")
    assert (taken.votes, taken.known_votes) == (0, 1)


def test_rows_that_would_fill_the_memory_are_refused(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "MEMBERS_LIMIT", 100)
    with pytest.raises(InvalidInput, match="axes and measurements"):
        import_sweep(tmp_path / "results", packed)


def test_a_refused_import_leaves_no_folder_of_the_experiment(files, lines, tmp_path):
    root = tmp_path / "results"
    path = zipped(tmp_path / "short.zip", with_rows(files, lines[:-1]))
    with pytest.raises(InvalidInput):
        import_sweep(root, path)
    assert not (root / "small").exists()
    assert dw("rm", "small", "--results", root).exit_code == 2
    folder = root / "small"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInput):
        import_sweep(root, path)
    assert (folder / "notes.txt").read_text() == "mine"


def test_too_many_votes_are_refused(files, tmp_path, monkeypatch):
    monkeypatch.setattr(archived_votes, "VOTES_LIMIT", 3)
    votes = files["votes.jsonl"] * 4
    path = zipped(tmp_path / "many.zip", {**files, "votes.jsonl": votes})
    with pytest.raises(InvalidInput, match="votes"):
        import_sweep(tmp_path / "results", path)


def test_a_picture_that_was_made_here_too_stays(toy, filled, packed, lines, tmp_path):
    root = shutil.copytree(filled, tmp_path / "results")
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file, file:
        file.execute("UPDATE cells SET pixels = 'other' WHERE key = ?", (lines[0]["key"],))
    before = everything(root)
    taken = import_sweep(root, packed, name="theirs")
    assert (taken.new, taken.kept) == (0, 1)
    after = everything(root)
    assert after[0]["cells"] == before[0]["cells"] and after[1] == before[1]
    assert "stay as they are" in str(taken)


def test_stars_and_metrics_that_are_here_stay(packed, lines, tmp_path):
    root = tmp_path / "results"
    import_sweep(root, packed)
    with Store(root) as store:
        store.history.set_mark(lines[0]["key"], "stars", 1)
    import_sweep(root, packed, name="again")
    assert dwlab.Results(root).table("again")["stars"][0] == 1


def test_failures_and_pictures_that_are_gone_are_made_good(packed, lines, tmp_path):
    root = tmp_path / "results"
    import_sweep(root, packed)
    (root / lines[0]["image"]).unlink()
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file, file:
        file.execute(
            "UPDATE cells SET status = 'failed', image = NULL, pixels = NULL WHERE key = ?",
            (lines[1]["key"],),
        )
    taken = import_sweep(root, packed)
    assert taken.new >= 1
    assert list(dwlab.Results(root).table("small")["status"]) == ["ok"] * 6
    assert dwlab.Results(root).verify("small").good


def test_pins_stay_at_home(files):
    assert b'"pin"' not in files[ROWS]


def test_a_zip_that_a_person_packed_again_is_taken(files, tmp_path):
    """In a folder, with what macOS and Windows add."""
    added = {"__MACOSX/small/._sweep.json": b"x", "small/.DS_Store": b"x", "small/Thumbs.db": b"x"}
    again = {f"small/{name}": data for name, data in files.items()}
    path = zipped(tmp_path / "again.zip", {**again, **added})
    assert import_sweep(tmp_path / "results", path).new == 6


KILLED = """
import os, signal, sys
from pathlib import Path
from dwlab.workflows.archive.importing import import_sweep
def die(done, total):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
import_sweep(Path(sys.argv[1]), Path(sys.argv[2]), on_cell=die)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_import_that_is_killed_leaves_the_folder_whole_and_goes_on(
    packed, tmp_path, monkeypatch
):
    root = tmp_path / "results"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(root), str(packed), "4"], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert experiments(root) == []
    with Store(root) as store:
        assert store.notes == []
    assert dwlab.Results(root).verify().good
    import_sweep(root, packed)
    whole = tmp_path / "whole"
    import_sweep(whole, packed)
    assert everything(root)[0] == everything(whole)[0]
    assert list(root.rglob(".tmp-*")) == []


def test_an_import_in_the_middle_of_a_run_waits_its_turn(packed, tmp_path):
    from dwlab.store.experiment_lock import experiment_lock

    root = tmp_path / "results"
    with experiment_lock(root, "small"):
        result = dw("import", packed, "--results", root)
    assert result.exit_code == 1 and "another process" in result.stderr
