"""The devices of a cluster: a worker process each, on this machine or others."""

from __future__ import annotations

import functools
import itertools
import logging
import threading
from typing import TYPE_CHECKING, Any

from ...cluster import connect, lanes, wire
from ...cluster.gone import NobodyComputes
from ...cluster.pace import Pace
from ...cluster.place import compute_of_workers
from ...cluster.urgent import render_at
from ...errors import DwlabError, InvalidInput
from ...runs.resolve import identify_all, resolve
from ...spec.params import GenerationParams
from .device import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Sequence

    from distributed import Client

    from ...events import Event
    from ...render.joining import Joining
    from ...render.resolved_cell import ResolvedCell
    from ...spec.compute import Compute
    from ..settings import ServerSettings

log = logging.getLogger(__name__)
CONNECT_SECONDS = 5.0  # between two tries to reach a scheduler
LOAD_SECONDS = 1800.0  # that a worker may take for the default model
LOOK_SECONDS = 1.0  # between two looks at who is there
# what a worker loses if it dies
PACE = Pace(seconds=10.0)


class Workers:
    """Computes on the workers that `where` names, while they are there.

    Raises MissingExtra, and InvalidInput for a device that is not here.
    """

    def __init__(self, settings: ServerSettings) -> None:
        place = settings.compute.place
        connect.check_installed()
        if place.is_here:
            connect.devices_of(place)
        elif not place.address:
            allowed = "cpu*N, cuda:*, dask://HOST:PORT or scheduler-file:PATH for a server"
            raise InvalidInput("where", settings.where, allowed)
        self._settings = settings
        self.compute = settings.compute
        self._ended = threading.Event()
        self._client: Client | None = None
        self._thread = threading.Thread(target=self._run, name="dwlab-roster", daemon=True)

    def start(self, add: Callable[[Device], None], remove: Callable[[str], None]) -> None:
        """Connect, and look who is there."""
        self._add = add
        self._remove = remove
        self._thread.start()

    def end(self) -> None:
        """Compute no more; workers that were started here end."""
        self._ended.set()
        self._thread.join(LOOK_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether workers are there, or may come."""
        return self._thread.is_alive()

    def render_patiently(
        self,
        cells: Sequence[ResolvedCell],
        *,
        compute: Compute,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
    ) -> Generator[Event, None, None]:
        """Make pictures on all workers, while nothing urgent waits there."""
        from ...cluster.driver import render_on

        with self._own_client() as client:
            yield from render_on(
                client,
                cells,
                compute=compute,
                cancel=cancel,
                dropped=dropped,
                task=lanes.render_patient,
                pace=PACE,
            )

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with connect.connected(self._settings.compute.place) as client:
                    self.compute = compute_of_workers(client, self._settings.compute)
                    self._client = client
                    self._follow(client)
            except DwlabError as error:
                # not a bug, so there is no traceback
                log.error("no workers: %s", error)  # noqa: TRY400
            except Exception:
                log.exception("the workers are lost")
            self._ended.wait(CONNECT_SECONDS)

    def _follow(self, client: Client) -> None:
        """Tell who comes and goes, until the end, or until the scheduler is gone."""
        names: dict[str, str] = {}
        clients: dict[str, Client] = {}
        try:
            self._follow_all(client, names, clients)
        finally:
            for name in names.values():
                self._remove(name)
            for each in clients.values():
                each.close()  # type: ignore[no-untyped-call]

    def _follow_all(
        self, client: Client, names: dict[str, str], clients: dict[str, Client]
    ) -> None:
        """Tell who comes and goes. names, clients: of those that are here, by their address."""
        addresses: set[str] = set()
        while not self._ended.wait(LOOK_SECONDS if addresses else 0.1):
            if client.status != "running":
                raise NobodyComputes("the scheduler of the workers is gone")
            workers = client.scheduler_info(n_workers=-1)["workers"]
            for address in addresses - workers.keys():
                log.warning("a worker is gone: %s", names[address])
                self._remove(names.pop(address))
                clients.pop(address).close()  # type: ignore[no-untyped-call]
            for address in workers.keys() - addresses:
                # first, because it may fail
                clients[address] = self._own_client()
                names[address] = _free_name(names.values())
                log.info("a worker came: %s", names[address])
                device = self._device(clients[address], address, names[address], workers[address])
                self._add(device)
            addresses = set(workers)

    def _device(self, client: Client, address: str, name: str, worker: dict[str, Any]) -> Device:
        return Device(
            name=name,
            device=next(iter(worker["resources"]), self.compute.device),
            render=functools.partial(_render_at, client, address),
            is_joined=False,
            load=functools.partial(self._load, client, address),
            worker=str(worker["name"]),
        )

    def _load(self, client: Client, address: str) -> bool:
        """Load the default model on a worker."""
        try:
            params = [GenerationParams("", model=self._settings.model)]
            cells = resolve(params, identify_all(params, self.compute))
            parcel = wire.parcel_of(cells, self.compute)
            task = client.submit(
                lanes.load, parcel.document, parcel.blobs, workers=[address], pure=False
            )
            reason = task.result(LOAD_SECONDS)
        except DwlabError as error:
            reason = str(error)
        # of a worker that ends meanwhile
        except Exception as error:  # noqa: BLE001
            reason = type(error).__name__
        if reason:
            log.error("the default model is not loaded: %s", reason)
        return not reason

    def _own_client(self) -> Client:
        """A client of the same scheduler, whose events nobody else listens to."""
        from distributed import Client

        if self._client is None or self._client.scheduler is None:
            raise NobodyComputes("no workers are connected")
        try:
            return Client(  # type: ignore[no-untyped-call]
                self._client.scheduler.address,
                security=self._client.security,
                set_as_default=False,
                name="dwlab",
            )
        except OSError:
            raise NobodyComputes("the scheduler of the workers does not answer") from None


def _render_at(
    client: Client,
    address: str,
    cells: Sequence[ResolvedCell],
    *,
    compute: Compute,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
    joining: Joining | None = None,  # noqa: ARG001  # what has begun there takes no more
) -> Generator[Event, None, None]:
    return render_at(client, address, cells, compute=compute, cancel=cancel, dropped=dropped)


def _free_name(taken: Collection[str]) -> str:
    """What a worker is called here: its own name tells clients of machines and processes."""
    names = (f"worker {number}" for number in itertools.count(1))
    return next(name for name in names if name not in taken)
