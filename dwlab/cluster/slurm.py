"""Workers as a job of Slurm, which ends together with the run.

The scheduler runs in this process, so that nothing is left if it is killed: workers end on their
own a minute after they lost it, and the job with them.
"""

from __future__ import annotations

import contextlib
import logging
import math
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.durations import duration
from ..errors import InvalidInput, RenderError
from ..events import Cancelled
from ..spec.where import WorkerDevice
from . import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from distributed import Client

log = logging.getLogger(__name__)
DEVICE = "device"
HOST = "host"
FOLDER = "folder"
TIME = "time"
# words of --slurm that are dwlab's own; all others are options of sbatch
OWN = (DEVICE, HOST, FOLDER)
ANY_HOST = "0.0.0.0"  # noqa: S104  # nodes connect from elsewhere, and the way is encrypted
GPU_OPTIONS = ("gres", "gpus", "gpus-per-node", "gpus-per-task")
# of the time of a job: after it, workers take no new chunk
LIFETIME_SHARE = 0.8
POLL_SECONDS = 1.0
ANSWER_SECONDS = 120.0  # for a command of Slurm
FORGOTTEN = "Invalid job id"
LOG_LINES = 12
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORT_TIME = re.compile(r"(\d{1,6})([smhd])")
_SLURM_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True)
class Job:
    """A job that was submitted. output: the file of what its workers print."""

    number: str
    output: Path

    def state(self) -> str | None:
        """PENDING, RUNNING and so on with the reason of Slurm's; empty if the job is over.

        None if Slurm does not say now, as while its controller is too busy.
        """
        done = _call("squeue", "--noheader", f"--jobs={self.number}", "--format=%T (%r)")
        if done is None:
            return None
        if done.returncode:
            # of a job that has been over for long
            return "" if FORGOTTEN in done.stderr else None
        return done.stdout.strip().replace(" (None)", "")

    def cancel(self) -> None:
        """End the job; one that is over stays as it is."""
        _call("scancel", self.number)

    def last_lines(self) -> str:
        """What its workers printed last."""
        try:
            lines = self.output.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return "it printed nothing"
        return "\n".join(lines[-LOG_LINES:]) or "it printed nothing"


@dataclass(frozen=True)
class Expected:
    """What a job will bring as far as its options say. tasks: how many workers, at the least."""

    device: WorkerDevice
    tasks: int


def expected(options: Mapping[str, str]) -> Expected:
    """What a job with these options will bring."""
    check(options)
    device = (
        WorkerDevice("cuda", "bfloat16") if _has_gpus(options) else WorkerDevice("cpu", "float32")
    )
    nodes = options.get("nodes", "1").partition("-")[0]
    tasks = options.get("ntasks", nodes)
    return Expected(device, int(tasks) if tasks.isdecimal() else 1)


@contextlib.contextmanager
def workers_of_job(
    options: Mapping[str, str],
    *,
    dashboard: bool = False,
    cancel: threading.Event | None = None,
) -> Iterator[Client]:
    """A client of a scheduler in this process whose workers are a job of Slurm, once the first came.

    options: of `sbatch`, by name, and `device` (which each task computes on: see `dwlab worker`), `host`
    (the address of this machine that nodes can reach), and `folder` (that this machine and all
    nodes see; by default one in the home folder).
    cancel: raises Cancelled once it is set while the job waits.
    Raises InvalidInput for an option that Slurm refuses, and RenderError if there is no Slurm or the
    job ends before it has a worker.
    """
    import dask
    from distributed import Client, Scheduler, SpecCluster

    from . import connect

    check(options)
    with _private_folder(options.get(FOLDER)) as folder:
        file = folder / "scheduler.json"
        certificates.make_beside(file)
        security = certificates.beside(file)
        settings = connect.scheduler_options(
            options.get(HOST, ANY_HOST), 0, security=security, dashboard=dashboard
        )
        scheduler = {"cls": Scheduler, "options": {**settings, "scheduler_file": str(file)}}
        with (
            dask.config.set(connect.SETTINGS),
            SpecCluster(  # type: ignore[no-untyped-call]
                {}, scheduler, asynchronous=False, security=security, name="dwlab"
            ) as cluster,
            Client(cluster, security=security, set_as_default=False) as client,  # type: ignore[no-untyped-call]
        ):
            job = submit(options, file)
            try:
                _wait_for_a_worker(client, job, cancel)
                yield client
            finally:
                job.cancel()


def check(options: Mapping[str, str]) -> None:
    """Raise RenderError if there is no Slurm here, and InvalidInput for a time that is none."""
    if shutil.which("sbatch") is None:
        raise RenderError("no `sbatch` here: --where slurm runs on a login node of Slurm")
    if TIME in options:
        seconds_of(options[TIME])


def submit(options: Mapping[str, str], file: Path) -> Job:
    """Submit a job whose tasks are workers of the scheduler that a file names."""
    output = file.with_name("job.log")
    script = file.with_name("job.sh")
    script.write_text(script_of(options, file), "utf-8")
    command = ["sbatch", "--parsable", f"--output={output}", "--job-name=dwlab"]
    arguments = [f"--{name}={value}" for name, value in sbatch_options(options).items()]
    done = _call(*command, *arguments, str(script))
    if done is None:
        raise RenderError(
            f"sbatch gave no answer within {duration(ANSWER_SECONDS)}; `squeue --name=dwlab` says "
            "whether there is a job all the same, `scancel --name=dwlab` ends it"
        )
    if done.returncode:
        allowed = f"options that sbatch takes; it says: {done.stderr.strip()}"
        raise InvalidInput("--slurm", " ".join(arguments), allowed)
    # with several clusters, ID;CLUSTER
    return Job(done.stdout.strip().partition(";")[0], output)


def sbatch_options(options: Mapping[str, str]) -> dict[str, str]:
    """The options for `sbatch` by name, with the time as Slurm writes it."""
    slurms = {name: value for name, value in options.items() if name not in OWN}
    if TIME in slurms:
        minutes = -(-seconds_of(slurms[TIME]) // 60)
        slurms[TIME] = str(minutes)
    return slurms


def script_of(options: Mapping[str, str], file: Path) -> str:
    """The script of a job: one `dwlab worker` per task."""
    device = options.get(DEVICE) or ("cuda:*" if _has_gpus(options) else "auto")
    words = ["srun", sys.executable, "-m", "dwlab", "worker", "--scheduler-file", str(file)]
    words += ["--device", device]
    if TIME in options:
        seconds = math.ceil(LIFETIME_SHARE * seconds_of(options[TIME]))
        words += ["--lifetime", f"{seconds}s"]
    return (
        "#!/bin/sh\n"
        'export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"\n'
        f"exec {shlex.join(words)}\n"
    )


def _has_gpus(options: Mapping[str, str]) -> bool:
    is_named = options.get(DEVICE, "").startswith("cuda")
    return is_named or any(name in options for name in GPU_OPTIONS)


def seconds_of(time_limit: str) -> int:
    """The seconds of `2h`, `90m`, `1d`, or of Slurm's own MINUTES, [D-]HH:MM:SS; raises InvalidInput."""
    seconds = _seconds_of(time_limit)
    # Slurm takes 0 for no limit at all
    if not seconds:
        allowed = "a time like 2h, 90m or 1d, or as Slurm writes it, like 1-12:00:00"
        raise InvalidInput("slurm.time", time_limit, allowed)
    return seconds


def _seconds_of(time_limit: str) -> int | None:
    short = _SHORT_TIME.fullmatch(time_limit)
    if short:
        return int(short[1]) * _SECONDS[short[2]]
    long = _SLURM_TIME.fullmatch(time_limit)
    if long is None:
        return None
    days, *numbers = (int(number or 0) for number in long.groups())
    if long[1] is not None or long[4] is not None:
        hours, minutes, seconds = numbers
    else:
        # alone, or MINUTES:SECONDS
        hours = 0
        minutes, seconds = numbers[0], numbers[1]
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@contextlib.contextmanager
def _private_folder(shared: str | None) -> Iterator[Path]:
    """A folder that only this user can read, because it holds the key of the cluster."""
    parent = Path(shared).expanduser() if shared else Path.home() / ".cache" / "dwlab"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="slurm-", dir=parent)
    except OSError as error:
        allowed = f"a folder that this machine and all nodes can write ({error.strerror})"
        raise InvalidInput("slurm.folder", str(parent), allowed) from None
    with folder as name:
        yield Path(name)


def _wait_for_a_worker(client: Client, job: Job, cancel: threading.Event | None) -> None:
    """Wait as long as the job may still bring one; raises RenderError if it ended without."""
    cancelled = cancel or threading.Event()
    told = ""
    while not client.scheduler_info(n_workers=-1)["workers"]:
        state = job.state()
        if state == "":
            raise RenderError(
                f"job {job.number} of Slurm ended before a worker came:\n{job.last_lines()}"
            )
        state = state or "squeue does not say"
        if state != told:
            log.warning("job %s of Slurm: %s", job.number, state)
            told = state
        if cancelled.wait(POLL_SECONDS):
            raise Cancelled


def _call(*command: str) -> subprocess.CompletedProcess[str] | None:
    """What a command of Slurm says; None if it is not there or does not end in time."""
    try:
        return subprocess.run(  # noqa: S603  # the person's own options, as words
            command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
