"""A real server in a process of its own, and clients that time what it does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from ..errors import DwlabError
from .load_test import Load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .jobs.job import JsonObject

POLL_SECONDS = 0.05
HEALTH_SECONDS = 0.1  # between two requests for `/api/health`
START_SECONDS = 300  # for a server to load its model
WARM_UP_SEED = 2**40
SWEEP_SEED = 2**41  # of a sweep's first picture
SWEEP_PICTURES = 1000  # more than are made while requests are timed


@dataclass(frozen=True)
class Measured:
    """A load, and the device that the server computed on."""

    load: Load
    device: str


@dataclass(frozen=True)
class _Timed:
    """One request: seconds until its first step was known, and until it was done."""

    first_step: float
    done: float


@dataclass(frozen=True)
class _Rendered:
    """How many jobs ended so far, in how many batches."""

    jobs: float
    batches: float


def drive(
    bodies: Sequence[JsonObject],
    *,
    clients: int,
    device: str,
    where: str,
    workers: int,
    beside_sweep: bool = False,
) -> Measured:
    """Serve requests by a fresh server, with so many clients at once.

    workers: that `where` has. beside_sweep: the server makes the pictures of a sweep meanwhile.
    Raises DwlabError if it does not start, or a picture fails.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        _server(Path(folder), device, where) as url,
    ):
        return asyncio.run(_drive(url, bodies, clients, workers, beside_sweep=beside_sweep))


@contextlib.contextmanager
def _server(folder: Path, device: str, where: str) -> Iterator[str]:
    """A server in a process of its own; yields its address."""
    errors = folder / "stderr"
    with errors.open("w+") as stderr:
        process = subprocess.Popen(  # dwlab itself
            [sys.executable, "-c", "from dwlab.cli import main; main()", "serve"],
            env=_environment(folder, device, where),
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


def _environment(folder: Path, device: str, where: str) -> dict[str, str]:
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
    environment["DWLAB_WHERE"] = where
    environment["DWLAB_PORT"] = "0"
    return environment


async def _drive(
    url: str, bodies: Sequence[JsonObject], clients: int, workers: int, *, beside_sweep: bool
) -> Measured:
    """Send all requests with so many clients at once, and time them."""
    limits = httpx.Limits(max_connections=clients + 4)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False) as http:
        device = await _wait_for_models(http, workers)
        warm_up = [bodies[0] | {"seed": WARM_UP_SEED + number} for number in range(workers)]
        await asyncio.gather(*(_generate(http, body) for body in warm_up))
        sweep = await _begin_sweep(http, bodies[0]) if beside_sweep else None
        made_before = await _step_of(http, sweep)
        before = await _rendered(http)
        over = asyncio.Event()
        watching = asyncio.create_task(_watch_health(http, over))
        began = time.perf_counter()
        times = await _send_all(http, bodies, clients)
        seconds = time.perf_counter() - began
        made = await _step_of(http, sweep) - made_before
        over.set()
        health = await watching
        after = await _rendered(http)
        if sweep:
            await http.delete(f"/api/jobs/{sweep}")
    load = Load(
        clients=clients,
        requests=len(bodies),
        seconds=seconds,
        latencies=tuple(each.done for each in times),
        first_steps=tuple(each.first_step for each in times),
        health=tuple(health),
        together=(after.jobs - before.jobs) / max(1, after.batches - before.batches),
        sweep=made,
    )
    return Measured(load, device)


async def _wait_for_models(http: httpx.AsyncClient, workers: int) -> str:
    """Wait until the default model is loaded on all workers; returns the device."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() <= deadline:
        health = (await http.get("/api/health")).json()
        ready = [worker for worker in health["workers"] if worker["model"]]
        if len(ready) == workers:
            return str(health["device"])
        await asyncio.sleep(POLL_SECONDS)
    raise DwlabError(f"the server loaded its model on fewer than {workers} in {START_SECONDS} s")


async def _begin_sweep(http: httpx.AsyncClient, body: JsonObject) -> str:
    """Request a long sweep of pictures like a request's; returns its job once pictures are done."""
    base = {name: body[name] for name in ("prompt", "width", "height")}
    sweep = {
        "name": "beside",
        "model": body["model"],
        "base": {**base, "steps": body["num_inference_steps"]},
        "axes": {"seed": {"range": [SWEEP_SEED, SWEEP_SEED + SWEEP_PICTURES]}},
    }
    answer = (await http.post("/api/sweeps", json=sweep)).raise_for_status()
    job = str(answer.json()["job_id"])
    while not await _step_of(http, job):
        await asyncio.sleep(POLL_SECONDS)
    return job


async def _step_of(http: httpx.AsyncClient, job: str | None) -> int:
    """How far a job is; 0 for none."""
    if job is None:
        return 0
    return int((await http.get(f"/api/status/{job}")).json()["progress"]["step"])


async def _send_all(
    http: httpx.AsyncClient, bodies: Sequence[JsonObject], clients: int
) -> list[_Timed]:
    """Send all requests, each client one after the other; returns their times."""
    waiting = deque(bodies)
    times = []

    async def client() -> None:
        while waiting:
            times.append(await _generate(http, waiting.popleft()))

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


async def _watch_health(http: httpx.AsyncClient, over: asyncio.Event) -> list[float]:
    """Ask for the server's health again and again; returns the seconds that each answer took."""
    times = []
    while not over.is_set():
        began = time.perf_counter()
        (await http.get("/api/health")).raise_for_status()
        times.append(time.perf_counter() - began)
        await asyncio.sleep(HEALTH_SECONDS)
    return times


async def _generate(http: httpx.AsyncClient, body: JsonObject) -> _Timed:
    """Request a picture and follow its events to the end.

    Polling would disturb the measurement.
    """
    began = time.perf_counter()
    job = (await http.post("/api/generate", json=body)).raise_for_status().json()
    first_step = None
    last = ""
    async with http.stream("GET", job["events_url"]) as answer:
        async for line in answer.aiter_lines():
            if line == "event: step" and first_step is None:
                first_step = time.perf_counter() - began
            if line.startswith("data: "):
                last = line.removeprefix("data: ")
    done = time.perf_counter() - began
    status = json.loads(last)
    if status.get("status") != "completed":
        outcome = status.get("status", "was not reported")
        raise DwlabError(f"a picture {outcome}: {status.get('error')}")
    return _Timed(done if first_step is None else first_step, done)


async def _rendered(http: httpx.AsyncClient) -> _Rendered:
    text = (await http.get("/metrics")).text
    return _Rendered(
        jobs=_metric(text, "dwlab_jobs_together_sum"),
        batches=_metric(text, "dwlab_jobs_together_count"),
    )


def _metric(text: str, name: str) -> float:
    line = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(line[1]) if line else 0.0
