"""Finds out whether a model fits into this machine's memory, and by what measures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import memory, memory_estimate, memory_fit
from .loaded_models import LOADED
from .memory_fit import Demand, Fit, Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .controlnets import ControlNet
    from .identity import Identity
    from .ip_adapters import IPAdapterFiles
    from .memory_estimate import ModelSize

PIXELS = 512 * 512  # if nothing is known of the pictures


def fitted(
    identity: Identity,
    *,
    pixels: int | None = None,
    auto: bool = False,
    nets: Sequence[ControlNet] = (),
    seconds: Sequence[Identity] = (),
    shown: Sequence[IPAdapterFiles] = (),
) -> Identity:
    """An identity that knows whether its model fits, in the settings that `auto` chooses.

    pixels: of the largest picture. nets: the ControlNets beside it. seconds: the models of a second
    stage, in memory at the same time. shown: the IP-Adapters. Nothing is loaded. An identity stays as
    it is if the sizes of its weights are not known.
    """
    size = _size_of(identity)
    if size is None:
        return identity
    beside = [memory_estimate.net_size(net.folder) for net in nets]
    beside += memory_estimate.ip_adapter_sizes(shown)
    for second in seconds:
        second_size = _size_of(second)
        beside += second_size.parts if second_size else ()
    size = replace(size, parts=(*size.parts, *beside))
    demand = Demand(size, identity.dtype, pixels or PIXELS)
    room = _room(identity.device)
    if auto:
        fit = memory_fit.choose(demand, identity.settings, room, identity.device)
    else:
        fit = Fit(demand, identity.settings, room)
    return replace(identity, settings=fit.settings, fit=fit)


def check_copies(identities: Iterable[Identity], copies: int) -> None:
    """Raise InvalidInput if the computer's memory does not hold so many copies of a model's weights.

    copies: processes that compute on the CPU, each of which loads the model.
    """
    for identity in identities:
        fit = identity.fit
        if fit is None or identity.device != "cpu":
            continue
        weights = replace(fit.demand, pixels=0).needs(fit.settings).device
        if weights * copies <= fit.room.device:
            continue
        allowed = (
            f"at most cpu*{max(1, fit.room.device // weights)}: each process needs about "
            f"{weights / 1e9:.1f} GB for the weights of model {identity.name!r}, and "
            f"{fit.room.device / 1e9:.1f} GB are free"
        )
        raise InvalidInput("where", f"cpu*{copies}", allowed)


def _size_of(identity: Identity) -> ModelSize | None:
    return memory_estimate.size_of(identity.folder, identity.variant, identity.checkpoint)


def _room(device: str) -> Room:
    """What is free, and would be if no other model were kept."""
    free = memory.free_bytes(device) + LOADED.bytes_on(device)
    return Room(free, host=memory.free_bytes("cpu"))
