"""What makes the pictures of requests: this process, or one worker of a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Sequence

    from ...events import Event
    from ...render.joining import Joining
    from ...render.renderer import Renderer
    from ...render.resolved_cell import ResolvedCell
    from ...spec.compute import Compute
    from ..jobs.turns import WaitingJob

WAIT_SECONDS = 5.0  # for a device that has the model, while another one is free


class UrgentRenderer(Protocol):
    """A renderer that comes before sweeps, and that more cells can join."""

    def __call__(
        self,
        cells: Sequence[ResolvedCell],
        *,
        compute: Compute,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
        joining: Joining | None = None,
    ) -> Generator[Event, None, None]:
        """See `dwlab.render.renderer.render`."""
        ...


@dataclass
class Device:
    """Makes the pictures of requests.

    name: for clients, without addresses. device: cpu, cuda or mps. render: makes the pictures.
    is_joined: whether further requests can join those under way. load: loads the default model, and
    returns whether that went well. worker: its name in the events of a sweep, which clients are not
    told. models: those that it used, the latest one last. sweep: what it makes of a sweep, for people.
    """

    name: str
    device: str
    render: UrgentRenderer
    is_joined: bool
    load: Callable[[], bool]
    worker: str = ""
    models: list[str] = field(default_factory=list)
    sweep: str = ""

    @property
    def model(self) -> str | None:
        """The model that it used last."""
        return self.models[-1] if self.models else None

    def note_model(self, name: str) -> None:
        """Note that it uses a model."""
        if self.model != name:
            self.models = [*(model for model in self.models if model != name), name]


class Devices(Protocol):
    """All devices of a server."""

    @property
    def compute(self) -> Compute:
        """What cells are to be resolved with."""
        ...

    @property
    def render_patiently(self) -> Renderer:
        """Makes the pictures of sweeps, on all devices."""
        ...

    def start(self, add: Callable[[Device], None], remove: Callable[[str], None]) -> None:
        """Begin; `add` is called with each device that comes, `remove` with the name of one that goes."""
        ...

    def end(self) -> None:
        """Compute no more."""
        ...

    @property
    def alive(self) -> bool:
        """Whether there is anything that computes, or may come."""
        ...


def is_for(device: Device, others: Sequence[Device], job: WaitingJob) -> bool:
    """Whether a device that is free should make the pictures of a job.

    It should if it has the model, if no other has, or if the others do not come to it.
    """
    if job.alike is None:
        return False
    if job.model in device.models or job.age > WAIT_SECONDS:
        return True
    return not any(job.model in other.models for other in others)
