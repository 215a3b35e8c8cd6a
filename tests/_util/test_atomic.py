"""A file that is written atomically is there whole or not at all."""

from __future__ import annotations

import pytest

from dwlab._util.atomic import replacing, sweep_temporaries, write_atomic
from dwlab._util.regular_file import open_regular


def test_a_file_is_written_into_folders_that_are_made_for_it(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    write_atomic(path, b"text")
    assert path.read_bytes() == b"text"


def test_an_error_while_writing_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "file.txt"
    write_atomic(path, b"old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_bytes(b"half of the ne")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_temporary_files_of_a_living_process_are_left_alone(tmp_path):
    path = tmp_path / "file.txt"
    with replacing(path) as temporary:
        temporary.write_bytes(b"new")
        assert sweep_temporaries(tmp_path, depth=0) == 0
    assert path.read_bytes() == b"new"


def test_a_folder_that_is_gone_has_no_temporary_files(tmp_path):
    assert sweep_temporaries(tmp_path / "gone", depth=2) == 0


def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path):
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path)
