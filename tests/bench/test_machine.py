"""The machine's description and messages without paths."""

from __future__ import annotations

import pytest

from dwlab.bench.machine import without_paths


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no file /home/ann/models/x.bin here", "no file x.bin here"),
        ("C:\\Users\\ann\\models\\x.bin", "x.bin"),
        ("2/3 of it", "2/3 of it"),
        ("file:/home/ann/x: gone", "file:x: gone"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
    ],
)
def test_only_the_last_part_of_a_path_stays_in_a_message(text, shown):
    assert without_paths(text) == shown
