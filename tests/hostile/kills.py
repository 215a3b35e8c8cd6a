"""Several processes at work on one store, all killed at random, again and again; a naive control beside them."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faults.harness import Damage, Ended, Forge, naive_damage, store_damage

from dwlab.store.integrity import verify

from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROCESSES = 4
SECONDS, CONTROL_SECONDS = 100, 15  # that either goes on
IN_ONE_FOLDER = 2  # rounds of kills, then all sweeps may end
# seconds, and file calls, within which a process dies: about what it would need to end
LIFE, CALLS = 0.4, 150
CONTROL_LIFE, CONTROL_CALLS = 0.1, 40


@dataclass
class Crew:
    """Processes that work on one folder at a time, and what they said was committed there."""

    forges: list[Forge]
    work: str
    life: float
    calls: int
    chance: random.Random
    kills: int = 0
    acked: set[str] = field(default_factory=set)

    def round(self, root: Path, *, kill: bool) -> list[Ended]:
        """Let all of them work at once; kill: each dies at a point of its own, unless it has finished by then."""
        deaths = [self.death() if kill else {} for _ in self.forges]

        def live(number: int) -> Ended:
            argument = [self.forges[0].model, number] if self.work == "crowd" else None
            return self.forges[number].run(root, self.work, argument=argument, **deaths[number])

        with ThreadPoolExecutor(len(self.forges)) as pool:
            ended = list(pool.map(live, range(len(self.forges))))
        self.kills += sum(end.code == -9 for end in ended)
        self.acked |= {key for end in ended for key in end.acked}
        return ended

    def death(self) -> dict[str, Any]:
        """Half of them die at a random time, the others at a random file call: before it, after it, or half way through a write."""
        if self.chance.random() < 0.5:
            return {"kill_after": self.chance.uniform(0, self.life)}
        call = self.chance.randint(1, self.calls)
        return {
            "fault": self.chance.choice(
                [f"kill:{call}:before", f"kill:{call}:after", f"torn:{call}"]
            )
        }


def trials(folder: Path, scale: float) -> Iterator[Tally]:
    """The store, then the naive control, which the same kills must harm."""
    if sys.platform != "linux" or not shutil.which("cc"):
        yield Tally("kills", 0, {"left out": "needs Linux and a C compiler"})
        return
    places = [new_folder(folder / f"forge-{number}") for number in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        forges = list(pool.map(Forge, places))
    try:
        crew = Crew(forges, "crowd", LIFE, CALLS, random.Random(30))
        yield devastate(crew, folder / "store", SECONDS * scale)
        control = Crew(forges, "naive", CONTROL_LIFE, CONTROL_CALLS, random.Random(30))
        yield devastate_control(control, new_folder(folder / "naive"), CONTROL_SECONDS * scale)
    finally:
        for forge in forges:
            forge.close()


def new_folder(path: Path) -> Path:
    """Make a folder; gives its path."""
    path.mkdir()
    return path


def devastate(crew: Crew, folder: Path, seconds: float) -> Tally:
    """Rounds of kills in one folder after the other; after each round the store must be whole, at the end complete."""
    toll: Counter[str] = Counter()
    tally = Tally(f"kills, {PROCESSES} processes on one store")
    for root in folders(folder, seconds):
        crew.acked = set()
        for _ in range(IN_ONE_FOLDER):
            crew.round(root, kill=True)
            look(root, crew.acked, toll)
        ended = crew.round(root, kill=False)
        look(root, crew.acked, toll)
        toll["sweeps that did not end well"] += sum(end.code != 0 for end in ended)
        toll["folders that dwlab verify finds fault with"] += not verify(root).good
        tally.add("folders")
        tally.add("rows acknowledged", len(crew.acked))
    tally.tried = crew.kills
    tally.results |= toll
    tally.faults += [f"{number} {name}" for name, number in toll.items() if number]
    return tally


def folders(folder: Path, seconds: float, least: int = 1) -> Iterator[Path]:
    """New folders until the time is over, but `least` of them."""
    end = time.monotonic() + seconds
    number = 0
    while number < least or time.monotonic() < end:
        yield folder / str(number)
        number += 1


def look(root: Path, acked: set[str], toll: Counter[str]) -> None:
    """Open the store as a restart does, and count what is wrong; that the database is whole is asserted there."""
    if not root.exists():  # all died before they made it
        assert not acked
        return
    count(store_damage(root, acked, alone=False), toll)


def count(damage: Damage, toll: Counter[str]) -> None:
    """Add damage to a toll, also where there is none, to say so."""
    toll["acknowledged rows lost"] += len(damage.lost)
    toll["duplicated"] += len(damage.duplicated)
    toll["torn pictures"] += len(damage.torn)
    toll["temporary files left"] += len(damage.temporary)


def devastate_control(crew: Crew, folder: Path, seconds: float) -> Tally:
    """The same with files written in place, which must be seen to suffer: else the kills are too kind."""
    toll: Counter[str] = Counter()
    for root in folders(folder, seconds, least=5):
        crew.acked = set()
        crew.round(root, kill=True)
        count(naive_damage(root, crew.acked), toll)
    tally = Tally("the same, a naive control", crew.kills, dict(toll))
    if not toll["torn pictures"] + toll["acknowledged rows lost"]:
        tally.faults.append("the control took no harm: these kills show nothing")
    return tally
