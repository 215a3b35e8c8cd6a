"""What is known of values on a GPU without waiting for it.

Values that were copied there from the CPU are known. So is what is computed of known values alone: whole
numbers and truth values can be computed on the CPU once more, and others are equal if they were computed
in the same way. Pipelines compute masks, lengths and positions like this, and read some of them.

Only what functions of torch do within `without_waiting.WithoutWaiting` is seen.
"""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, TypeGuard

import torch
from torch.utils import _pytree as pytree

from .origins import Computed, Origin

# Functions, and methods of tensors, whose result depends on their arguments alone.
_COMPUTING = frozenset({
    "zeros", "ones", "full", "arange", "linspace", "zeros_like", "ones_like", "full_like",
    "new_zeros", "new_ones", "new_full", "to", "type", "type_as", "bool", "int", "long",
    "float", "half", "bfloat16", "double", "clone", "contiguous", "detach", "view", "view_as",
    "reshape", "repeat", "expand", "expand_as", "unsqueeze", "squeeze", "flatten", "unflatten",
    "permute", "transpose", "cat", "concat", "stack", "chunk", "split", "unbind", "__getitem__",
    "repeat_interleave", "meshgrid", "pad", "flip", "tile", "roll", "add", "__add__",
    "__radd__", "sub", "__sub__", "__rsub__", "rsub", "mul", "__mul__", "__rmul__", "div",
    "__truediv__", "__rtruediv__", "__rdiv__", "true_divide", "floor_divide", "__floordiv__",
    "__rfloordiv__", "remainder", "__mod__", "__neg__", "neg", "pow", "__pow__", "__rpow__",
    "eq", "__eq__", "ne", "__ne__", "lt", "__lt__", "le", "__le__", "gt", "__gt__", "ge",
    "__ge__", "__invert__", "bitwise_not", "__and__", "bitwise_and", "__or__", "bitwise_or",
    "logical_and", "logical_or", "logical_not", "sum", "cumsum", "prod", "max", "min", "amax",
    "amin", "any", "all", "_is_all_true", "clamp", "round", "floor", "ceil", "abs", "sin",
    "cos", "exp", "log", "reciprocal", "outer", "polar", "where", "masked_fill", "interpolate",
})  # fmt: skip
# of these, those that change no number
_MOVING = frozenset({
    "__getitem__", "cat", "chunk", "clone", "concat", "contiguous", "detach", "expand", "expand_as", "flatten", "flip",
    "permute", "repeat", "reshape", "roll", "split", "squeeze", "stack", "tile", "transpose", "unbind", "unflatten",
    "unsqueeze", "view", "view_as",
})  # fmt: skip
_WRITING = frozenset(
    {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__iand__", "__ior__"}
)
_PLAIN = (
    int, float, complex, str, type(None), EllipsisType, torch.Size,
    torch.dtype, torch.device, torch.layout, torch.memory_format,
)  # fmt: skip
# numbers of a tensor on the CPU that is an argument beside known values, at most
_ARGUMENT = 4096
# how many functions after each other are remembered: Python computes them one within the other
_DEPTH = 50


@dataclass(frozen=True)
class _Entry:
    """A tensor with a known origin. memory: what it has in common with its views."""

    tensor: weakref.ref[torch.Tensor]
    origin: Origin
    memory: int


class _Origins:
    """Origins of tensors on a GPU. torch's own dictionary by tensor takes as long as a step's arithmetic."""

    def __init__(self) -> None:
        # by the place of the tensor's Python object, and these places by memory
        self._entries: dict[int, _Entry] = {}
        self._places: dict[int, set[int]] = {}

    def of(self, tensor: torch.Tensor) -> Origin | None:
        entry = self._entries.get(id(tensor))
        return entry.origin if entry is not None and entry.tensor() is tensor else None

    def note(self, tensor: torch.Tensor, origin: Origin) -> None:
        place = id(tensor)
        self._drop(place)
        reference = weakref.ref(tensor, functools.partial(self._forget, place))
        entry = _Entry(reference, origin, _memory(tensor))
        self._entries[place] = entry
        self._places.setdefault(entry.memory, set()).add(place)

    def forget_memory_of(self, written: torch.Tensor) -> None:
        """Forget the tensors that share memory with one."""
        for place in list(self._places.get(_memory(written), ())):
            self._drop(place)

    def _forget(self, place: int, reference: weakref.ref[torch.Tensor]) -> None:
        entry = self._entries.get(place)
        # another tensor may be there by now
        if entry is not None and entry.tensor is reference:
            self._drop(place)

    def _drop(self, place: int) -> None:
        entry = self._entries.pop(place, None)
        if entry is None:
            return
        places = self._places[entry.memory]
        places.discard(place)
        if not places:
            del self._places[entry.memory]


_origins = _Origins()


def is_on_gpu(value: object) -> TypeGuard[torch.Tensor]:
    """Whether something is a tensor that is not on the CPU."""
    return isinstance(value, torch.Tensor) and not value.is_cpu


def origin_of(tensor: torch.Tensor) -> Origin | None:
    """Where a tensor's values come from; None if they are not known, or on the CPU."""
    return _origins.of(tensor)


def values_of(tensor: object) -> torch.Tensor | None:
    """The values of a tensor on a GPU, if they are known without reading them."""
    origin = origin_of(tensor) if is_on_gpu(tensor) else None
    return origin.values if origin else None


def remember_copy(copy: torch.Tensor, values: torch.Tensor) -> None:
    """Note of a tensor on a GPU which values of the CPU it is a copy of."""
    _origins.note(copy, Origin(values))


def note(
    name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> None:
    """Note what a function of torch, which has been called, made known or changed. name: of the function."""
    if name in _COMPUTING and "out" not in kwargs:
        # most of what is computed in a step is of answers of the model
        if not any(map(_is_unknown, args)):
            _note_computed(function, args, kwargs, result)
    elif _is_writing(name, kwargs):
        _note_written(name, args, kwargs)


def _is_unknown(argument: object) -> bool:
    """Whether an argument is a tensor, or tensors, that are not known."""
    if isinstance(argument, tuple | list):
        return any(map(_is_unknown, argument))
    return is_on_gpu(argument) and _origins.of(argument) is None


def _note_computed(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> None:
    is_one = isinstance(result, torch.Tensor)
    tensors = [result] if is_one else result
    # not places of maxima, which may be others on the CPU if several are equal
    if not isinstance(tensors, tuple | list) or type(tensors).__module__ == "torch.return_types":
        return
    if not all(map(is_on_gpu, tensors)) or any(result is each for each in args):
        return
    arguments = _by_origin((args, kwargs))
    if arguments is None:
        return
    for number, tensor in enumerate(tensors):
        output = None if is_one else number
        is_exact = _is_whole(tensor) or _changes_no_number(function.__name__, args, tensor)
        _origins.note(tensor, Computed(function, arguments, output, is_exact=is_exact))


def _changes_no_number(name: str, args: tuple[Any, ...], result: torch.Tensor) -> bool:
    return name in _MOVING or (name == "to" and args[0].dtype == result.dtype)


def _is_writing(name: str, kwargs: dict[str, Any]) -> bool:
    is_in_place = name.endswith("_") and not name.endswith("__")
    return is_in_place or name in _WRITING or kwargs.get("out") is not None


def _note_written(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note that values were changed in place, and so were those that share their memory."""
    written = kwargs.get("out", args[0] if args else None)
    if not is_on_gpu(written):
        return
    arguments = _by_origin((args, kwargs)) if name == "__setitem__" else None
    _origins.forget_memory_of(written)
    if arguments is None:
        return
    origin = Computed(_with_item, arguments, None, is_exact=_is_whole(written))
    _origins.note(written, origin)


def _with_item(values: torch.Tensor, index: Any, item: Any) -> torch.Tensor:
    changed = values.clone()
    changed[index] = item
    return changed


def _by_origin(arguments: Any) -> Any:
    """Arguments of a function with origins instead of tensors; None if one is not known."""
    leaves, structure = pytree.tree_flatten(arguments)
    parts = [_known_part(leaf) for leaf in leaves]
    is_known = not any(part is _UNKNOWN for part in parts)
    return pytree.tree_unflatten(parts, structure) if is_known else None


_UNKNOWN = object()


def _known_part(leaf: Any) -> Any:
    if is_on_gpu(leaf):
        origin = origin_of(leaf)
        return _UNKNOWN if origin is None or origin.depth >= _DEPTH else origin
    if isinstance(leaf, torch.Tensor):
        return Origin(leaf.clone()) if leaf.numel() <= _ARGUMENT else _UNKNOWN
    if isinstance(leaf, slice):
        is_plain = all(isinstance(each, _PLAIN) for each in (leaf.start, leaf.stop, leaf.step))
        return leaf if is_plain else _UNKNOWN
    return leaf if isinstance(leaf, _PLAIN) else _UNKNOWN


def _is_whole(tensor: torch.Tensor) -> bool:
    return not (tensor.is_floating_point() or tensor.is_complex())


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata  # noqa: SLF001  # torch's own name
