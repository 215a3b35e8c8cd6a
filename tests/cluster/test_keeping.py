"""A device has a worker again, whatever became of the one before."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import dask
import pytest
from distributed import Scheduler

from dwlab.cluster import connect
from dwlab.cluster.connect import SETTINGS, connected
from dwlab.cluster.keeping import KeptWorker
from dwlab.spec.where import parse

SECONDS = 120  # that anything may take on a busy machine
PRELOAD = """
import os, time
from pathlib import Path

if Path("{folder}/fails").exists():
    Path("{folder}/fails").unlink()
    raise ValueError("as it was told to")

def dask_setup(worker):
    Path("{folder}/pid").write_text(str(os.getpid()))
    if Path("{folder}/takes long").exists():
        time.sleep(16)
"""
pytestmark = pytest.mark.slow


@pytest.fixture
def preload(tmp_path):
    """The file that a worker runs as it starts: `fails` and `takes long` beside it say what happens."""
    file = tmp_path / "preload.py"
    file.write_text(PRELOAD.format(folder=tmp_path))
    return file


def kept(test):
    """Run an async test with a scheduler and a kept worker."""

    def run(preload):
        asyncio.run(serve(preload))

    async def serve(preload):
        options = connect.scheduler_options("127.0.0.1", 0)
        worker = connect.nanny_options("cpu:0", 1) | {"name": "one", "preload": str(preload)}
        with dask.config.set(SETTINGS):
            async with (
                Scheduler(**options) as scheduler,
                KeptWorker(scheduler.address, patience=SECONDS, **worker) as worker,
            ):
                await asyncio.wait_for(test(scheduler, worker, preload.parent), SECONDS)

    return run


async def another(scheduler, former):
    """Wait for another worker than one before; returns its address."""
    while not (addresses := set(scheduler.workers) - {former}):
        await asyncio.sleep(0.05)
    return addresses.pop()


@kept
async def test_a_worker_that_failed_to_start_again_is_started_once_more(scheduler, worker, folder):
    former = await another(scheduler, "")
    (folder / "fails").touch()
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    await another(scheduler, former)
    assert not (folder / "fails").exists()


@kept
async def test_a_worker_that_lost_the_scheduler_for_a_moment_comes_again(scheduler, worker, folder):
    former = await another(scheduler, "")
    scheduler.stream_comms[former].abort()
    await another(scheduler, former)


@kept
async def test_a_worker_that_is_told_to_end_does_not_come_again(scheduler, worker, folder):
    await another(scheduler, "")
    await scheduler.retire_workers(names=["one"], close_workers=True)
    await worker.finished()
    assert not scheduler.workers


@kept
async def test_a_worker_that_is_just_starting_again_can_be_ended(scheduler, worker, folder):
    former = await another(scheduler, "")
    (folder / "takes long").touch()
    pid = (folder / "pid").read_text()
    os.kill(int(pid), signal.SIGKILL)
    while (folder / "pid").read_text() in ("", pid):
        await asyncio.sleep(0.05)
    await worker.close()
    assert set(scheduler.workers) <= {former}


def test_a_device_whose_worker_takes_long_to_start_again_is_not_lost(preload, monkeypatch):
    options = connect.nanny_options
    monkeypatch.setattr(
        connect, "nanny_options", lambda *given: options(*given) | {"preload": str(preload)}
    )
    with connected(parse("cpu*1")) as client:
        (preload.parent / "takes long").touch()
        os.kill(int((preload.parent / "pid").read_text()), signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while client.scheduler_info()["workers"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.wait_for_workers(1, timeout=SECONDS)
