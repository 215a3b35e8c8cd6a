"""Runs a scheduler, or the workers of a machine, until they are told to end."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import platform
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, RenderError, first_line
from ..models.device import resolve
from ..spec.where import parse
from . import certificates, connect, elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from distributed import Scheduler, Security

    from .keeping import KeptWorker

DEATH_SECONDS = 60.0  # without a scheduler, after which a worker ends
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Listening:
    """An address to listen on. port: 0 for any free one."""

    host: str = connect.HOST
    port: int = 0

    @classmethod
    def of(cls, field: str, text: str) -> Listening:
        """The address in HOST:PORT; raises InvalidInput."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise InvalidInput(field, text, "HOST:PORT, like 127.0.0.1:8901")
        return cls(host, int(port))


def run_workers(
    *,
    address: str = "",
    scheduler_file: Path | None = None,
    device: str = "auto",
    name: str = "",
    listen: Listening | None = None,
    lifetime: str | None = None,
    tell: Callable[[str], None],
) -> None:
    """Run one worker process per device, until Ctrl-C, or until the scheduler is gone for a minute.

    address: of the scheduler; or scheduler_file, with certificates beside it (see `certificates`).
    device: auto, cpu, cpu*4, mps, cuda:0, or cuda:* for all GPUs. name: of the worker, by which rows
    tell who made them; by default machine, device and process. listen: where the (first) worker can
    be reached, the process that watches over it on the next port. lifetime: after which the workers
    end as soon as their chunk is done, like 90m. tell: is told that they run.
    A worker that loses the scheduler for a moment comes again.
    Raises InvalidInput for a scheduler that is neither on loopback nor encrypted, and RenderError if
    none answers.
    """
    connect.check_installed()
    security = certificates.beside(scheduler_file) if scheduler_file else None
    address = _scheduler_address(address, scheduler_file)
    certificates.check_trusted("--scheduler-file" if scheduler_file else "--connect", address)
    devices = _devices(device)
    host = listen.host if listen else connect.HOST if certificates.is_loopback(address) else None
    workers = []
    for number, each in enumerate(connect.names_of(devices)):
        options = connect.nanny_options(each, len(devices))
        options |= {
            "name": _name(name, each, len(devices)),
            "host": host,
            "security": security,
            "death_timeout": DEATH_SECONDS,
            "patience": DEATH_SECONDS,
            "scheduler": address,
        }
        if listen and listen.port:
            options |= {
                "worker_port": listen.port + 2 * number,
                "port": listen.port + 2 * number + 1,
            }
        if lifetime:
            options["lifetime"] = _lifetime_seconds(lifetime)
        workers.append(options)
    asyncio.run(_run_all(workers, address, tell))


def run_scheduler(
    *,
    listen: Listening,
    scheduler_file: Path | None = None,
    dashboard: bool = False,
    tell: Callable[[str], None],
) -> None:
    """Run a scheduler until Ctrl-C, with the settings that dwlab needs.

    scheduler_file: where its address is written, for workers that share the folder. Then it is
    encrypted, with a certificate that is made beside the file; without one it listens on loopback
    only. tell: is told that it runs.
    """
    connect.check_installed()
    if dashboard:
        connect.check_dashboard()
    security = None
    if scheduler_file:
        certificates.make_beside(scheduler_file)
        security = certificates.beside(scheduler_file)
    elif not certificates.is_loopback(f"tcp://{listen.host}"):
        allowed = "127.0.0.1, or --scheduler-file in a folder that only you can read, for the "
        allowed += "certificate"
        raise InvalidInput("--listen", listen.host, allowed)
    asyncio.run(_run_scheduler(listen, scheduler_file, security, dashboard, tell))


async def _run_scheduler(
    listen: Listening,
    file: Path | None,
    security: Security | None,
    dashboard: bool,
    tell: Callable[[str], None],
) -> None:
    import dask
    from distributed import Scheduler

    with dask.config.set(connect.SETTINGS):
        options = connect.scheduler_options(
            listen.host, listen.port, security=security, dashboard=dashboard
        )
        if file:
            options["scheduler_file"] = str(file)
        try:
            async with Scheduler(**options) as scheduler:
                tell(_scheduler_words(scheduler, file, dashboard))
                await _until_the_end([scheduler.finished()])
        # Dask wraps what went wrong
        except (OSError, RuntimeError) as error:
            cause = error.__cause__ or error
            raise RenderError(
                f"the scheduler cannot listen on {listen.host}:{listen.port} ({first_line(cause)})"
            ) from None


def _scheduler_words(scheduler: Scheduler, file: Path | None, dashboard: bool) -> str:
    address = scheduler.address.replace("tcp://", "dask://")
    place = f"scheduler-file:{file}" if file else address
    option = f"--scheduler-file {file}" if file else f"--connect {scheduler.address}"
    lines = [
        f"scheduler at {scheduler.address}; Ctrl-C ends it",
        f"workers:   dwlab worker {option}",
        f"a sweep:   dwlab sweep FILE --where {place}",
    ]
    if dashboard:
        port = scheduler.http_server.port  # type: ignore[attr-defined]  # set as it starts
        lines.append(f"dashboard: http://{connect.HOST}:{port}/status")
    return "\n".join(lines)


async def _run_all(
    options: Iterable[dict[str, Any]], address: str, tell: Callable[[str], None]
) -> None:
    import dask

    from .keeping import KeptWorker

    with dask.config.set(connect.SETTINGS):
        async with contextlib.AsyncExitStack() as stack:
            workers = []
            for each in options:
                try:
                    workers.append(await stack.enter_async_context(KeptWorker(**each)))
                # what a process that did not start raises
                except Exception as error:
                    raise RenderError(
                        f"no worker could start for the scheduler at {address} "
                        f"({first_line(error)})"
                    ) from error
            tell(_worker_words(workers, address))
            await _until_the_end([worker.finished() for worker in workers])


def _worker_words(workers: Iterable[KeptWorker], address: str) -> str:
    names = ", ".join(str(worker.name) for worker in workers)
    return f"working as {names} for {address}; Ctrl-C ends it"


async def _until_the_end(ends: Iterable[Any]) -> None:
    """Wait until everything ended, or a signal says that it shall."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in SIGNALS:
        # not on Windows, where Ctrl-C raises
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told.set)
    waiting = {asyncio.ensure_future(end) for end in ends}
    stopped = asyncio.ensure_future(told.wait())
    while waiting and not told.is_set():
        ended, _ = await asyncio.wait([*waiting, stopped], return_when=asyncio.FIRST_COMPLETED)
        waiting -= ended
    for each in (*waiting, stopped):
        each.cancel()


def _lifetime_seconds(lifetime: str) -> float:
    """The seconds of 90m and such; raises InvalidInput."""
    from dask.utils import parse_timedelta

    try:
        seconds = float(parse_timedelta(lifetime))
    # a KeyError for a unit that is none
    except (ValueError, KeyError):
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise InvalidInput("--lifetime", lifetime, "a time like 90m or 2h")
    return seconds


def _scheduler_address(address: str, file: Path | None) -> str:
    """The address of a scheduler, as Dask writes it; raises InvalidInput."""
    if (file is None) == (not address):
        raise InvalidInput("--connect", address, "HOST:PORT, or --scheduler-file FILE instead")
    if file is None:
        text = address if "://" in address else f"dask://{address}"
        where = parse(text)
        if where.kind != "scheduler":
            raise InvalidInput("--connect", address, "HOST:PORT, or tls://HOST:PORT")
        return where.address
    return elsewhere.address_in(file, "--scheduler-file")


def _devices(device: str) -> tuple[str, ...]:
    """The devices that a worker's option names."""
    if device in ("auto", "cpu", "mps"):
        device = resolve(device)
    if device in ("cpu", "mps"):
        return (device,)
    if device.partition(":")[0] != "cuda":
        raise InvalidInput("--device", device, "auto, cpu, mps, cuda, cuda:N or cuda:*")
    text = "cuda:0" if device == "cuda" else device
    return connect.devices_of(parse(text))


def _name(name: str, device: str, workers: int) -> str:
    """What a worker is called; no other one on a scheduler may have its name."""
    if not name:
        return f"{platform.node()} {device} #{os.getpid()}"
    return name if workers == 1 else f"{name} {device}"
