"""`dwlab bench serve`: many clients, and a sweep, against the same requests one at a time.

With more than one worker, the same is measured of a server with so many devices, beside one that
computes in its own process.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .._util.text_table import text_table
from ..errors import InvalidInput, MissingExtra
from ..spec.where import LOCAL

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPT_COLOURS = ("red", "green", "blue", "yellow")
PROMPT_FIGURES = ("circle", "square", "star", "heart", "ring")


@dataclass(frozen=True)
class Load:
    """One way of serving. seconds: wall time for all requests.

    latencies: seconds from sending a request to knowing that it is done. first_steps: to knowing of
    its first step. health: seconds that `/api/health` took meanwhile. together: jobs that were
    rendered together, on average. sweep: pictures of a sweep that were made meanwhile.
    """

    clients: int
    requests: int
    seconds: float
    latencies: tuple[float, ...]
    first_steps: tuple[float, ...]
    health: tuple[float, ...]
    together: float
    sweep: int = 0

    @property
    def throughput(self) -> float:
        """Requested pictures per second."""
        return self.requests / self.seconds

    def row(self, *names: str) -> tuple[str, ...]:
        """The load as a row of the table that is printed."""
        waits = [f"{percentile(self.latencies, share):.2f} s" for share in (50, 95)]
        first = f"{percentile(self.first_steps, 50):.2f} s"
        health = f"{1000 * percentile(self.health, 99):.0f} ms"
        sweep = f"{self.sweep / self.seconds:.2f}" if self.sweep else ""
        return (
            *names,
            f"{self.throughput:.2f}",
            *waits,
            first,
            health,
            f"{self.together:.1f}",
            sweep,
        )


@dataclass(frozen=True)
class Served:
    """What one server did. where: its setting. device: what it computed on.

    alone: requests one at a time. together: many at once. beside_sweep: one at a time, while it makes
    the pictures of a sweep.
    """

    where: str
    device: str
    alone: Load
    together: Load
    beside_sweep: Load

    def rows(self) -> list[tuple[str, ...]]:
        """Its rows in the table that is printed."""
        return [
            self.alone.row(self.where, "one at a time"),
            self.together.row(self.where, f"{self.together.clients} at once"),
            self.beside_sweep.row(self.where, "beside a sweep"),
        ]


@dataclass(frozen=True)
class LoadTestResult:
    """The same requests, served in all ways. servers: by one device first."""

    steps: int
    side: int
    servers: tuple[Served, ...]

    def __str__(self) -> str:
        first = self.servers[0]
        head = (
            "where",
            "",
            "pictures/s",
            "p50",
            "p95",
            "first step",
            "health p99",
            "jobs",
            "sweep/s",
        )
        rows = [row for server in self.servers for row in server.rows()]
        requests = f"{first.alone.requests} requests of {self.side}x{self.side}"
        lines = [
            f"{requests}, {self.steps} steps, on {first.device}",
            text_table(rows, head, numbers=range(2, len(head))),
            *(self._gain(server) for server in self.servers),
        ]
        if len(self.servers) > 1:
            lines.append(self._ratio(self.servers[1]))
        return "\n".join(lines)

    def _gain(self, server: Served) -> str:
        gain = server.together.throughput / server.alone.throughput
        wait = percentile(server.beside_sweep.latencies, 50) / percentile(
            server.alone.latencies, 50
        )
        return (
            f"{server.where}: together {gain:.2f} times as many pictures per second; beside a sweep a "
            f"request takes {wait:.2f} times as long"
        )

    def _ratio(self, other: Served) -> str:
        ratio = other.together.throughput / self.servers[0].together.throughput
        return (
            f"{other.where}: {ratio:.2f} times the pictures per second of {self.servers[0].where} "
            "with many clients"
        )

    def json(self) -> str:
        """All of it as JSON, raw times included."""
        return json.dumps(asdict(self), indent=1)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so many percent are not above, by linear interpolation."""
    if not values:
        return float("nan")
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(share) - 1]


def measure(
    *,
    requests: int = 64,
    clients: int = 16,
    steps: int = 20,
    side: int = 128,
    device: str = "auto",
    workers: int = 1,
) -> LoadTestResult:
    """Serve `requests` pictures of `shapes`: one at a time, `clients` at once, and beside a sweep.

    Each way has a fresh server with a results folder of its own, so that every picture is computed.
    workers: of a second server, if there are more than one: processes on the CPU, or so many GPUs.
    Raises DwlabError if a server does not start or a picture fails, MissingExtra without httpx.
    """
    try:
        from .load_driver import drive
    except ImportError as error:
        raise MissingExtra("dwlab bench serve (httpx is missing)", "serve") from error
    bodies = [_body(number, steps, side) for number in range(requests)]
    places: list[tuple[str, int]] = [(LOCAL, 1)]
    if workers > 1:
        places.append((_place(device, workers), workers))
    servers = []
    for where, processes in places:
        alone = drive(bodies, clients=1, device=device, where=where, workers=processes)
        together = drive(bodies, clients=clients, device=device, where=where, workers=processes)
        beside = drive(
            bodies, clients=1, device=device, where=where, workers=processes, beside_sweep=True
        )
        servers.append(Served(where, alone.device, alone.load, together.load, beside.load))
    return LoadTestResult(steps, side, tuple(servers))


def _place(device: str, workers: int) -> str:
    """The place with so many workers."""
    kind = device.partition(":")[0]
    if kind == "cuda":
        return ",".join(f"cuda:{number}" for number in range(workers))
    if kind in ("auto", "cpu"):
        return f"cpu*{workers}"
    raise InvalidInput("workers", workers, f"1 on {device}")


def _body(number: int, steps: int, side: int) -> dict[str, Any]:
    colour = PROMPT_COLOURS[number % len(PROMPT_COLOURS)]
    figure = PROMPT_FIGURES[number % len(PROMPT_FIGURES)]
    return {
        "prompt": f"a {colour} {figure}",
        "seed": number,
        "num_inference_steps": steps,
        "width": side,
        "height": side,
        "model": "shapes",
    }
