"""The server's health during small requests that would cause much work, and among slow clients."""

from __future__ import annotations

import contextlib
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from hostile_requests import HostileRequest, requests, send
from served import Served
from server.test_connection_limits import BEGUN, HALF_OPEN, POST

from .tally import Tally

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

GOAL = 200  # milliseconds that the server's health may take at p99
IDLE_SECONDS = 10.0
LEAST_SECONDS = 1.0  # of watching the health per request: the p99 of one answer says little
TRIES = 3  # of a request during which the health took too long
ACCEPTED = (202,)
REFUSED = (413, 422)
FILES = 1024  # that the server may have open: what most systems allow
NOISE = 20_000  # bytes that all this may add to the log and to stderr
CRAWLERS = 20  # clients that send a byte at a time, and as many that do not read


class Health:
    """The server's health, requested by another process without a pause.

    answers: milliseconds. refused: how often there was no answer.
    """

    def __init__(self, url: str):
        self.url, self.refused, self.answers = url, 0, list[float]()

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "hostile.health", self.url]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        said, _ = self._process.communicate("over\n", timeout=120)
        answers = json.loads(said)
        self.answers = [answer for answer in answers if answer is not None]
        self.refused = len(answers) - len(self.answers)

    @property
    def p50(self) -> float:
        return statistics.median(self.answers)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.answers, n=100, method="inclusive")[98]

    def __str__(self) -> str:
        return f"{self.p50:.0f}/{self.p99:.0f} ms"


def trials(folder: Path, scale: float) -> Iterator[Tally]:
    """Health when idle, with each hostile request and among slow clients; then the server itself."""
    with Served(folder, files=FILES, slow_seconds=1) as server:
        before = noise(server)
        yield idle(server, max(1.0, IDLE_SECONDS * scale))
        yield hostile_requests(server, scale)
        yield slow_clients(server, max(50, round(HALF_OPEN * scale)))
        yield afterwards(server, before)


def idle(server: Served, seconds: float) -> Tally:
    """How long the health takes when nothing else is requested."""
    with Health(server.url) as health:
        time.sleep(seconds)
    return Tally("the server's health, idle", len(health.answers), {"p50/p99": str(health)})


class Outcome(NamedTuple):
    """A request's status and milliseconds, and those of the server's health meanwhile."""

    status: int
    took: float
    p50: float
    p99: float
    refused: int

    @property
    def disturbed(self) -> bool:
        """Whether the health took too long or was not answered."""
        return self.p99 > GOAL or self.refused > 0


def hostile_requests(server: Served, scale: float) -> Tally:
    """Each request alone, with the health requested meanwhile."""
    chosen = list(requests())[:: max(1, round(1 / scale))]
    tally = Tally("hostile requests", len(chosen), {"refused": 0, "fair ones taken": 0})
    outcomes = {request.name: undisturbed(server, request) for request in chosen}
    for name, outcome in outcomes.items():
        fair = "fair" in name
        expected = outcome.status in (ACCEPTED if fair else REFUSED)
        tally.add("fair ones taken" if fair else "refused", expected)
        if outcome.disturbed or not expected:
            tally.faults.append(f"{name}: {outcome}")
    tally.results |= {
        f"with health above {GOAL} ms at p99": sum(
            outcome.disturbed for outcome in outcomes.values()
        ),
        "worst health p99": f"{max(outcome.p99 for outcome in outcomes.values()):.0f} ms",
        "slowest answer": f"{max(outcome.took for outcome in outcomes.values()):.0f} ms",
    }
    tally.details = {name: outcome._asdict() for name, outcome in outcomes.items()}
    return tally


def undisturbed(server: Served, request: HostileRequest) -> Outcome:
    """The outcome of a request, tried again if another process may have kept the machine busy."""
    for _ in range(TRIES):
        outcome = measure(server, request)
        if not outcome.disturbed:
            break
    return outcome


def measure(server: Served, request: HostileRequest) -> Outcome:
    """Send a request, and request the health until the answer comes, for at least a second."""
    with Health(server.url) as health:
        began = time.monotonic()
        status = send(server.url, request).status_code
        seconds = time.monotonic() - began
        time.sleep(max(0.0, LEAST_SECONDS - seconds))
    return Outcome(
        status, round(1000 * seconds), round(health.p50, 1), round(health.p99, 1), health.refused
    )


def slow_clients(server: Served, half_open: int) -> Tally:
    """Half-open connections, headers and bodies byte by byte, and answers nobody reads, at once."""
    with Health(server.url) as health, many_files(half_open + 200):
        connections = [server.connect(BEGUN) for _ in range(half_open)]
        crawling = [server.connect(BEGUN) for _ in range(CRAWLERS)]
        crawling += [server.connect(POST % (b"/api/generate", 10_000)) for _ in range(CRAWLERS)]
        unread = [
            server.connect(
                b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 8,
                buffer=4096,
            )
            for _ in range(CRAWLERS)
        ]
        crawl(crawling, seconds=5)
        for connection in [*connections, *crawling, *unread]:
            connection.close()
    tally = Tally("slow clients", half_open + 3 * CRAWLERS, {"health p50/p99": str(health)})
    tally.results |= {
        "longest": f"{max(health.answers):.0f} ms",
        "answers": len(health.answers),
        "of them refused": health.refused,
    }
    if health.p99 > GOAL or health.refused:
        tally.faults.append(f"health p99 {health.p99:.0f} ms, {health.refused} times refused")
    return tally


@contextlib.contextmanager
def many_files(number: int) -> Iterator[None]:
    """Let this process open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number if hard == resource.RLIM_INFINITY else min(number, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crawl(connections: list[socket.socket], seconds: float) -> None:
    """Send a byte on each now and then, whether or not anybody reads it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.send(b"x")
        time.sleep(0.05)


def noise(server: Served) -> int:
    """Bytes of stderr and of the log, without the lines on our own requests for the health."""
    texts = [
        file.read_text() for file in (server.folder / "stderr", server.results / "api/server.log")
    ]
    lines = [
        line for text in texts for line in text.splitlines() if "GET /api/health 200" not in line
    ]
    return len("\n".join(lines))


def afterwards(server: Served, before: int) -> Tally:
    """A picture can be made as before, and the log is short and has no traceback."""
    drawn = server.wait(server.ask("a red circle", seed=30)["job_id"])["status"]
    jobs, written = len(server.job_ids()), noise(server) - before
    tally = Tally(
        "the server afterwards", 1, {"a picture is": drawn, "jobs": jobs, "bytes logged": written}
    )
    if drawn != "completed":
        tally.faults.append(f"a picture is {drawn}")
    if jobs > 2:
        tally.faults.append(f"{jobs} jobs, but only a picture and a fair sweep were requested")
    if written > NOISE or "Traceback" in (server.folder / "stderr").read_text():
        tally.faults.append(
            f"{written} bytes were logged: {(server.folder / 'stderr').read_text()[-500:]}"
        )
    return tally
