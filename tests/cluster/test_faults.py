"""Two hundred random faults on loopback: the same command, run again, comes to the undisturbed result."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import fake_tasks
import faulty_cluster
import pytest
from distributed import Client

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["one", "two", "three"]
# what goes wrong, and how often
FAULTS = {
    "kill worker": 60,
    "stop worker": 40,
    "cut worker": 25,
    "memory": 20,
    "raise": 15,
    "hang": 6,
    "clock": 10,
    "cut driver": 6,
    "kill driver": 8,
    "kill nanny": 4,
    "send away": 10,
    "kill scheduler": 4,
}
CELLS_BETWEEN = 4
SECONDS_BETWEEN = 0.5
SWEEP = {
    "name": "faults",
    "base": {"steps": 2},
    "axes": {"prompt": ["a circle", "nan", "a square"], "seed": {"range": [0, 50]}},
    "metrics": (),
}


@pytest.fixture
def cluster(tmp_path):
    faulty_cluster.start_forkserver()
    folder = tmp_path / "faults"
    folder.mkdir()
    cluster = faulty_cluster.Cluster(NAMES, folder)
    yield cluster
    cluster.close()


class Chaos:
    """Lets faults happen, one after the other, and undoes those that end by themselves."""

    def __init__(self, cluster: faulty_cluster.Cluster, faults: list[str], seed: int) -> None:
        self.cluster = cluster
        self.faults = faults
        self.chance = random.Random(seed)
        self.happened: Counter[str] = Counter()
        self.stopped: list[tuple[float, int]] = []

    def strike(self, driver) -> None:
        """Let the next fault happen; one of a worker waits for a worker that is there."""
        fault = self.faults[-1]
        name = self.chance.choice(NAMES)
        worker = self.cluster.worker(name)
        if worker is None:
            return
        self.happened[self.faults.pop()] += 1
        if fault in fake_tasks.FAULTS:
            (self.cluster.folder / fault).touch()
        elif fault == "kill worker":
            signalled(worker.pid, signal.SIGKILL)
        elif fault == "stop worker":
            signalled(worker.pid, signal.SIGSTOP)
            seconds = self.chance.choice((0.1, 0.5, 1.0, 6.0))
            self.stopped.append((time.monotonic() + seconds, worker.pid))
        elif fault == "cut driver":
            signalled(driver.pid, signal.SIGUSR1)
        elif fault == "kill driver":
            driver.kill()
        elif fault == "kill nanny":
            self.cluster.nannies[name].kill()
            self.cluster.nannies[name].join()
            self.cluster.start_nanny(name)
        elif fault == "send away":
            self.send_away(name)
        else:
            self.cluster.scheduler.kill()
            self.cluster.scheduler.join()
            self.cluster.start_scheduler()

    def send_away(self, name: str) -> None:
        """A worker leaves as it was told to; its nanny starts another one after a while."""
        with (
            suppress(Exception),
            Client(self.cluster.address, timeout=2, set_as_default=False) as client,
        ):
            client.retire_workers(names=[name], close_workers=True)

    def resume(self) -> None:
        """Let stopped workers go on whose time has come."""
        for when, pid in list(self.stopped):
            if time.monotonic() > when:
                self.stopped.remove((when, pid))
                signalled(pid, signal.SIGCONT)

    def run(self, results: Path, spec: dict, exact: int | None = None) -> int:
        """Run a sweep again and again until it is done, with faults meanwhile; how often."""
        for attempt in range(1, 100):
            arguments = (self.cluster.address, str(results), spec, exact)
            driver = faulty_cluster.START.Process(target=faulty_cluster.drive, args=arguments)
            driver.start()
            self.disturb(driver)
            assert driver.exitcode != faulty_cluster.TWICE
            if driver.exitcode == 0:
                return attempt
        raise AssertionError("the sweep does not come to an end")

    def disturb(self, driver) -> None:
        """Let faults happen until a run ends; between two of them, cells are begun."""
        begun = self.cluster.begun()
        last = time.monotonic()
        while driver.is_alive():
            self.resume()
            is_due = self.cluster.begun() >= begun + CELLS_BETWEEN
            if self.faults and (is_due or time.monotonic() - last > SECONDS_BETWEEN):
                self.strike(driver)
                begun = self.cluster.begun()
                last = time.monotonic()
            driver.join(0.05)


def signalled(pid: int, number: int) -> None:
    """Send a signal to a process that this test started, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def rows(results: Path) -> dict[str, list]:
    """What a run came to: of each key its status, its pixels and their share that is not finite."""
    with closing(sqlite3.connect(results / "dwlab.sqlite")) as sql:
        found = sql.execute(
            "SELECT cells.key, status, pixels, value FROM cells LEFT JOIN metrics "
            "ON metrics.key = cells.key AND metric = 'nan'"
        )
        return {key: values for key, *values in found}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_faults_change_nothing(cluster, tmp_path):
    calm = Chaos(cluster, [], seed=0)
    calm.run(tmp_path / "undisturbed", SWEEP)
    undisturbed = rows(tmp_path / "undisturbed")
    assert Counter(nan for *_, nan in undisturbed.values()) == {0.0: 100, 0.5: 50}
    begun = cluster.begun()
    faults = [fault for fault, count in FAULTS.items() for _ in range(count)]
    random.Random(1).shuffle(faults)
    assert len(faults) >= 200
    chaos = Chaos(cluster, faults, seed=2)
    runs = attempts = 0
    while chaos.faults:
        runs += 1
        results = tmp_path / f"run {runs}"
        attempts += chaos.run(results, SWEEP)
        assert rows(results) == undisturbed, chaos.happened
    again = cluster.begun() - begun - 150 * runs
    # a chunk lasts 0.4 s, of 0.02 s per cell; a fault of the driver or scheduler ends three of them
    assert again <= 20 * (len(faults) + 3 * attempts)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pictures_of_a_real_model_are_the_same_bytes_after_faults(cluster, tmp_path):
    sweep = {
        "name": "real",
        "base": {"prompt": "a red circle", "steps": 3},
        "axes": {"seed": {"range": [0, 20]}},
        "metrics": (),
    }
    Chaos(cluster, [], seed=0).run(tmp_path / "undisturbed", sweep, exact=4)
    faults = [
        "kill worker",
        "stop worker",
        "kill driver",
        "kill worker",
        "send away",
        "kill worker",
    ]
    chaos = Chaos(cluster, faults, seed=3)
    runs = 0
    while chaos.faults:
        runs += 1
        chaos.run(tmp_path / f"run {runs}", sweep, exact=4)
        assert rows(tmp_path / f"run {runs}") == rows(tmp_path / "undisturbed")
