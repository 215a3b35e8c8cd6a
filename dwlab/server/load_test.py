"""`dwlab bench serve`: many clients at once against the same requests one at a time, on real servers of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.text_table import text_table
from ..errors import DwlabError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

COLOURS, SHAPES = ("red", "green", "blue", "yellow"), ("circle", "square", "star", "heart", "ring")
POLL_SECONDS, HEALTH_SECONDS = 0.05, 0.1
START_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """One way of serving. seconds: wall time for all; latencies: seconds from sending a request to knowing it is done."""

    clients: int
    requests: int
    seconds: float
    latencies: tuple[float, ...]
    health: tuple[float, ...]
    together: float  # jobs that the renderer was given at once, on average

    @property
    def throughput(self) -> float:
        """Pictures a second."""
        return self.requests / self.seconds

    def row(self, name: str) -> tuple[str, ...]:
        """The load as a row of the table that is printed."""
        waits = [f"{percentile(self.latencies, share):.2f} s" for share in (50, 90, 99)]
        health = f"{1000 * percentile(self.health, 99):.0f} ms"
        return name, f"{self.throughput:.2f}", *waits, health, f"{self.together:.1f}"


@dataclass(frozen=True)
class Result:
    """Both ways, on the same requests; device: what they were computed on."""

    device: str
    steps: int
    side: int
    alone: Load
    together: Load

    @property
    def gain(self) -> float:
        """How many times as many pictures a second the clients get together."""
        return self.together.throughput / self.alone.throughput

    def __str__(self) -> str:
        head = ("", "pictures/s", "p50", "p90", "p99", "health p99", "together")
        rows = [
            self.alone.row("one at a time"),
            self.together.row(f"{self.together.clients} at once"),
        ]
        lines = [
            f"{self.alone.requests} requests of {self.side}x{self.side}, {self.steps} steps, on {self.device}",
            text_table(rows, head, numbers=range(1, len(head))),
            f"together {self.gain:.2f} times as many pictures per second",
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, raw times included."""
        return asdict(self)


def percentile(values: tuple[float, ...], share: float) -> float:
    """The value that so many percent are not above, by linear interpolation."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[round(share) - 1]


def measure(
    *, requests: int = 64, clients: int = 16, steps: int = 20, side: int = 128, device: str = "auto"
) -> Result:
    """Serve `requests` pictures of `shapes` by fresh servers: first one request at a time, then `clients` at once.

    Every picture is computed: each server has a results folder of its own. Raises DwlabError where a server does not
    start or a picture fails, MissingExtra where httpx is missing.
    """
    try:
        import httpx  # noqa: F401  # asks whether it is there
    except ImportError as error:
        raise MissingExtra("dwlab bench serve (httpx is missing)", "serve") from error
    bodies = [
        {
            "prompt": f"a {COLOURS[k % 4]} {SHAPES[k % 5]}", "seed": k, "num_inference_steps": steps, "width": side,
            "height": side, "model": "shapes",
        }
        for k in range(requests)
    ]  # fmt: skip
    loads = []
    for count in (1, clients):
        with tempfile.TemporaryDirectory() as folder, _server(Path(folder), device) as url:
            load, where = asyncio.run(_drive(url, bodies, count))
            loads.append(load)
    return Result(where, steps, side, *loads)


@contextlib.contextmanager
def _server(folder: Path, device: str) -> Iterator[str]:
    """A server in a process of its own; gives its address."""
    settings = {"queue_limit": 10_000, "results": folder / "results", "device": device, "port": 0}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DWLAB_")}
    environment |= {f"DWLAB_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-c", "from dwlab.cli import main; main()", "serve"]
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")))
    )
    with (folder / "stderr").open("w+") as err:
        process = subprocess.Popen(  # noqa: S603  # dwlab itself
            command, env=environment, stdout=subprocess.PIPE, stderr=err, text=True, cwd=folder
        )
        try:
            found = re.search(
                r"http://\S+?:\d+", process.stdout.readline() if process.stdout else ""
            )
            if found is None:
                raise DwlabError(
                    f"the server did not start: {(folder / 'stderr').read_text('utf-8')[-500:]}"
                )
            yield found[0]
        finally:
            process.terminate()
            process.communicate(timeout=60)


async def _drive(url: str, bodies: list[dict[str, Any]], clients: int) -> tuple[Load, str]:
    import httpx

    limits = httpx.Limits(max_connections=clients + 4)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False) as http:
        until = time.monotonic() + START_SECONDS
        while not (health := (await http.get("/api/health")).json())["model_loaded"]:
            if time.monotonic() > until:
                raise DwlabError(f"the server loaded no model in {START_SECONDS} s")
            await asyncio.sleep(POLL_SECONDS)
        await _one(http, bodies[0] | {"seed": 2**40})  # warms up
        waiting, latencies, answers = list(reversed(bodies)), [], []
        before = await _batches(http)
        over = asyncio.Event()

        async def client() -> None:
            while waiting:
                latencies.append(await _one(http, waiting.pop()))

        async def look() -> None:
            while not over.is_set():
                began = time.perf_counter()
                (await http.get("/api/health")).raise_for_status()
                answers.append(time.perf_counter() - began)
                await asyncio.sleep(HEALTH_SECONDS)

        looking = asyncio.create_task(look())
        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        seconds = time.perf_counter() - began
        over.set()
        await looking
        after = await _batches(http)
    jobs = (after[0] - before[0]) / max(1, after[1] - before[1])
    return Load(clients, len(bodies), seconds, tuple(latencies), tuple(answers), jobs), health[
        "device"
    ]


async def _one(http: httpx.AsyncClient, body: dict[str, Any]) -> float:
    """Ask for a picture and follow its events to the end, which polling would disturb; returns the seconds."""
    began = time.perf_counter()
    job = (await http.post("/api/generate", json=body)).raise_for_status().json()
    last = ""
    async with http.stream("GET", job["events_url"]) as answer:
        async for line in answer.aiter_lines():
            last = line.removeprefix("data: ") if line.startswith("data: ") else last
    now = json.loads(last)
    if now.get("status") != "completed":
        raise DwlabError(f"a picture {now.get('status', 'was not told of')}: {now.get('error')}")
    return time.perf_counter() - began


async def _batches(http: httpx.AsyncClient) -> tuple[float, float]:
    """(jobs, batches) that the renderer was given so far."""
    text = (await http.get("/metrics")).text
    found = [
        re.search(rf"^dwlab_jobs_together_{part} (\S+)$", text, re.MULTILINE)
        for part in ("sum", "count")
    ]
    return tuple(float(match[1]) if match else 0.0 for match in found)  # type: ignore[return-value]  # two by the pattern above
