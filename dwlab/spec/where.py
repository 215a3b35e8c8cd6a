"""Where pictures are computed, in words: in this process, on devices of this machine, or by workers elsewhere.

Weights are safetensors on every machine, and the way to workers is trusted only on loopback or
with TLS: whoever can reach a scheduler can run code on its workers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL: Literal["local"] = "local"
SLURM: Literal["slurm"] = "slurm"
ALL = "*"  # instead of a device's number
ALLOWED = (
    "local, cpu*4 (as many processes), cuda:* (one process per GPU), cuda:0,cuda:1, "
    "dask://HOST:PORT, scheduler-file:PATH, or slurm"
)
WORKERS_LIMIT = 1024
_PROCESSES = re.compile(r"cpu\*(\d{1,5})")
_GPU = re.compile(r"cuda:(\d{1,3}|\*)")
_ADDRESS = re.compile(r"(?P<scheme>dask|tcp|tls)://(?P<place>\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}")
_OPTION = re.compile(r"(?P<name>[a-z][a-z-]{0,40})=(?P<value>[\w.,:/@%+=-]{1,200})")

Kind = Literal["local", "devices", "scheduler", "scheduler-file", "slurm", "client"]


@runtime_checkable
class Connected(Protocol):
    """A `distributed.Client`, as a notebook has it."""

    def scheduler_info(self) -> Mapping[str, object]:
        """What the scheduler knows of its workers."""
        ...


@dataclass(frozen=True)
class Where:
    """A place to compute.

    text: as people write it. devices: of this machine, one worker process each: `cpu` as often as there are processes, or
    `cuda:0`, or `cuda:*` for all GPUs. address: of a scheduler, or the path of its file.
    options: of a Slurm job, by name, like `partition` and `time`.
    """

    kind: Kind
    text: str = field(default="", compare=False)
    devices: tuple[str, ...] = ()
    address: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether pictures are computed in this process."""
        return self.kind == LOCAL

    @property
    def is_here(self) -> bool:
        """Whether the devices are those of this machine."""
        return self.kind in ("local", "devices")

    @property
    def device(self) -> str:
        """The device that each worker of this machine sees; empty if that is not known here."""
        return self.devices[0].partition(":")[0] if self.devices else ""


@dataclass(frozen=True)
class WorkerDevice:
    """What workers elsewhere compute on. name: as they call it, like cuda. dtype: what `auto` is there."""

    name: str
    dtype: str


def parse(value: str | Connected) -> Where:
    """The place that a text names; raises InvalidInput. A client of Dask names its scheduler."""
    if not isinstance(value, str):
        if isinstance(value, Connected):
            return Where("client", "a client of Dask")
        raise InvalidInput("where", value, f"{ALLOWED}, or a client of Dask")
    text = value.strip()
    if text == LOCAL:
        return Where(LOCAL, text)
    if text == SLURM or text.startswith(f"{SLURM} "):
        return Where(SLURM, text, options=_options(text.removeprefix(SLURM)))
    path = text.removeprefix("scheduler-file:")
    if path not in ("", text):
        return Where("scheduler-file", text, address=str(Path(path).expanduser()))
    address = _ADDRESS.fullmatch(text)
    if address:
        # Dask itself calls its plain connections tcp
        scheme = address["scheme"].replace("dask", "tcp")
        return Where("scheduler", text, address=f"{scheme}://{text.partition('://')[2]}")
    return Where("devices", text, devices=_devices(text))


def _devices(text: str) -> tuple[str, ...]:
    """The devices of this machine that a text names."""
    processes = _PROCESSES.fullmatch(text)
    if processes:
        number = int(processes[1])
        if not 1 <= number <= WORKERS_LIMIT:
            raise InvalidInput("where", text, f"cpu* and a number from 1 to {WORKERS_LIMIT:,}")
        return ("cpu",) * number
    names = [name.strip() for name in text.split(",")]
    is_all = f"cuda:{ALL}" in names
    if not all(map(_GPU.fullmatch, names)) or (is_all and len(names) > 1):
        raise InvalidInput("where", text, ALLOWED)
    if len(set(names)) < len(names):
        raise InvalidInput("where", text, "each GPU once")
    return tuple(names)


def _options(text: str) -> dict[str, str]:
    """The options of a Slurm job, `NAME=VALUE` with blanks between them."""
    options: dict[str, str] = {}
    for word in text.split():
        option = _OPTION.fullmatch(word)
        if option is None:
            raise InvalidInput("slurm", word, "NAME=VALUE, like partition=gpu time=2h nodes=4")
        options[option["name"]] = option["value"]
    return options
