"""A cluster on loopback in processes of its own, whose parts can be killed, stopped and cut off.

Processes start in a tenth of a second, because they are forked from one that has imported what they
need.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import socket
from collections import Counter
from typing import TYPE_CHECKING

import dask
import fake_tasks
import psutil
from distributed import Client, Nanny, Scheduler

from dwlab.cluster.connect import SETTINGS
from dwlab.cluster.driver import render_on
from dwlab.cluster.pace import Pace
from dwlab.cluster.waits import Waits
from dwlab.errors import DwlabError
from dwlab.events import Done, Failed
from dwlab.runs.run import run
from dwlab.spec.compute import Compute
from dwlab.spec.sweep import SweepSpec

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {
    **SETTINGS,
    "distributed.worker.multiprocessing-method": "forkserver",
    "distributed.comm.timeouts.connect": "5s",
    "distributed.scheduler.worker-ttl": "30s",
    "logging": {"distributed": "critical", "distributed.worker": "critical"},
}
PACE = Pace(seconds=0.4, least=0.05, first=2, patience=(3.0, 2.0), unknown=4.0, late=(2.0, 1.0))
WAITS = Waits(look=0.1, present=1.0, notice=5.0, lonely=60.0, stop=3.0)
UNFINISHED = 3  # the exit code of a run that is to be started again
TWICE = 4  # of one that made a cell twice
logging.getLogger("distributed").setLevel(logging.CRITICAL)
START = multiprocessing.get_context("forkserver")


def start_forkserver() -> None:
    """Let a process import everything once, from which this one's processes are forked."""
    START.set_forkserver_preload(["faulty_cluster", "dwlab.cluster.tasks", "torch"])
    first = START.Process(target=len, args=("",))
    first.start()
    first.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def schedule(port: int) -> None:
    """A scheduler, until it is killed."""

    async def serve() -> None:
        scheduler = Scheduler(host="127.0.0.1", port=port, dashboard=False)
        async with scheduler:
            await scheduler.finished()

    with dask.config.set(CONFIG):
        asyncio.run(serve())


def watch_over(address: str, name: str, folder: str) -> None:
    """A nanny with its worker, until it is killed."""

    async def serve() -> None:
        environment = {
            "DWLAB_TEST_BEGUN": f"{folder}/begun",
            "DWLAB_TEST_FAULTS": folder,
            "DWLAB_WORKER_DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
        }
        while True:
            with contextlib.suppress(Exception):
                nanny = Nanny(
                    address,
                    nthreads=1,
                    name=name,
                    memory_limit=0,
                    env=environment,
                    host="127.0.0.1",
                    dashboard=False,
                )
                async with nanny:
                    await nanny.finished()
            # the scheduler is gone, or this worker was sent away: it comes back
            await asyncio.sleep(0.2)

    start_forkserver()
    with dask.config.set(CONFIG):
        asyncio.run(serve())


def drive(address: str, results: str, spec: dict, exact: int | None) -> None:
    """Run a sweep on the cluster, as a command would; SIGUSR1 cuts the connection to the scheduler."""
    ends: Counter[int] = Counter()

    def listen(event: object) -> None:
        if isinstance(event, Done | Failed):
            ends[event.index] += 1

    try:
        client = Client(address, timeout=10, set_as_default=False)
        signal.signal(signal.SIGUSR1, lambda *_: cut_off(client))
        options = {"pace": PACE, "waits": WAITS}
        if exact is None:
            options["task"] = fake_tasks.make
        outcome = run(
            SweepSpec(**spec),
            results=results,
            compute=Compute(exact=exact, device="cpu"),
            render=functools.partial(render_on, client, **options),
            on_event=listen,
        )
    except (DwlabError, OSError):
        os._exit(UNFINISHED)
    if any(count > 1 for count in ends.values()):
        os._exit(TWICE)
    os._exit(UNFINISHED if outcome.left or outcome.failed else 0)


def cut_off(client: Client) -> None:
    client.loop.add_callback(client.scheduler_comm.comm.abort)


class Cluster:
    """Scheduler, nannies and their workers, each a process of its own.

    folder: where files say what goes wrong in a worker, and `begun` lists the cells that were begun.
    """

    def __init__(self, names: list[str], folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.names = names
        self.folder = folder
        self.nannies: dict[str, multiprocessing.Process] = {}
        self.start_scheduler()
        for name in names:
            self.start_nanny(name)

    def start_scheduler(self) -> None:
        port = int(self.address.rpartition(":")[2])
        self.scheduler = START.Process(target=schedule, args=(port,), daemon=False)
        self.scheduler.start()

    def start_nanny(self, name: str) -> None:
        arguments = (self.address, name, str(self.folder))
        self.nannies[name] = START.Process(target=watch_over, args=arguments, daemon=False)
        self.nannies[name].start()

    def worker(self, name: str) -> psutil.Process | None:
        """The process that computes under a nanny."""
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.nannies[name].pid).children():
                for grandchild in child.children():
                    return grandchild
        return None

    def begun(self) -> int:
        """How many cells were begun, each time one was."""
        file = self.folder / "begun"
        return file.read_bytes().count(b"\n") if file.exists() else 0

    def close(self) -> None:
        for process in [*self.nannies.values(), self.scheduler]:
            end_tree(process.pid)
            process.join(10)


def end_tree(pid: int | None) -> None:
    """End a process that this test started, with its children."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for child in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.Error):
                child.resume()
                child.kill()
