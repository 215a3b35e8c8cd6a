"""The models that stay in memory, so that alternating requests do not load them again.

Renderings share a model, except for one that changes it. `dwlab.models.loading` guards this with a
lock.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from . import memory
from .plain_tensors import plain_tensors

if TYPE_CHECKING:
    from collections.abc import Callable

    from .identity import Identity
    from .loading import Model

# of a device's memory, left free for what else runs there
RESERVE = 0.1


class LoadedModels:
    """As many models as memory allows, the most recently used last.

    free, total: bytes of a device's memory.
    """

    def __init__(
        self,
        free: Callable[[str], int] = memory.free_bytes,
        total: Callable[[str], int] = memory.total_bytes,
    ) -> None:
        self._free = free
        self._total = total
        self._models: dict[Identity, Model] = {}
        # how many renderings use a model, by its id
        self._users: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._models)

    def __contains__(self, identity: Identity) -> bool:
        return identity in self._models

    def take(self, identity: Identity) -> Model | None:
        """The model of an identity, which is then the most recently used; None if it is not here."""
        model = self._models.pop(identity, None)
        if model is not None:
            self._models[identity] = model
        return model

    def take_out(self, identity: Identity) -> Model | None:
        """The model of an identity, which is no longer here then; None if others use it."""
        model = self._models.get(identity)
        if model is None or self._users[id(model)]:
            return None
        return self._models.pop(identity)

    def take_out_sibling(self, identity: Identity) -> Model | None:
        """A model that differs in parts from elsewhere only; it is no longer here then.

        None if there is none that nobody uses.
        """
        for other, model in reversed(self._models.items()):
            if other.is_sibling(identity) and not self._users[id(model)]:
                return self._models.pop(other)
        return None

    def begin_use(self, model: Model) -> None:
        """Note that a rendering uses a model."""
        self._users[id(model)] += 1

    def end_use(self, model: Model) -> None:
        """Note that a rendering no longer uses a model."""
        self._users[id(model)] -= 1
        if not self._users[id(model)]:
            del self._users[id(model)]

    def add(self, model: Model) -> None:
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
        self._drop_until_free(identity.device, fit.needs.device)
        if fit.needs.host:
            self._drop_until_free("cpu", fit.needs.host)

    def _drop_until_free(self, device: str, needed: int) -> None:
        wanted = needed + RESERVE * self._total(device)
        while self._models and self._free(device) < wanted:
            oldest = next(iter(self._models))
            del self._models[oldest]
            memory.release_memory(oldest.device)

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


def _weights(model: Model) -> int:
    """Bytes of a model's weights, wherever offloading has put them."""
    import torch

    size = 0
    for part in model.pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            for weight in (*part.parameters(), *part.buffers()):
                size += sum(tensor.nbytes for _, tensor in plain_tensors("", weight))
    return size
