"""kill -9 anywhere in a sweep loses nothing that was acknowledged (R1, R2), and a naive control does."""

from __future__ import annotations

import itertools
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.harness import Call, Damage, Ended, Forge, finished, naive_damage, store_damage

from dwlab.store.integrity import verify
from dwlab.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytest_plugins = ["faults.plugin"]
Inspect = "Callable[[Path, set[str]], Damage]"
CELLS = 8  # of the small sweep in faults/child.py


@dataclass(frozen=True)
class Kill:
    """When a child dies: at a file call (see io_faults.c), or after so many seconds."""

    fault: str = ""
    after: float | None = None


@dataclass
class Toll:
    """What a series of kills did."""

    runs: int = 0
    kills: int = 0
    acknowledged: int = 0
    damage: Damage = field(default_factory=Damage)

    def __str__(self) -> str:
        found = {name: len(value) for name, value in vars(self.damage).items()}
        return (
            f"{self.kills} kills in {self.runs} folders, {self.acknowledged} acknowledged: {found}"
        )

    def take(self, damage: Damage) -> None:
        for name, value in vars(damage).items():
            getattr(self.damage, name).extend(value)


@dataclass(frozen=True)
class Reference:
    """An uninterrupted run: its calls, how long it took, and its cells by key."""

    ended: Ended
    cells: dict[str, str]


@pytest.fixture(scope="module")
def reference(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    root = tmp_path_factory.mktemp("reference") / "results"
    ended = forge.run(root)
    assert ended.code == 0 and len(ended.acked) == CELLS, ended
    assert not store_damage(root, set(ended.acked))
    return Reference(ended, finished(root))


def named_points(calls: Iterable[Call]) -> list[Call]:
    """The first and the last call of each kind: opening, writing, syncing, renaming, of each sort of file."""
    kinds: dict[str, list[Call]] = {}
    for call in calls:
        kinds.setdefault(call.kind, []).append(call)
    return [call for same in kinds.values() for call in dict.fromkeys((same[0], same[-1]))]


def every_way(points: Iterable[Call]) -> Iterator[Kill]:
    """Each point killed before it, after it, and in the middle of what it writes."""
    for call in points:
        ways = (f"kill:{call.number}:before", f"kill:{call.number}:after", f"torn:{call.number}")
        yield from (Kill(way) for way in (ways if "write" in call.name else ways[:2]))


def random_times(seed: int, seconds: float) -> Iterator[Kill]:
    """Kills at random times of a run that takes about so long, without end."""
    chance = random.Random(seed)
    while True:
        yield Kill(after=chance.uniform(0, seconds))


def devastate(
    forge: Forge,
    folder: Path,
    work: str,
    inspect: Inspect,
    kills: Iterable[Kill],
    *,
    enough: int | None = None,
    chain: int = 1,
) -> Toll:
    """Run `work`, kill it and look for damage, `chain` times over in one folder, then let it finish; again in the next.

    Ends with `kills`, or with `enough` children killed: one that finished before its time does not count.
    """
    toll, kills = Toll(), iter(kills)
    while (enough is None or toll.kills < enough) and (
        some := list(itertools.islice(kills, chain))
    ):
        root, acked = folder / f"{toll.kills}-{toll.runs}", set[str]()
        for kill in some:
            ended = forge.run(root, work, fault=kill.fault, kill_after=kill.after)
            assert ended.code == -9 or (kill.after is not None and ended.code == 0), (kill, ended)
            toll.kills += ended.code == -9
            acked |= set(ended.acked)
            toll.take(inspect(root, acked))
        last = forge.run(root, work)
        assert last.code == 0, last
        toll.runs += 1
        toll.acknowledged += len(acked)
        toll.take(inspect(root, acked | set(last.acked)))
        if inspect is store_damage:  # what was acknowledged is not computed again
            assert last.report["reused"] >= len(acked)
            assert not list(root.glob("*-journal"))
    return toll


def carried_on(folder: Path, reference: Reference) -> bool:
    """Whether every folder ended with the very cells and pixels of the uninterrupted run."""
    roots = list(folder.iterdir())
    return bool(roots) and all(finished(root) == reference.cells for root in roots)


@pytest.mark.parametrize(
    "count", [20, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_kills_at_random_times_lose_nothing(
    forge: Forge, tmp_path: Path, reference: Reference, count: int
) -> None:
    kills = random_times(count, reference.ended.report["seconds"])
    toll = devastate(forge, tmp_path, "sweep", store_damage, kills, enough=count, chain=2)
    print(toll)
    assert not toll.damage and toll.acknowledged and carried_on(tmp_path, reference)


def test_kills_at_named_points_lose_nothing(
    forge: Forge, tmp_path: Path, reference: Reference
) -> None:
    kills = list(every_way(named_points(reference.ended.calls)))
    chance = random.Random(1)
    toll = devastate(forge, tmp_path, "sweep", store_damage, chance.sample(kills, 24))
    print(toll)
    assert not toll.damage and carried_on(tmp_path, reference)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_at_every_file_call_lose_nothing(
    forge: Forge, tmp_path: Path, reference: Reference
) -> None:
    toll = devastate(forge, tmp_path, "sweep", store_damage, every_way(reference.ended.calls))
    print(toll)
    assert not toll.damage and carried_on(tmp_path, reference)


def test_a_naive_control_fails_the_same_kills(forge: Forge, tmp_path: Path) -> None:
    calls = forge.run(tmp_path / "whole", "naive").calls
    toll = devastate(forge, tmp_path, "naive", naive_damage, every_way(named_points(calls)))
    print(toll)
    assert toll.damage.torn and toll.damage.lost


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_naive_control_fails_at_every_file_call(forge: Forge, tmp_path: Path) -> None:
    calls = forge.run(tmp_path / "whole", "naive").calls
    toll = devastate(forge, tmp_path, "naive", naive_damage, every_way(calls))
    print(toll)
    assert toll.damage.torn and toll.damage.lost


def test_a_picture_is_on_disk_before_its_row(reference: Reference) -> None:
    """What a kill cannot show, as the system keeps unsynced pages: the order that a power cut tests."""
    calls = reference.ended.calls
    renames = [k for k, call in enumerate(calls) if call.name == "rename"]
    assert len(renames) == CELLS
    for k in renames:
        folder = Path(calls[k].path).parent
        assert calls[k - 1].kind == "fsync temporary"
        assert (calls[k + 1].name, Path(calls[k + 1].path)) == ("fsync", folder)
    made = {
        call.path: call
        for call in reversed(calls)
        if call.name == "mkdir" and "images" in call.path
    }
    for (
        path,
        call,
    ) in made.items():  # a new folder is an entry in its parent, which has to last as well
        after = itertools.takewhile(lambda c: c.name != "rename", calls[call.number :])
        assert str(Path(path).parent) in [c.path for c in after if c.name == "fsync"]


def test_a_kill_while_a_damaged_store_is_mended_loses_no_picture(
    forge: Forge, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    assert forge.run(broken).code == 0
    (broken / "dwlab.sqlite").write_bytes(b"not a database at all" * 1000)
    calls = forge.run(shutil.copytree(broken, tmp_path / "whole"), "reopen").calls
    assert any(call.name == "rename" for call in calls)
    for number, kill in enumerate(every_way(named_points(calls))):
        root = shutil.copytree(broken, tmp_path / str(number))
        assert forge.run(root, "reopen", fault=kill.fault).code == -9
        assert forge.run(root, "reopen").code == 0
        assert len(finished(root)) == CELLS, kill
        with closing(sqlite3.connect(root / "dwlab.sqlite")) as sql:
            assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert [
            p
            for p in (root / "quarantine").iterdir()
            if p.read_bytes().startswith(b"not a database")
        ]


def test_a_kill_while_damaged_pictures_are_replaced_leaves_what_the_next_run_mends(
    forge: Forge, tmp_path: Path
) -> None:
    """As many bytes as before and no rows: each picture is found damaged when it is saved again."""
    whole = tmp_path / "whole"
    assert forge.run(whole).code == 0
    pictures = finished(whole)
    hurt = shutil.copytree(whole, tmp_path / "hurt")
    for path in hurt.glob("images/*/*.png"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    (hurt / "dwlab.sqlite").unlink()
    calls = forge.run(shutil.copytree(hurt, tmp_path / "counted")).calls
    points = [call for call in named_points(calls) if ".png" in call.path]
    assert {call.name for call in points} >= {"open", "write", "rename"}
    for number, kill in enumerate(every_way(points)):
        root = shutil.copytree(hurt, tmp_path / str(number))
        assert forge.run(root, fault=kill.fault).code == -9
        assert forge.run(root).code == 0
        assert not store_damage(root, set()) and finished(root) == pictures and verify(root).good, (
            kill
        )


def test_a_reader_sees_what_was_acknowledged_right_after_a_kill(
    forge: Forge, tmp_path: Path, reference: Reference
) -> None:
    """Also in the midst of a commit, which leaves a journal: whoever opens the store next has to undo the half."""
    commits = [call.number for call in reference.ended.calls if call.kind == "fdatasync .sqlite"]
    for number in commits[-2:]:
        root = tmp_path / str(number)
        ended = forge.run(root, fault=f"kill:{number}:before")
        assert ended.acked and (root / "dwlab.sqlite-journal").exists()
        with Store(root, read=True) as store:
            assert {row["key"] for row in store.cells.rows("small")} == set(ended.acked)
        assert finished(root).keys() == set(ended.acked)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_of_a_real_sweep_lose_nothing(forge: Forge, tmp_path: Path) -> None:
    whole = forge.run(tmp_path / "whole", "real")
    assert whole.code == 0 and len(whole.acked) == 12, whole
    kills = random_times(2, whole.report["seconds"])
    toll = devastate(forge, tmp_path / "killed", "real", store_damage, kills, enough=10)
    print(toll)
    assert not toll.damage and toll.acknowledged
    pictures = finished(tmp_path / "whole")
    assert all(finished(root) == pictures for root in (tmp_path / "killed").iterdir())
