"""Compiled code outlives its process, and a killed compiler breaks no later one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from torch._dynamo.callback import CallbackTrigger, callback_handler

from dwlab._util.atomic import temporary_name
from dwlab.models import compile_cache
from dwlab.models.compile_cache import CompileCache

COMPILING = """
import torch
from torch._dynamo.utils import counters
from dwlab.models.compilation import compiled

call = compiled(lambda rows: torch.nn.functional.silu(rows) * 2 + 1, "default")
print(call(torch.zeros(4, 8)).sum().item(), counters["inductor"]["fxgraph_cache_hit"])
"""


@pytest.fixture
def shelf(tmp_path):
    return tmp_path / "compiled" / "environment"


def compiled_in(shelf, **files):
    """What a process leaves that compiled some files."""
    cache = CompileCache(shelf)
    cache.fill()
    for name, content in files.items():
        path = cache.folder / "ab" / f"{name}.so"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    cache.keep()
    return cache


def contents(cache):
    return {path.stem: path.read_bytes() for path in cache.folder.rglob("*.so")}


def test_later_processes_have_what_earlier_ones_compiled(shelf):
    compiled_in(shelf, one=b"1" * 1000)
    compiled_in(shelf, two=b"2" * 1000)
    assert contents(compiled_in(shelf)) == {"one": b"1" * 1000, "two": b"2" * 1000}
    assert len(list(shelf.glob("*.zip"))) == 2


def test_two_processes_that_compile_the_same_keep_it_once(shelf):
    caches = [CompileCache(shelf), CompileCache(shelf)]
    for cache in caches:
        cache.fill()
    for cache in caches:
        (cache.folder / "kernel.so").write_bytes(b"the same")
        cache.keep()
    assert len(list(shelf.glob("*.zip"))) == 1


@pytest.mark.parametrize("left", [0, 0.5, 0.99])
def test_a_truncated_archive_is_removed_and_the_others_are_used(shelf, left, caplog):
    compiled_in(shelf, one=os.urandom(1000))
    (archive,) = shelf.glob("*.zip")
    compiled_in(shelf, two=b"2")
    os.truncate(archive, int(archive.stat().st_size * left))
    assert contents(compiled_in(shelf)) == {"two": b"2"}
    assert not archive.exists() and "damaged" in caplog.text


def test_no_byte_of_an_archive_can_change_unseen(shelf):
    content = os.urandom(500)
    compiled_in(shelf, one=content)
    (archive,) = shelf.glob("*.zip")
    whole = archive.read_bytes()
    for place in range(0, len(whole), 7):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert set(contents(compiled_in(shelf)).values()) <= {content}
        archive.write_bytes(whole)


def test_what_a_killed_process_was_writing_is_seen_by_nobody(shelf):
    half_written = CompileCache(shelf)
    half_written.fill()
    (half_written.folder / "kernel.so").write_bytes(b"")
    assert contents(compiled_in(shelf)) == {}


def test_what_an_interrupted_compilation_left_is_used_by_nobody(shelf, monkeypatch):
    cache = compiled_in(shelf, whole=b"1")
    monkeypatch.setattr(compile_cache, "_in_use", cache)
    monkeypatch.setattr(callback_handler, "end_callbacks", [compile_cache._keep])
    compiling = callback_handler.install_callbacks(CallbackTrigger.DYNAMO, "0/0")

    def interrupted():
        with compiling:
            (cache.folder / "half.so").write_bytes(b"")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert contents(cache) == {"whole": b"1"}
    with callback_handler.install_callbacks(CallbackTrigger.DYNAMO, "0/0"):
        (cache.folder / "second.so").write_bytes(b"2")
    assert contents(compiled_in(shelf)) == {"whole": b"1", "second": b"2"}


def test_the_oldest_archives_go_when_all_are_too_large(shelf, monkeypatch):
    monkeypatch.setattr(compile_cache, "LIMIT", 3000)
    older = shelf.parent / "older"
    for number, folder in enumerate([older, shelf, shelf]):
        compiled_in(folder, **{f"kernel{number}": os.urandom(1000)})
        for archive in folder.glob("*.zip"):
            os.utime(archive, (number + 1, number + 1))
    compiled_in(shelf, newest=os.urandom(1000))
    assert not list(older.glob("*.zip"))
    assert len(list(shelf.glob("*.zip"))) == 2


def test_a_folder_of_the_users_own_stays(monkeypatch, tmp_path):
    monkeypatch.setenv(compile_cache.VARIABLE, str(tmp_path))
    monkeypatch.setattr(compile_cache, "_in_use", None)
    compile_cache.use()
    assert os.environ[compile_cache.VARIABLE] == str(tmp_path)


def test_without_a_place_to_write_torch_compiles_where_it_would(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("where the folder would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv(compile_cache.VARIABLE, raising=False)
    monkeypatch.setattr(compile_cache, "_in_use", None)
    compile_cache.use()
    assert compile_cache.VARIABLE not in os.environ
    assert "is not kept" in caplog.text


@pytest.mark.slow
def test_a_second_process_compiles_nothing_even_after_a_killed_one(tmp_path):
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
    }
    environment.pop(compile_cache.VARIABLE, None)

    def process():
        ended = subprocess.run(
            [sys.executable, "-c", COMPILING],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        return ended.stdout.split()

    assert process() == ["32.0", "0"]
    (archive,) = tmp_path.rglob("*.zip")
    # as if the compiler of a process that is dead had been killed
    name = temporary_name("").replace(str(os.getpid()), "999999999")
    dead = archive.parent.parent / name
    dead.mkdir()
    assert process() == ["32.0", "1"]
    assert not dead.exists()
    assert sorted(path.name for path in archive.parent.parent.iterdir()) == [archive.parent.name]
    os.truncate(archive, 100)
    assert process() == ["32.0", "0"]
