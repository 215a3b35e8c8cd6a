"""Decides by what measures a model fits into memory, before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..spec import memory as measures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .memory_estimate import ModelSize, Needs
    from .settings import Settings

# What `auto` tries, the least intrusive first: offloading takes time, more so the finer it is. None
# of these changes a picture, so that no key depends on how much memory is free. A CPU has nothing to
# move away from, and Apple's GPU shares the computer's memory, so that moving gains nothing.
LADDERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cuda": ((), ("model-offload",), ("group-offload",), ("sequential-offload",)),
    "mps": ((), ("attention-slicing",)),
    "cpu": ((),),
}
# What a refusal proposes; each changes the pictures.
_PROPOSALS = {
    "cuda": ("vae-tiling", "torchao-8bit", "bitsandbytes-4bit"),
    "mps": ("vae-tiling", "quanto-8bit"),
    "cpu": ("vae-tiling", "quanto-8bit"),
}


@dataclass(frozen=True)
class Room:
    """Free bytes: on the device, and in the computer's memory if the device has its own."""

    device: int
    host: int = 0


@dataclass(frozen=True)
class Demand:
    """What is to be computed. dtype: the one computed in. pixels: of the largest picture."""

    size: ModelSize
    dtype: str
    pixels: int

    def needs(self, settings: Settings) -> Needs:
        """What a picture needs in some settings."""
        return self.size.needs(settings, self.dtype, self.pixels)


@dataclass(frozen=True)
class Fit:
    """Whether a model fits, in which settings. chosen: the measures that `auto` added."""

    demand: Demand
    settings: Settings
    room: Room
    chosen: tuple[str, ...] = ()
    is_automatic: bool = False

    @property
    def needs(self) -> Needs:
        """What a picture needs."""
        return self.demand.needs(self.settings)

    @property
    def fits(self) -> bool:
        """Whether a picture fits, as far as an estimate can tell."""
        return self.needs.device <= self.room.device and self.needs.host <= self.room.host

    @property
    def is_hopeless(self) -> bool:
        """Whether not even the weights fit, which is no estimate."""
        weights = replace(self.demand, pixels=0).needs(self.settings)
        return weights.device > self.room.device or weights.host > self.room.host

    def numbers(self) -> str:
        """What is needed and what is free, in words."""
        text = f"about {_gb(self.needs.device)} of {_gb(self.room.device)} free"
        if self.needs.host:
            text += f", beside {_gb(self.needs.host)} of {_gb(self.room.host)} free in main memory"
        return text


def choose(demand: Demand, settings: Settings, room: Room, device: str) -> Fit:
    """The first rung of the device's ladder on which a picture fits; if none, the one that needs least.

    settings: those given, which stay. device: cpu, mps, cuda or cuda:N.
    """
    fits = [
        Fit(demand, settings.with_measures(names), room, names, is_automatic=True)
        for names in _rungs(settings, device)
    ]
    for fit in fits:
        if fit.fits:
            return fit
    return min(fits, key=lambda fit: fit.needs.device)


def _rungs(settings: Settings, device: str) -> Iterator[tuple[str, ...]]:
    """The rungs of a device's ladder that leave the given settings as they are."""
    for names in LADDERS[device.partition(":")[0]]:
        is_offload = any(measures.MEASURES[name][0] == "offload" for name in names)
        if not (is_offload and settings.offload != "none"):
            yield names


def shortage(name: str, fit: Fit, device: str) -> str:
    """Why a model does not fit, with the numbers, and what to do. name: of the model."""
    verb = "does not" if fit.is_hopeless else "may not"
    return (
        f"model {name!r} {verb} fit into the memory of {device} in {fit.demand.dtype}: "
        f"it needs {fit.numbers()}; {_advice(fit, device)}"
    )


def _advice(fit: Fit, device: str) -> str:
    """What to do about a model that does not fit, with the numbers of each proposal that helps."""
    proposals = []
    automatic = choose(fit.demand, fit.settings, fit.room, device)
    if automatic.fits and automatic.chosen:
        proposals.append(f"{automatic.chosen[0]} ({_gb(automatic.needs.device)})")
    for name in _PROPOSALS[device.partition(":")[0]]:
        setting, _ = measures.MEASURES[name]
        if getattr(fit.settings, setting) not in ("none", False):
            continue
        changed = replace(fit, settings=fit.settings.with_measures([name]))
        if changed.fits:
            proposals.append(f"{name} ({_gb(changed.needs.device)}, other pictures)")
    if fit.demand.dtype == "float32":
        half = replace(fit, demand=replace(fit.demand, dtype="bfloat16"))
        if half.fits:
            proposals.append(f"dtype bfloat16 ({_gb(half.needs.device)}, other pictures)")
    if proposals:
        return f"it would fit with {', or '.join(proposals)}"
    return "end other programs, or use a smaller model or a device with more memory"


def _gb(size: int) -> str:
    return f"{size / 1e9:,.2f} GB"
