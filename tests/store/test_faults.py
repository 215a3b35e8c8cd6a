"""A full disk or a bad sector at any file call: a clear error, a sound store, and the same command goes on (R7)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from faults.harness import Call, Forge, finished, store_damage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

pytest_plugins = ["faults.plugin"]
CELLS = 8  # of the small sweep in faults/child.py


@pytest.fixture(scope="module")
def calls(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    ended = forge.run(tmp_path_factory.mktemp("whole") / "results")
    assert ended.code == 0, ended
    return ended.calls


def first_of_each_kind(calls: Iterable[Call]) -> list[int]:
    kinds: dict[str, int] = {}
    for call in calls:
        kinds.setdefault(call.kind, call.number)
    return list(kinds.values())


def fail_and_go_on(forge: Forge, folder: Path, fault: str) -> str:
    """Run with a fault, check what it leaves, then carry on without; returns the error, if one was told."""
    root = folder / fault.replace(":", "-")
    ended = forge.run(root, fault=fault)
    assert ended.code in (0, 1), (fault, ended.report, ended.err)
    assert (
        ended.error.startswith("StoreError: the results folder") if ended.code else not ended.error
    ), (fault, ended)
    if (root / "dwlab.sqlite").exists():  # as it was left, before dwlab opens it again
        with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
            assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)], fault
    assert not store_damage(root, set(ended.acked)), fault
    again = forge.run(root)
    assert again.code == 0 and again.report["reused"] >= len(set(ended.acked)), (fault, again)
    assert not store_damage(root, set(ended.acked) | set(again.acked)), fault
    return ended.error


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_one_failing_call_of_each_kind(
    forge: Forge, tmp_path: Path, calls: list[Call], error: str
) -> None:
    told = [fail_and_go_on(forge, tmp_path, f"fail:{k}:{error}") for k in first_of_each_kind(calls)]
    assert sum(map(bool, told)) >= len(told) // 2, (
        "most of these calls matter, so most of the faults must be told"
    )
    assert_all_alike(tmp_path)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_every_call_fails_from_some_point_on(
    forge: Forge, tmp_path: Path, calls: list[Call], error: str
) -> None:
    for k in (1, 2, len(calls) // 4, len(calls) // 2, len(calls) - 3):
        assert fail_and_go_on(forge, tmp_path, f"fail:{k}:{error}:on"), "this cannot have gone well"
    assert_all_alike(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_each_call_failing_in_turn(
    forge: Forge, tmp_path: Path, calls: list[Call], error: str
) -> None:
    told = [fail_and_go_on(forge, tmp_path, f"fail:{call.number}:{error}") for call in calls]
    print(
        f"{len(told)} calls failed with {error}: {sum(map(bool, told))} told as StoreError, the rest were harmless"
    )
    assert_all_alike(tmp_path)


def assert_all_alike(folder: Path) -> None:
    """Every folder was carried on to the same cells and pixels."""
    results = [finished(root) for root in folder.iterdir()]
    assert len(results[0]) == CELLS and all(result == results[0] for result in results)
