"""A lock is held by one at a time, and let go of at the end."""

from __future__ import annotations

import pytest

from dwlab._util.lock import locked


def test_a_lock_that_is_held_is_refused_at_once(tmp_path):
    path = tmp_path / "folder" / "lock"
    with locked(path), pytest.raises(BlockingIOError), locked(path):
        pass


def test_a_lock_can_be_taken_again_after_it_was_released(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "lock"):
            pass


def test_a_lock_is_released_after_an_error(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), locked(path):
        raise ZeroDivisionError
    with locked(path):
        pass
