"""A model's calls as things that can wait: taken apart, merged by rows with others alike, and split again."""

from __future__ import annotations

import copy
import functools
import hashlib
import inspect
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakIdKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Sequence

UNBATCHED = frozenset({"txt_ids", "img_ids"})  # of Flux: [tokens, 3], the same for all rows of a call
_digests: Any = WeakIdKeyDictionary()


def stand_in(module: torch.nn.Module, method: str, instead: Callable[..., Any]) -> torch.nn.Module:
    """A copy that shares all with `module` and passes for it, but whose `method` is `instead(*args, **kwargs)`."""
    cls = type(module)
    twin = copy.copy(module)
    own = {method: lambda _self, *args, **kwargs: instead(*args, **kwargs), "__module__": cls.__module__}
    object.__setattr__(twin, "__class__", type(cls.__name__, (cls,), own))
    return twin


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a model's method with the arguments that a pipeline gave; calls of equal `key` can be merged.

    rows: the first argument's first dimension. leaves: tensors [rows, ...] and whatever else was given; those
    numbered in `batched` are merged by rows, the others agree where the keys do. Calls of equal `key` and `same` ask for
    the same thing.
    """

    module: torch.nn.Module
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    rows: int
    leaves: list[Any] = field(repr=False)
    batched: frozenset[int]
    structure: Any = field(repr=False)
    key: tuple[Any, ...] = field(repr=False)
    same: object = field(repr=False)

    @property
    def decodes(self) -> bool:
        """Whether latents become pictures, rather than less noisy ones."""
        return self.function is not self.module

    @property
    def compiled(self) -> bool:
        """Whether the model was compiled in place, so that few different shapes are wanted."""
        return "forward" in vars(self.module) or getattr(self.module, "_compiled_call_impl", None) is not None

    @classmethod
    def of(
        cls, module: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, compare: bool = False
    ) -> Call:
        """Take a call apart; `compare` reads its values, so that others may be found to be the same.

        A 0-d tensor, as the timestep is in SD, becomes a float32 row vector, which gives the same to the bit.
        """
        function = module if method == "__call__" else getattr(module, method)
        given = _signature(module.__class__, method).bind(module, *args, **kwargs).arguments
        given.pop("self")
        found, structure = pytree.tree_flatten_with_path(given)
        rows = len(found[0][1])
        leaves: list[Any] = []
        batched: set[int] = set()
        key: list[Any] = []
        for number, (path, value) in enumerate(found):
            name, leaf = path[-1].key if isinstance(path[-1], pytree.MappingKey) else "", value
            if isinstance(leaf, torch.Tensor):
                if leaf.ndim == 0 or (name == "timestep" and not leaf.is_floating_point()):
                    leaf = leaf.to(torch.float32).expand(rows)
                if len(leaf) == rows and not (name in UNBATCHED and leaf.ndim == 2):
                    batched.add(number)
                    key.append((leaf.shape[1:], leaf.dtype, leaf.device))
                else:
                    key.append((leaf.shape, leaf.dtype, leaf.device, _digest(leaf)))
            else:
                key.append((type(leaf), leaf if isinstance(leaf, Hashable) else repr(leaf)))
            leaves.append(leaf)
        return cls(
            module, function, args, kwargs, rows, leaves, frozenset(batched), structure,
            (id(module), method, structure, *key),
            tuple(_digest(leaves[number]) for number in sorted(batched)) if compare else object(),
        )  # fmt: skip

    def alone(self) -> Any:
        """What the call gives, made as the pipeline asked for it."""
        return self.function(*self.args, **self.kwargs)


def merged(calls: Sequence[Call], rows: int) -> list[Any]:
    """What each of some calls of equal keys gives, computed as one call of at least `rows`: the last one is repeated."""
    first, padding = calls[0], max(0, rows - sum(call.rows for call in calls))
    leaves = list(first.leaves)
    for number in first.batched:
        parts = [call.leaves[number] for call in calls]
        if padding:
            parts.append(parts[-1][-1:].expand(padding, *parts[-1].shape[1:]))
        leaves[number] = torch.cat(parts)
    output = first.function(**pytree.tree_unflatten(leaves, first.structure))
    sizes = [*(call.rows for call in calls), *([padding] if padding else [])]
    tensors, structure = pytree.tree_flatten(output)
    split = [tensor.split(sizes) for tensor in tensors]
    return [pytree.tree_unflatten([parts[k] for parts in split], structure) for k in range(len(calls))]


@functools.lru_cache
def _signature(cls: Any, method: str) -> inspect.Signature:
    return inspect.signature(getattr(cls, "forward" if method == "__call__" else method))


def _digest(tensor: torch.Tensor) -> str:
    """A hash of a tensor's values, made once a tensor: reading one from a device waits for that."""
    if tensor not in _digests:
        flat = tensor.detach().cpu().flatten().clone(memory_format=torch.contiguous_format).view(torch.uint8)
        _digests[tensor] = hashlib.sha256(flat.numpy().tobytes()).hexdigest()
    return str(_digests[tensor])


class Memo:
    """A model's latest answers by the values of what it was asked: for text encoders, whose questions repeat.

    size: bytes of answers that are kept at most, beside the newest.
    """

    def __init__(self, module: torch.nn.Module, size: int = 2**27) -> None:
        self._module, self._size = module, size
        self._known: dict[Any, Any] = {}

    def ask(self, *args: Any, **kwargs: Any) -> Any:
        """What the model gives for these arguments."""
        leaves, structure = pytree.tree_flatten((args, kwargs))
        key = (
            structure,
            *((leaf.shape, leaf.dtype, _digest(leaf)) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves),
        )
        answer = self._known.pop(key, None)
        self._known[key] = self._module(*args, **kwargs) if answer is None else answer
        while len(self._known) > 1 and sum(map(_bytes, self._known.values())) > self._size:
            del self._known[next(iter(self._known))]
        return self._known[key]


def _bytes(answer: Any) -> int:
    return sum(leaf.nbytes for leaf in pytree.tree_leaves(answer) if isinstance(leaf, torch.Tensor))
