"""Where the pictures of a run are computed: the one seam between runs and workers."""

from __future__ import annotations

import contextlib
import functools
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import RenderError
from ..events import Connected
from ..models import memory_plan
from ..spec.where import SLURM, WorkerDevice
from . import connect, slurm, tasks
from .asking import answers_of_workers

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from distributed import Client

    from ..events import Event
    from ..models.identity import Identity
    from ..render.renderer import Renderer
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute

WORKER_SECONDS = 60.0  # that the first worker may take to come, and each to say what it is


@dataclass(frozen=True)
class Place:
    """A place to compute, ready to be used.

    compute: what cells are to be resolved with: of workers elsewhere it knows the device.
    render: makes pictures there. workers: how many processes compute. speed: how many times as
    fast they are together as this process would be, as far as that can be told beforehand.
    """

    compute: Compute
    render: Renderer
    workers: int = 1
    speed: float = 1.0

    def check_memory(self, identities: Iterable[Identity]) -> None:
        """Raise InvalidInput if workers that share this machine's memory cannot hold a model each."""
        if self.workers > 1 and self.compute.place.is_here:
            memory_plan.check_copies(identities, self.workers)


@contextlib.contextmanager
def placed(
    compute: Compute,
    given: Renderer | None = None,
    *,
    planning: bool = False,
    cancel: threading.Event | None = None,
) -> Iterator[Place]:
    """The place that `compute.where` names, for a while.

    given: makes the pictures instead. planning: nothing will be computed, so no job is submitted.
    cancel: raises Cancelled once it is set while a job waits in its queue. Workers on this machine start with the first picture; those
    elsewhere are asked at once what they compute on. Raises MissingExtra, InvalidInput for a device
    that is not here, and RenderError if no scheduler answers, or no worker is there.
    """
    where = compute.place
    if given is not None or where.is_local:
        yield Place(compute, given or _render_here)
        return
    connect.check_installed()
    if compute.dashboard:
        connect.check_dashboard()
    if where.is_here:
        devices = connect.devices_of(where)
        # processes on a CPU share its cores
        speed = 1.0 if where.device == "cpu" else float(len(devices))
        with contextlib.ExitStack() as stack:
            workers = _Workers(stack, compute)
            yield Place(replace(compute, device=where.device), workers, len(devices), speed)
        return
    if planning and where.kind == SLURM:
        expected = slurm.expected(where.options)
        elsewhere = replace(compute, elsewhere=expected.device)
        yield Place(elsewhere, _render_here, expected.tasks, float(expected.tasks))
        return
    place = connect.connected(where, compute.where, dashboard=compute.dashboard, cancel=cancel)
    with place as client:
        facts = _facts_of_workers(client, compute.device)
        elsewhere = replace(compute, elsewhere=_device_of(facts))
        yield Place(elsewhere, functools.partial(_render_on, client), len(facts), _speed(facts))


def compute_of_workers(client: Client, compute: Compute) -> Compute:
    """What cells are to be resolved with for the workers of a client. Raises RenderError."""
    where = compute.place
    if where.is_here:
        return replace(compute, device=where.device)
    return replace(compute, elsewhere=_device_of(_facts_of_workers(client, compute.device)))


def _render_here(
    cells: Sequence[ResolvedCell],
    *,
    compute: Compute,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
) -> Generator[Event, None, None]:
    """Make pictures in this process; see `dwlab.render.renderer.render`."""
    # here, because a run that finds everything made needs nothing of it
    from ..render.renderer import render

    return render(cells, compute=compute, cancel=cancel, dropped=dropped)


class _Workers:
    """The workers of this machine, which start with the first picture. stack: ends them."""

    def __init__(self, stack: contextlib.ExitStack, compute: Compute) -> None:
        self._stack = stack
        self._compute = compute
        self._client: Client | None = None

    def __call__(
        self,
        cells: Sequence[ResolvedCell],
        *,
        compute: Compute,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
    ) -> Generator[Event, None, None]:
        """Make pictures; see `dwlab.render.renderer.render`."""
        if self._client is None:
            place = connect.connected(self._compute.place, dashboard=self._compute.dashboard)
            self._client = self._stack.enter_context(place)
        yield from _render_on(self._client, cells, compute=compute, cancel=cancel, dropped=dropped)


def _render_on(
    client: Client,
    cells: Sequence[ResolvedCell],
    *,
    compute: Compute,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
) -> Generator[Event, None, None]:
    """Make pictures by the workers of a client; see `dwlab.render.renderer.render`."""
    from .driver import render_on

    yield Connected(compute.place.text, client.dashboard_link if compute.dashboard else "")
    yield from render_on(client, cells, compute=compute, cancel=cancel, dropped=dropped)


def _facts_of_workers(client: Client, device: str) -> list[dict[str, Any]]:
    """What the workers of a scheduler are: those with a device of that kind. Raises RenderError."""
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError:
        raise RenderError(
            f"no worker came to the scheduler within {WORKER_SECONDS:g} s; start some with "
            "`dwlab worker`, on each machine"
        ) from None
    answers = answers_of_workers(client, tasks.facts, WORKER_SECONDS)
    facts = [json.loads(answer) for answer in answers if isinstance(answer, str)]
    if not facts:
        reasons = {f"{type(error).__name__}: {error}" for error in answers}
        raise RenderError(f"no worker can compute: {'; '.join(sorted(reasons))}")
    fitting = [each for each in facts if device in ("auto", each["device"].partition(":")[0])]
    if not fitting:
        devices = ", ".join(sorted({each["device"] for each in facts}))
        raise RenderError(f"no worker computes on {device}; the workers have {devices}")
    return fitting


def _device_of(facts: Sequence[dict[str, Any]]) -> WorkerDevice:
    """What most of the workers compute on; others are refused if that makes other pictures."""
    devices = Counter(WorkerDevice(each["device"], each["dtype"]) for each in facts)
    return devices.most_common(1)[0][0]


def _speed(facts: Sequence[dict[str, Any]]) -> float:
    """How many GPUs there are; of workers on CPUs, how many times this machine's threads they have."""
    threads = sum(each.get("threads", 0) for each in facts)
    gpus = sum("threads" not in each for each in facts)
    return gpus + threads / connect.cores()
