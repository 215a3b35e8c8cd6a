"""What is asked about values on a GPU, answered on the CPU if they are known there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from .known_values import is_on_gpu, remember_copy, values_of

if TYPE_CHECKING:
    from collections.abc import Callable

# methods of a tensor that give a number, or a list of numbers
_READING = frozenset({"item", "tolist", "__bool__", "__int__", "__float__", "__index__"})
# functions whose result has a shape that depends on values
_CHOOSING = frozenset(
    {"nonzero", "argwhere", "unique", "unique_consecutive", "bincount", "repeat_interleave"}
)
_WITH_INDICES = frozenset({"__getitem__", "__setitem__"})
# what takes sizes, which may be tensors: functions, and methods of a tensor
_OF_SIZES = frozenset({"zeros", "ones", "full", "empty", "arange"})
_METHODS_OF_SIZES = frozenset(
    {"new_zeros", "new_ones", "new_full", "view", "reshape", "expand", "repeat", "split"}
)


def to_device(
    values: torch.Tensor, device: torch.device, layout: torch.memory_format | None = None
) -> torch.Tensor:
    """Values of the CPU on a GPU, as soon as all that was queued before is done."""
    pinned = values.pin_memory()
    moved = pinned.to(device, non_blocking=True, memory_format=layout)
    remember_copy(moved, pinned)
    return moved


def answer(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What a function of torch gives that would wait for a GPU; None if it has to be called. name: its name."""
    if name in _READING:
        values = values_of(args[0])
        return None if values is None else function(values, *args[1:], **kwargs)
    if name in ("cpu", "to") and args and is_on_gpu(args[0]):
        return _on_cpu(name, args, kwargs)
    is_search = name == "where" and len(args) == 1
    return _chosen(function, args, kwargs) if name in _CHOOSING or is_search else None


def _on_cpu(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What is left of a copy to the CPU; None if it is another copy, or values are not known."""
    device: torch.device | None = torch.device("cpu")
    dtype = None
    if name == "to":
        device, dtype, _, _ = torch._C._nn._parse_to(*args[1:], **kwargs)  # noqa: SLF001  # as torch's modules do
    if device is None or device.type != "cpu":
        return None
    values = values_of(args[0])
    return None if values is None else values.clone().to(dtype)


def _chosen(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function chooses of known values; None if they are not known."""
    # a number of repetitions tells the shape
    if any(isinstance(each, int) for each in (*args[1:2], kwargs.get("repeats"))):
        return None
    leaves, structure = pytree.tree_flatten((args, kwargs))
    tensors = [leaf for leaf in leaves if is_on_gpu(leaf)]
    known = [values_of(tensor) for tensor in tensors]
    if not tensors or any(values is None for values in known):
        return None
    values = iter(known)
    on_cpu = [next(values) if is_on_gpu(leaf) else leaf for leaf in leaves]
    own_args, own_kwargs = pytree.tree_unflatten(on_cpu, structure)
    result = function(*own_args, **own_kwargs)
    return pytree.tree_map_only(
        torch.Tensor, lambda each: to_device(each, tensors[0].device), result
    )


def without_reading(name: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of a function of torch, by its name, such that it need not read them on the GPU."""
    if name in _WITH_INDICES and is_on_gpu(args[0]):
        fills = name == "__setitem__" and not isinstance(args[2], torch.Tensor)
        return (args[0], _indices(args[1], args[0].device, keeps_masks=fills), *args[2:])
    if name in _OF_SIZES:
        return _sizes(args)
    return (*args[:1], *_sizes(args[1:])) if name in _METHODS_OF_SIZES else args


def _sizes(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pytree.tree_map_only(torch.Tensor, _size, arguments))


def _size(tensor: torch.Tensor) -> Any:
    """A whole number that is known, instead of a tensor that holds it."""
    is_number = tensor.ndim == 0 and not (tensor.is_floating_point() or tensor.is_complex())
    values = values_of(tensor) if is_number else None
    return tensor if values is None else values.item()


def _indices(indices: Any, device: torch.device, *, keeps_masks: bool) -> Any:
    """Indices of a tensor: lists on its device, numbers instead of tensors, places instead of masks.

    keeps_masks: because what they choose is filled with one value.
    """
    if not isinstance(indices, tuple):
        indices = (indices,)
    places: list[Any] = []
    for index in indices:
        mask = None if keeps_masks else _mask(index)
        if mask is None:
            places.append(_index(index, device))
        else:
            places += [to_device(each, device) for each in mask.nonzero(as_tuple=True)]
    return tuple(places)


def _mask(index: Any) -> torch.Tensor | None:
    """A mask that chooses places, on the CPU; None if it is none, or not known."""
    if not isinstance(index, torch.Tensor) or index.dtype != torch.bool or not index.ndim:
        return None
    return values_of(index) if is_on_gpu(index) else index


def _index(index: Any, device: torch.device) -> Any:
    if isinstance(index, slice):
        bounds = (index.start, index.stop, index.step)
        return slice(*(_size(each) if isinstance(each, torch.Tensor) else each for each in bounds))
    # torch reads a list of other things as a tuple
    if isinstance(index, list) and all(type(each) is int for each in index):
        return to_device(torch.tensor(index, dtype=torch.long), device)
    if not isinstance(index, torch.Tensor) or index.dtype == torch.bool:
        return index
    if index.ndim == 0:
        return _size(index)
    return index if is_on_gpu(index) else to_device(index, device)
