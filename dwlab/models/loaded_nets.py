"""ControlNets in memory, beside the parts of a pipeline and in its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, first_line
from . import controlnets, memory, size_limits, trust
from .loaded_models import LOADED, LOCK
from .memory_estimate import net_size
from .quiet import no_bars, quiet_libraries
from .settings import apply_to_net

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.nn import Module

    from .controlnets import ControlNet
    from .identity import Identity
    from .settings import Settings


@dataclass(frozen=True)
class NetIdentity:
    """A ControlNet, and how it is computed."""

    net: ControlNet
    device: str
    dtype: str
    settings: Settings

    @property
    def name(self) -> str:
        """What it is called: its folder."""
        return str(self.net.folder)

    @property
    def files_hash(self) -> str:
        """The fingerprint of its files."""
        return self.net.weights


@dataclass(frozen=True)
class LoadedNet:
    """A ControlNet in memory."""

    identity: NetIdentity
    module: Module

    @property
    def modules(self) -> list[Module]:
        """The parts that compute."""
        return [self.module]


def loaded(nets: Sequence[ControlNet], identity: Identity) -> list[Module]:
    """The ControlNets in memory, as they compute beside a model.

    Raises ModelError for a folder that does not load, or that changed since it was identified.
    """
    with LOCK:
        return [_shared(net, identity).module for net in nets]


def _shared(net: ControlNet, identity: Identity) -> LoadedNet:
    """The ControlNet that is in memory, or else is from now on."""
    controlnets.check_unchanged(net)
    own = NetIdentity(net, identity.device, identity.dtype, identity.settings)
    known = LOADED.take(own)
    if known is None:
        known = LoadedNet(own, _load(own))
        LOADED.add(known)
    return known


def _load(own: NetIdentity) -> Module:
    """Load a ControlNet; if memory runs out, once more without any model that is not in use."""
    place = "cpu" if own.settings.offload != "none" else own.device
    LOADED.make_room_for(
        place, net_size(own.net.folder).bytes(own.dtype, own.settings.quantisation)
    )
    try:
        return _read(own)
    # a net's files and classes can raise anything
    except Exception as error:
        if not (memory.is_out_of_memory(error) and LOADED.clear()):
            raise _unreadable(own, error) from error
    try:
        return _read(own)
    except Exception as error:
        raise _unreadable(own, error) from error


def _unreadable(own: NetIdentity, error: Exception) -> ModelError:
    return ModelError(f"the ControlNet {own.name} does not load: {first_line(error)}")


def _read(own: NetIdentity) -> Module:
    import diffusers
    import torch

    quiet_libraries()
    weights = trust.check_part(own.net.folder)
    cls: Any = getattr(diffusers, own.net.kind)
    with (
        no_bars(),
        trust.no_code(),
        size_limits.building(own.name, weights.tensors, weights.bytes),
    ):
        net = cls.from_pretrained(
            own.net.folder,
            dtype=getattr(torch, own.dtype),
            use_safetensors=True,
            local_files_only=True,
        )
    apply_to_net(net, own.settings, own.device)
    module: Module = net.eval()
    return module
