"""How pictures are computed: on which device, in which settings, and how many together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._util.checks import is_number, is_whole_number, without_quotes
from ..errors import InvalidInput
from . import where as places
from .modes import mode

if TYPE_CHECKING:
    from .where import Connected, Where, WorkerDevice

METHOD_TIMEOUT = 600.0  # seconds


@dataclass(frozen=True)
class Compute:
    """How pictures are computed. What they show does not depend on it beyond rounding, except for `memory`.

    device: auto, cpu, mps, cuda or cuda:N.
    profile: None for stock settings, or "fast" for those that `dwlab bench tune` found on this
    machine.
    pack: how many pictures share a forward, at two rows each; None for as many as the device gains
    from, 1 for one stock call after the other.
    exact: None, or the number of rows of each forward, 2 to 1024: then a cell gives the same bytes
    whatever runs beside it, on the same machine with the same versions and threads, and has a key
    of its own.
    memory: measures that save memory, as `dwlab.spec.memory.parse` returns them: None for those of
    the experiment, () for stock. Those that change pictures, 8 and 4 bits and tiles, give them keys
    of their own.
    method_timeout: the seconds that the own code of a user's method may take per cell.
    probes: what is kept of each step, see `dwlab.spec.probes`.
    where: which processes compute, see `dwlab.spec.where`: local, cpu*4, cuda:*, cuda:0,cuda:1,
    dask://HOST:PORT, scheduler-file:PATH, slurm, or a client of Dask.
    dashboard: whether workers that are started on this machine have Dask's dashboard.
    elsewhere: what the workers of a place on other machines compute on, once they were asked.
    Raises InvalidInput for a pack, a number of rows or a place that is not allowed; a device and a
    profile are looked up when a model is identified.
    """

    device: str = "auto"
    profile: str | None = None
    pack: int | None = None
    exact: int | None = None
    memory: tuple[str, ...] | None = None
    method_timeout: float = METHOD_TIMEOUT
    probes: tuple[str, ...] = ()
    where: str | Connected = places.LOCAL
    dashboard: bool = False
    elsewhere: WorkerDevice | None = None

    def __post_init__(self) -> None:
        mode(self.exact)
        if self.pack is not None and not (is_whole_number(self.pack) and self.pack >= 1):
            allowed = (
                "a whole number of at least 1, or nothing for as many as the device gains from"
            )
            raise InvalidInput("pack", self.pack, allowed + without_quotes(self.pack))
        if not is_number(self.method_timeout) or not self.method_timeout > 0:
            raise InvalidInput("method_timeout", self.method_timeout, "seconds, above 0")
        self._check_place()

    @property
    def place(self) -> Where:
        """Where pictures are computed."""
        return places.parse(self.where)

    @property
    def own_device(self) -> str:
        """The device of this process, which measures pictures, wherever they are made."""
        return self.device if self.place.is_here else "auto"

    def _check_place(self) -> None:
        """Raise InvalidInput for a place that is not allowed, or that has other devices."""
        place = self.place
        if place.is_local:
            return
        kind = self.device.partition(":")[0]
        if place.device and kind not in ("auto", place.device):
            allowed = f"left out, or {place.device}, with where: {self.where}"
            raise InvalidInput("device", self.device, allowed)
        if ":" in self.device:
            allowed = "auto, cpu, mps or cuda, because each worker has a device of its own"
            raise InvalidInput("device", self.device, allowed)
        if self.profile is not None and not place.is_here:
            allowed = "left out for workers elsewhere: a profile is that of one machine"
            raise InvalidInput("profile", self.profile, allowed)

    def of_experiment(
        self, memory: tuple[str, ...] | None, probes: tuple[str, ...] = ()
    ) -> Compute:
        """The same with an experiment's probes, and its measures that save memory if none were given."""
        return replace(self, memory=memory if self.memory is None else self.memory, probes=probes)
