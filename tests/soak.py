"""A server under steady load that is killed at random: no job is lost, memory stays flat. `make soak MINUTES=10`."""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from served import SMALL, Served, wait_for

MINUTES = float(os.environ.get("MINUTES", "10"))
LIVES = (8, 25)  # seconds after its start at which a server is killed
LAST_SHARE = 1 / 2  # of the time: one server that lives, whose memory is looked at
GROWTH = 1.15  # of its memory, from the first third of that to the last
UNENDED = ("queued", "running")
WAITING = 60  # jobs at most that are asked for and not seen to have ended


def main() -> int:
    """Run; returns 0 where nothing was lost and memory stayed flat."""
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Served(Path(folder), lease=2, attempts=50, shutdown_seconds=2))
        soak.run(60 * MINUTES)
        return soak.verdict()


class Soak:
    """Asks for pictures, cancels some, kills the server, and counts."""

    def __init__(self, server: Served):
        self.server, self.chance = server, random.Random(1)
        self.asked: dict[str, str] = {}  # job -> status last seen
        self.cancelled: set[str] = set()
        self.kills = self.refused = 0
        self.memory: list[float] = []

    def run(self, seconds: float) -> None:
        """Load with kills, then load on one server; then wait for all that was asked for."""
        began = time.monotonic()
        self.server.start()
        die = began + self.chance.uniform(*LIVES)
        while (passed := time.monotonic() - began) < seconds:
            if time.monotonic() > die and passed < seconds * (1 - LAST_SHARE):
                self.kill()
                die = time.monotonic() + self.chance.uniform(*LIVES)
            self.load()
            if passed > seconds * (1 - LAST_SHARE):
                self.memory.append(psutil.Process(self.server.process.pid).memory_info().rss / 1e6)
        print(
            f"{len(self.asked)} jobs asked for, {self.kills} kills; waiting for the last {self.look()}",
            flush=True,
        )
        wait_for(lambda: self.look() == 0)
        self.server.stop()

    def kill(self) -> None:
        """End the server as a crash does, and start it again."""
        self.server.stop(signal.SIGKILL)
        self.kills += 1
        self.server.start()

    def load(self) -> None:
        """A few requests: new ones, repeated ones, a cancellation, reads."""
        for _ in range(3):
            if self.look() < WAITING:
                body = {
                    "prompt": f"a {self.chance.choice(['red', 'blue'])} circle",
                    "seed": self.chance.randrange(5000),
                }
                answer = self.server.http.post(
                    "/api/generate", json=body | SMALL | {"steps": self.chance.choice([2, 4])}
                )
                self.refused += answer.status_code == 429
                if answer.status_code == 202:
                    self.asked[answer.json()["job_id"]] = "queued"
        if self.asked and self.chance.random() < 0.1:
            job = self.chance.choice(list(self.asked))
            self.cancelled.add(job)
            self.server.http.delete(f"/api/jobs/{job}")
        self.server.http.get("/metrics").raise_for_status()
        time.sleep(0.1)

    def look(self) -> int:
        """See how the jobs are that have not ended; returns how many have not ended."""
        newest = {
            job["job_id"]: job for job in self.server.http.get("/api/jobs?limit=200").json()["jobs"]
        }
        for job in [job for job, status in self.asked.items() if status in UNENDED]:
            self.asked[job] = (newest.get(job) or self.server.status(job))["status"]
        return sum(status in UNENDED for status in self.asked.values())

    def verdict(self) -> int:
        """Say what was found, from a fresh server's answers for every single job."""
        bad = []
        with self.server as server:
            for job in self.asked:
                try:
                    status = server.status(job)
                    whole = (
                        status["status"] == "completed"
                        and server.http.get(status["image_url"]).status_code == 200
                    )
                except (httpx.HTTPError, KeyError, TypeError) as error:
                    status, whole = repr(error), False
                if not whole and not (job in self.cancelled and status["status"] == "cancelled"):
                    bad.append((job, status))
        third = max(1, len(self.memory) // 3)
        first, last = (
            statistics.median(self.memory[:third]),
            statistics.median(self.memory[-third:]),
        )
        print(
            f"{len(self.asked)} jobs, {self.kills} kills, {self.refused} refused, {len(bad)} lost or failed"
        )
        print(
            f"memory of the last server: {first:.0f} MB, then {last:.0f} MB ({last / first:.3f} times)"
        )
        for one in bad[:10]:
            print("  ", one)
        return int(bool(bad) or last > first * GROWTH)


if __name__ == "__main__":
    sys.exit(main())
