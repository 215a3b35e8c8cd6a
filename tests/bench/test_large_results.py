"""A large results folder, written without a sweep, is as a sweep would have left it."""

from __future__ import annotations

from dwlab.bench.large_results import NAME, fill
from dwlab.runs.results import Results
from dwlab.store.garbage import find_garbage
from dwlab.store.integrity import verify


def test_a_large_folder_is_whole_and_has_every_cell(tmp_path):
    fill(tmp_path, 1_000)
    table = Results(tmp_path).table(NAME)
    assert len(table) == 1_000
    assert list(table.attrs["axes"]) == ["prompt", "steps", "guidance", "scheduler", "seed"]
    assert verify(tmp_path).pictures == 1_000
    assert verify(tmp_path).good
    assert not find_garbage(tmp_path)
