"""`dwlab bench serve`: many clients at once against the same requests one at a time.

The servers are real ones on this machine, each with a results folder of its own.
"""

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
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.text_table import text_table
from ..errors import DwlabError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

    from .jobs.job import JsonObject

PROMPT_COLOURS = ("red", "green", "blue", "yellow")
PROMPT_FIGURES = ("circle", "square", "star", "heart", "ring")
POLL_SECONDS = 0.05
HEALTH_SECONDS = 0.1  # between two requests for `/api/health`
START_SECONDS = 120  # for a server to load its model
WARM_UP_SEED = 2**40


@dataclass(frozen=True)
class Load:
    """One way of serving. seconds: wall time for all requests.

    latencies: seconds from sending a request to knowing that it is done. health: seconds that
    `/api/health` took meanwhile. together: jobs that the renderer was handed at once, on average.
    """

    clients: int
    requests: int
    seconds: float
    latencies: tuple[float, ...]
    health: tuple[float, ...]
    together: float

    @property
    def throughput(self) -> float:
        """Pictures per second."""
        return self.requests / self.seconds

    def row(self, name: str) -> tuple[str, ...]:
        """The load as a row of the table that is printed."""
        waits = [f"{percentile(self.latencies, share):.2f} s" for share in (50, 90, 99)]
        health = f"{1000 * percentile(self.health, 99):.0f} ms"
        return name, f"{self.throughput:.2f}", *waits, health, f"{self.together:.1f}"


@dataclass(frozen=True)
class LoadTestResult:
    """Both ways, on the same requests. device: what the pictures were computed on."""

    device: str
    steps: int
    side: int
    alone: Load
    together: Load

    @property
    def gain(self) -> float:
        """How many times as many pictures per second many clients get together."""
        return self.together.throughput / self.alone.throughput

    def __str__(self) -> str:
        requests = f"{self.alone.requests} requests of {self.side}x{self.side}"
        head = ("", "pictures/s", "p50", "p90", "p99", "health p99", "together")
        rows = [
            self.alone.row("one at a time"),
            self.together.row(f"{self.together.clients} at once"),
        ]
        lines = [
            f"{requests}, {self.steps} steps, on {self.device}",
            text_table(rows, head, numbers=range(1, len(head))),
            f"together {self.gain:.2f} times as many pictures per second",
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, raw times included."""
        return asdict(self)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so many percent are not above, by linear interpolation."""
    if not values:
        return float("nan")
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(share) - 1]


def measure(
    *, requests: int = 64, clients: int = 16, steps: int = 20, side: int = 128, device: str = "auto"
) -> LoadTestResult:
    """Serve `requests` pictures of `shapes`: first one at a time, then with `clients` at once.

    Each way has a fresh server with a results folder of its own, so that every picture is computed.
    Raises DwlabError if a server does not start or a picture fails, MissingExtra without httpx.
    """
    try:
        import httpx  # noqa: F401  # asks whether it is there
    except ImportError as error:
        raise MissingExtra("dwlab bench serve (httpx is missing)", "serve") from error
    bodies = [_body(number, steps, side) for number in range(requests)]
    alone = _measure_load(bodies, clients=1, device=device)
    together = _measure_load(bodies, clients=clients, device=device)
    return LoadTestResult(together.device, steps, side, alone.load, together.load)


def _body(number: int, steps: int, side: int) -> JsonObject:
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


@dataclass(frozen=True)
class _MeasuredLoad:
    load: Load
    device: str


def _measure_load(bodies: Sequence[JsonObject], *, clients: int, device: str) -> _MeasuredLoad:
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder), device) as url:
        return asyncio.run(_drive(url, bodies, clients))


@contextlib.contextmanager
def _server(folder: Path, device: str) -> Iterator[str]:
    """A server in a process of its own; yields its address."""
    errors = folder / "stderr"
    with errors.open("w+") as stderr:
        process = subprocess.Popen(  # dwlab itself
            [sys.executable, "-c", "from dwlab.cli import main; main()", "serve"],
            env=_environment(folder, device),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=folder,
        )
        try:
            first_line = process.stdout.readline() if process.stdout else ""
            address = re.search(r"http://\S+?:\d+", first_line)
            if address is None:
                reason = errors.read_text("utf-8")[-500:]
                raise DwlabError(f"the server did not start: {reason}")
            yield address[0]
        finally:
            process.terminate()
            process.communicate(timeout=60)


def _environment(folder: Path, device: str) -> dict[str, str]:
    """This process's environment, with the settings of the server instead of the user's."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DWLAB_")
    }
    source = str(Path(__file__).parents[2])
    paths = [source, os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment["DWLAB_QUEUE_LIMIT"] = "10000"
    environment["DWLAB_RESULTS"] = str(folder / "results")
    environment["DWLAB_DEVICE"] = device
    environment["DWLAB_PORT"] = "0"
    return environment


async def _drive(url: str, bodies: Sequence[JsonObject], clients: int) -> _MeasuredLoad:
    """Send all requests with so many clients at once, and time them."""
    import httpx

    limits = httpx.Limits(max_connections=clients + 4)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False) as http:
        device = await _wait_for_model(http)
        await _generate(http, bodies[0] | {"seed": WARM_UP_SEED})
        before = await _rendered(http)
        over = asyncio.Event()
        watching = asyncio.create_task(_watch_health(http, over))
        began = time.perf_counter()
        latencies = await _send_all(http, bodies, clients)
        seconds = time.perf_counter() - began
        over.set()
        health = await watching
        after = await _rendered(http)
    load = Load(
        clients=clients,
        requests=len(bodies),
        seconds=seconds,
        latencies=tuple(latencies),
        health=tuple(health),
        together=(after.jobs - before.jobs) / max(1, after.batches - before.batches),
    )
    return _MeasuredLoad(load, device)


async def _wait_for_model(http: httpx.AsyncClient) -> str:
    """Wait until the default model is loaded; returns the device."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() <= deadline:
        health = (await http.get("/api/health")).json()
        if health["model_loaded"]:
            return str(health["device"])
        await asyncio.sleep(POLL_SECONDS)
    raise DwlabError(f"the server loaded no model in {START_SECONDS} s")


async def _send_all(
    http: httpx.AsyncClient, bodies: Sequence[JsonObject], clients: int
) -> list[float]:
    """Send all requests, each client one after the other; returns the latencies."""
    waiting = deque(bodies)
    latencies = []

    async def client() -> None:
        while waiting:
            latencies.append(await _generate(http, waiting.popleft()))

    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies


async def _watch_health(http: httpx.AsyncClient, over: asyncio.Event) -> list[float]:
    """Ask for the server's health again and again; returns the seconds that each answer took."""
    times = []
    while not over.is_set():
        began = time.perf_counter()
        (await http.get("/api/health")).raise_for_status()
        times.append(time.perf_counter() - began)
        await asyncio.sleep(HEALTH_SECONDS)
    return times


async def _generate(http: httpx.AsyncClient, body: JsonObject) -> float:
    """Request a picture and follow its events to the end; returns the seconds.

    Polling would disturb the measurement.
    """
    began = time.perf_counter()
    job = (await http.post("/api/generate", json=body)).raise_for_status().json()
    last = ""
    async with http.stream("GET", job["events_url"]) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                last = line.removeprefix("data: ")
    status = json.loads(last)
    if status.get("status") != "completed":
        outcome = status.get("status", "was not reported")
        raise DwlabError(f"a picture {outcome}: {status.get('error')}")
    return time.perf_counter() - began


@dataclass(frozen=True)
class _Rendered:
    """How many jobs the renderer was handed so far, in how many batches."""

    jobs: float
    batches: float


async def _rendered(http: httpx.AsyncClient) -> _Rendered:
    text = (await http.get("/metrics")).text
    return _Rendered(
        jobs=_metric(text, "dwlab_jobs_together_sum"),
        batches=_metric(text, "dwlab_jobs_together_count"),
    )


def _metric(text: str, name: str) -> float:
    line = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(line[1]) if line else 0.0
