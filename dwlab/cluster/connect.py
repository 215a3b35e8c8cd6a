"""The way to the workers of a place: a cluster of Dask that is started here, or one that runs elsewhere.

Whoever reaches a scheduler of Dask can run code on its workers and on whoever uses it. So what is
started here listens on loopback only, encrypted, and a scheduler elsewhere is to be reached over a trusted
network, or with TLS (`tls://`, with the certificates in Dask's configuration).
"""

from __future__ import annotations

import contextlib
import logging
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, MissingExtra, RenderError, first_line
from ..models import device
from ..spec.where import SLURM
from . import certificates, elsewhere, slurm, tasks, worker_process

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from distributed import Client, Security

    from ..spec.where import Connected, Where

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
# also without a dashboard there is a server that tells of the process's health
ANY_PORT = f"{HOST}:0"
# a cell that ends its worker is retried by the process that runs the sweep, not by the scheduler,
# which would send it to one worker after the other
SETTINGS = {
    # after which Dask would remove a device whose worker takes long to start anew
    "distributed.deploy.lost-worker-timeout": "1000 days",
    # events that schedulers and workers remember, with the documents of chunks in them
    "distributed.admin.low-level-log-length": 10,
    # Dask would set them in this process, for good; workers have an environment of their own
    "distributed.nanny.pre-spawn-environ": {
        "MALLOC_TRIM_THRESHOLD_": None,
        "OMP_NUM_THREADS": None,
        "MKL_NUM_THREADS": None,
        "OPENBLAS_NUM_THREADS": None,
    },
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
}


def check_installed() -> None:
    """Raise MissingExtra if the library that reaches workers is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise MissingExtra("where (dask.distributed is missing)", "cluster") from None
    _quiet()


def check_dashboard() -> None:
    """Raise MissingExtra if the library that draws Dask's dashboard is not installed."""
    if find_spec("bokeh") is None:
        raise MissingExtra("dashboard (bokeh is missing)", "cluster")


def _quiet() -> None:
    """Let Dask say no more than dwlab: what becomes of workers is told by events of the run."""
    level = log.getEffectiveLevel()
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(level if level <= logging.INFO else logging.CRITICAL)


@contextlib.contextmanager
def connected(
    where: Where,
    given: str | Connected = "",
    *,
    dashboard: bool = False,
    cancel: threading.Event | None = None,
) -> Iterator[Client]:
    """A client of a place's scheduler, for a while; workers that were started here end with it.

    given: the client of a place that is given by one, which stays connected. cancel: raises
    Cancelled once it is set while a job waits in its queue.
    Raises MissingExtra, InvalidInput for a device that is not here, and RenderError if the scheduler
    does not answer.
    """
    check_installed()
    from distributed import Client

    if where.kind == "devices":
        with _here(devices_of(where), dashboard=dashboard) as client:
            yield client
    elif where.kind in ("scheduler", "scheduler-file"):
        with elsewhere.client_of(where) as client:
            yield client
    elif where.kind == SLURM:
        with slurm.workers_of_job(where.options, dashboard=dashboard, cancel=cancel) as client:
            yield client
    elif isinstance(given, Client):
        yield given
    else:
        raise InvalidInput("where", where.kind, "a place with workers")


def devices_of(where: Where) -> tuple[str, ...]:
    """The devices of this machine that a place names; raises InvalidInput for one that is not here."""
    gpus = [name for name in device.available() if name.startswith("cuda")]
    devices = where.devices
    if devices == ("cuda:*",):
        devices = tuple(gpus)
    missing = [name for name in devices if name != "cpu" and name not in gpus]
    if missing or not devices:
        allowed = f"devices of this machine: cpu*N{''.join(f', {name}' for name in gpus)}"
        raise InvalidInput("where", ", ".join(missing) or ", ".join(where.devices), allowed)
    return devices


@contextlib.contextmanager
def _here(devices: tuple[str, ...], *, dashboard: bool) -> Iterator[Client]:
    """A cluster on loopback with one process per device.

    It is encrypted, because other users of the machine can reach loopback too.
    """
    import dask
    from distributed import Client, Scheduler, SpecCluster

    from .keeping import KeptWorker

    with dask.config.set(SETTINGS), certificates.of_one_run() as security:
        options = scheduler_options(HOST, 0, security=security, dashboard=dashboard)
        workers = {}
        for name in names_of(devices):
            nanny = nanny_options(name, len(devices)) | {"security": security}
            workers[name] = {"cls": KeptWorker, "options": nanny}
        try:
            cluster = SpecCluster(  # type: ignore[no-untyped-call]
                workers,
                {"cls": Scheduler, "options": options},
                asynchronous=False,
                security=security,
                silence_logs="CRITICAL",
                name="dwlab",
            )
        except RuntimeError as error:
            raise RenderError(
                f"the workers did not start ({first_line(error)}); a script that starts workers "
                'has to do so below `if __name__ == "__main__":`, because they import it'
            ) from error
        with cluster, Client(cluster, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            yield client


def scheduler_options(
    host: str, port: int, *, security: Security | None = None, dashboard: bool = False
) -> dict[str, Any]:
    """How a scheduler is started. security: its encryption."""
    return {
        "host": host,
        "port": port,
        "protocol": "tcp" if security is None else "tls",
        "security": security,
        "dashboard": dashboard,
        "dashboard_address": ANY_PORT,
    }


def names_of(devices: tuple[str, ...]) -> list[str]:
    """What workers are called: by their GPU, or cpu:0, cpu:1."""
    return [f"cpu:{number}" if name == "cpu" else name for number, name in enumerate(devices)]


def nanny_options(name: str, sharing: int) -> dict[str, Any]:
    """How a worker process on a device is started. sharing: how many share the machine's cores.

    One thread, so that it computes one chunk at a time; no limit of memory, because Dask counts
    what torch keeps as leaked and would restart the worker.
    """
    kind = name.partition(":")[0]
    return {
        "nthreads": 1,
        "memory_limit": 0,
        "preload": worker_process.__name__,
        "resources": {kind: 1},
        "env": environment(name, sharing),
        "host": HOST,
        "dashboard": False,
        "dashboard_address": ANY_PORT,
        "silence_logs": "CRITICAL",
    }


def environment(name: str, sharing: int) -> dict[str, str]:
    """The environment of a worker process: its device, and its share of the cores."""
    kind, _, number = name.partition(":")
    variables = {tasks.DEVICE_VARIABLE: kind}
    if kind == "cuda":
        variables["CUDA_VISIBLE_DEVICES"] = _visible(int(number or 0))
    threads = str(max(1, cores() // sharing))
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        variables[variable] = threads
    return variables


def cores() -> int:
    """How many cores computations may use: as many as OMP_NUM_THREADS says, otherwise all of them."""
    import psutil

    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdecimal() and int(said):
        return int(said)
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    # a batch system may give this process fewer
    return (
        min(physical, len(os.sched_getaffinity(0)))
        if hasattr(os, "sched_getaffinity")
        else physical
    )


def _visible(number: int) -> str:
    """What CUDA calls the GPU that this process sees under a number."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = [name.strip() for name in visible.split(",") if name.strip()]
    return names[number] if number < len(names) else str(number)
