"""A model's calls as things that can wait: taken apart, merged by rows with others alike, and split again."""

from __future__ import annotations

import copy
import functools
import hashlib
import inspect
import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakIdKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Sequence

# Positions, the same for all rows of a call: [tokens, axes], or [rows, tokens, axes] of which models read the first row.
UNBATCHED = frozenset({"txt_ids", "img_ids", "image_rotary_emb"})
ROW_LISTS = frozenset(
    {"x", "cap_feats", "img_shapes"}
)  # of Z-Image and Qwen-Image: lists with an entry per row
RAGGED = frozenset(
    {("Lumina2Transformer2DModel", "encoder_attention_mask")}
)  # how much of each row is used inside
_digests: Any = WeakIdKeyDictionary()


def stand_in(module: torch.nn.Module, method: str, instead: Callable[..., Any]) -> torch.nn.Module:
    """A copy that shares all with `module` and passes for it, but whose `method` is `instead(*args, **kwargs)`."""
    cls = type(module)
    twin = copy.copy(module)
    own = {
        method: lambda _self, *args, **kwargs: instead(*args, **kwargs),
        "__module__": cls.__module__,
    }
    object.__setattr__(twin, "__class__", type(cls.__name__, (cls,), own))
    return twin


class Rows(list[Any]):
    """A list with an entry for each row; to pytree it is a leaf, as a tensor is."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a model's method with the arguments that a pipeline gave; calls of equal `key` can be merged.

    rows: the first argument's first dimension. leaves: tensors [rows, ...], lists of rows and whatever else was given;
    those numbered in `batched` are merged by rows, the others agree where the keys do. lengths: sizes that the model
    pads to the longest row's; where they agree too, a row's result does not depend on the others' to the bit. Calls of
    equal `key` and `same` ask for the same thing.
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
    lengths: tuple[Any, ...] = field(repr=False)
    same: object = field(repr=False)

    @property
    def decodes(self) -> bool:
        """Whether latents become pictures, rather than less noisy ones."""
        return self.function is not self.module

    @property
    def compiled(self) -> bool:
        """Whether the model was compiled in place, so that few different shapes are wanted."""
        return (
            "forward" in vars(self.module)
            or getattr(self.module, "_compiled_call_impl", None) is not None
        )

    @classmethod
    def of(
        cls,
        module: Any,
        method: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        compare: bool = False,
    ) -> Call:
        """Take a call apart; `compare` reads its values, so that others may be found to be the same.

        A 0-d tensor, as the timestep is in SD, becomes a float32 row vector, which gives the same to the bit.
        """
        paths: Any
        paths, structure = pytree.tree_flatten_with_path(_arguments(module, method, args, kwargs))
        names = [path[0].key for path, _ in paths]
        rows = len(paths[0][1])
        leaves = [_as_rows(name, leaf, rows) for name, (_, leaf) in zip(names, paths, strict=True)]
        named = list(enumerate(zip(names, leaves, strict=True)))
        batched = frozenset(
            number for number, (name, leaf) in named if _is_batched(name, leaf, rows)
        )
        keys = [_key(name, leaf, number in batched) for number, (name, leaf) in named]
        return cls(
            module=module,
            function=module if method == "__call__" else getattr(module, method),
            args=args,
            kwargs=kwargs,
            rows=rows,
            leaves=leaves,
            batched=batched,
            structure=structure,
            key=(id(module), method, structure, *keys),
            lengths=tuple(_lengths(module, name, leaf) for _, (name, leaf) in named),
            same=tuple(_values(leaves[number]) for number in sorted(batched))
            if compare
            else object(),
        )

    def alone(self) -> Any:
        """What the call gives, made as the pipeline asked for it."""
        return self.function(*self.args, **self.kwargs)


def _arguments(
    module: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of a call by name, lists of rows marked as such."""
    arguments = _signature(module.__class__, method).bind(module, *args, **kwargs).arguments
    del arguments["self"]
    for name in ROW_LISTS.intersection(arguments):
        if isinstance(arguments[name], list):
            arguments[name] = Rows(arguments[name])
    return dict(arguments)


def _as_rows(name: str, leaf: Any, rows: int) -> Any:
    """A single number of all rows, or a whole-numbered timestep, as a float32 row vector; anything else as it is."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    if leaf.ndim == 0 or (name == "timestep" and not leaf.is_floating_point()):
        return leaf.to(torch.float32).expand(rows)
    return leaf


def _is_batched(name: str, leaf: Any, rows: int) -> bool:
    if isinstance(leaf, Rows):
        return True
    return (
        isinstance(leaf, torch.Tensor)
        and len(leaf) == rows
        and not (name in UNBATCHED and leaf.ndim == 2)
    )


def _key(name: str, leaf: Any, batched: bool) -> Hashable:
    """What must agree for an argument's rows to be merged."""
    if isinstance(leaf, Rows):
        return frozenset(_row_key(row) for row in leaf)
    if isinstance(leaf, torch.Tensor):
        shape = leaf.shape[1:] if batched else leaf.shape
        by_value = not batched or name in UNBATCHED
        return shape, leaf.dtype, leaf.device, _digest(leaf) if by_value else None
    return type(leaf), leaf if isinstance(leaf, Hashable) else id(leaf)


def _row_key(row: Any) -> Hashable:
    return (row.shape[1:], row.dtype, row.device) if isinstance(row, torch.Tensor) else repr(row)


def _lengths(module: torch.nn.Module, name: str, leaf: Any) -> Hashable:
    if isinstance(leaf, Rows):
        return frozenset(len(row) for row in leaf)
    return _digest(leaf) if (type(module).__name__, name) in RAGGED else None


def _values(leaf: Any) -> Hashable:
    if isinstance(leaf, Rows):
        return tuple(_values(row) for row in leaf)
    return _digest(leaf) if isinstance(leaf, torch.Tensor) else repr(leaf)


def merged(calls: Sequence[Call], rows: int) -> list[Any]:
    """What each of some calls of equal keys gives, computed as one call of at least `rows`: the last one is repeated."""
    first, padding = calls[0], max(0, rows - sum(call.rows for call in calls))
    leaves = list(first.leaves)
    for number in first.batched:
        leaves[number] = _joined([call.leaves[number] for call in calls], padding)
    output = first.function(**pytree.tree_unflatten(leaves, first.structure))
    sizes = [*(call.rows for call in calls), *([padding] if padding else [])]
    outputs, structure = pytree.tree_flatten(output, is_leaf=lambda node: isinstance(node, list))
    split = [_split(rows, sizes) for rows in outputs]
    return [
        pytree.tree_unflatten([parts[k] for parts in split], structure) for k in range(len(calls))
    ]


def _joined(parts: list[Any], padding: int) -> Any:
    """The rows of all calls, the last one repeated `padding` times."""
    if isinstance(parts[0], Rows):
        rows = [row for part in parts for row in part]
        return rows + rows[-1:] * padding
    if padding:
        parts = [*parts, parts[-1][-1:].expand(padding, *parts[-1].shape[1:])]
    return torch.cat(parts)


def _split(rows: Any, sizes: list[int]) -> Sequence[Any]:
    """Rows, in a tensor or a list, as those of each call."""
    if isinstance(rows, torch.Tensor):
        return rows.split(sizes)
    remaining = iter(rows)
    return [list(itertools.islice(remaining, size)) for size in sizes]


@functools.lru_cache
def _signature(cls: Any, method: str) -> inspect.Signature:
    return inspect.signature(getattr(cls, "forward" if method == "__call__" else method))


def _digest(tensor: torch.Tensor) -> str:
    """A hash of a tensor's values, made once a tensor: reading one from a device waits for that."""
    if tensor not in _digests:
        flat = (
            tensor.detach()
            .cpu()
            .flatten()
            .clone(memory_format=torch.contiguous_format)
            .view(torch.uint8)
        )
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
            *(
                (leaf.shape, leaf.dtype, _digest(leaf)) if isinstance(leaf, torch.Tensor) else leaf
                for leaf in leaves
            ),
        )
        answer = self._known.pop(key, None)
        self._known[key] = self._module(*args, **kwargs) if answer is None else answer
        while len(self._known) > 1 and sum(map(_bytes, self._known.values())) > self._size:
            del self._known[next(iter(self._known))]
        return self._known[key]


def _bytes(answer: Any) -> int:
    return sum(leaf.nbytes for leaf in pytree.tree_leaves(answer) if isinstance(leaf, torch.Tensor))
