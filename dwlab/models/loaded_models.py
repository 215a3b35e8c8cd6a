"""The models and ControlNets that stay in memory, so that alternating requests do not load them again.

Renderings share a model, except for one that changes it. Those who load hold LOCK meanwhile.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias, overload

from . import memory
from .plain_tensors import plain_tensors

if TYPE_CHECKING:
    from collections.abc import Callable

    from .identity import Identity
    from .loaded_nets import LoadedNet, NetIdentity
    from .loading import Model

    AnyIdentity: TypeAlias = Identity | NetIdentity
    AnyModel: TypeAlias = Model | LoadedNet

# of a device's memory, left free for what else runs there
RESERVE = 0.1
LOCK = threading.Lock()


class LoadedModels:
    """As many models, and ControlNets of models, as memory allows, the most recently used last.

    free, total: bytes of a device's memory.
    """

    def __init__(
        self,
        free: Callable[[str], int] = memory.free_bytes,
        total: Callable[[str], int] = memory.total_bytes,
    ) -> None:
        self._free = free
        self._total = total
        self._models: dict[AnyIdentity, AnyModel] = {}
        # how many renderings use a model, by its id
        self._users: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._models)

    def __contains__(self, identity: AnyIdentity) -> bool:
        return identity in self._models

    @overload
    def take(self, identity: Identity) -> Model | None: ...
    @overload
    def take(self, identity: NetIdentity) -> LoadedNet | None: ...
    def take(self, identity: AnyIdentity) -> AnyModel | None:
        """The model of an identity, which is then the most recently used; None if it is not here."""
        model = self._models.pop(identity, None)
        if model is not None:
            self._models[identity] = model
        return model

    def take_out(self, identity: Identity) -> Model | None:
        """The model of an identity, which is no longer here then; None if others use it."""
        model = self.take(identity)
        if model is None or self._users[id(model)]:
            return None
        del self._models[identity]
        return model

    def take_out_sibling(self, identity: Identity) -> Model | None:
        """A model that differs in parts from elsewhere only; it is no longer here then.

        None if there is none that nobody uses.
        """
        for other in reversed(list(self._models)):
            if identity.is_sibling(other) and not self._users[id(self._models[other])]:
                return self.take_out(other)
        return None

    def begin_use(self, model: Model) -> None:
        """Note that a rendering uses a model."""
        self._users[id(model)] += 1

    def end_use(self, model: Model) -> None:
        """Note that a rendering no longer uses a model."""
        self._users[id(model)] -= 1
        if not self._users[id(model)]:
            del self._users[id(model)]

    def add(self, model: AnyModel) -> None:
        """Keep a model; those of the same name with other files are never needed again."""
        for identity in list(self._models):
            is_same = identity.name == model.identity.name
            if is_same and identity.files_hash != model.identity.files_hash:
                del self._models[identity]
        self._models[model.identity] = model

    def make_room(self, identity: Identity) -> None:
        """Drop models, the least recently used first, until one of `identity` will fit.

        If it is not known how much that needs, all are dropped.
        """
        fit = identity.fit
        if fit is None:
            self.clear()
            return
        self.make_room_for(identity.device, fit.needs.device)
        if fit.needs.host:
            self.make_room_for("cpu", fit.needs.host)

    def make_room_for(self, device: str, needed: int) -> None:
        """Drop models, the least recently used first, until so many bytes of a device are free.

        Those in use stay: dropping them would free nothing.
        """
        wanted = needed + RESERVE * self._total(device)
        for identity in list(self._models):
            if self._free(device) >= wanted:
                return
            if not self._users[id(self._models[identity])]:
                del self._models[identity]
                memory.release_memory(identity.device)

    def has_room(self, identity: Identity) -> bool:
        """Whether a model fits beside those in use; False if it is not known how much it needs."""
        fit = identity.fit
        if fit is None:
            return False
        return self._has_room_for(identity.device, fit.needs.device) and (
            not fit.needs.host or self._has_room_for("cpu", fit.needs.host)
        )

    def _has_room_for(self, device: str, needed: int) -> bool:
        waiting = [model for model in self._models.values() if not self._users[id(model)]]
        on_device = [model for model in waiting if model.identity.device == device]
        droppable = sum(_weights(model) for model in on_device)
        return self._free(device) + droppable >= needed + RESERVE * self._total(device)

    def clear(self) -> bool:
        """Drop all models, and give their memory back; returns whether there were any."""
        devices = {identity.device for identity in self._models}
        self._models.clear()
        for device in devices:
            memory.release_memory(device)
        return bool(devices)

    def bytes_on(self, device: str) -> int:
        """About how many bytes of a device would be free if all models were dropped."""
        models = list(self._models.items())
        return sum(_weights(model) for identity, model in models if identity.device == device)


LOADED = LoadedModels()


def out_of_memory(device: str) -> None:
    """Drop the models that wait, and give unused memory back, after an out-of-memory error.

    A model that is in use stays until its pictures are done.
    """
    LOADED.clear()
    memory.release_memory(device)


def _weights(model: AnyModel) -> int:
    """Bytes of a model's weights, wherever offloading has put them."""
    size = 0
    for part in model.modules:
        for weight in (*part.parameters(), *part.buffers()):
            size += sum(tensor.nbytes for _, tensor in plain_tensors("", weight))
    return size
