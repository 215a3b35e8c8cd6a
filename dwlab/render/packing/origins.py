"""Where values on a GPU come from: copies of values of the CPU, and what functions of torch made of such."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

if TYPE_CHECKING:
    from collections.abc import Callable


class Origin:
    """Where values come from: they are copies. values: what was copied, on the CPU."""

    # of what it was computed of, one after the other
    depth = 0

    def __init__(self, values: torch.Tensor) -> None:
        self._values = values

    @property
    def values(self) -> torch.Tensor | None:
        """The values on the CPU; None if they are known by their origin alone."""
        return self._values

    @functools.cached_property
    def digest(self) -> str:
        """A hash that is equal for equal values of one shape and dtype only."""
        return hash_of(self._values)


class Computed(Origin):
    """Values that a function makes of its arguments, in which origins stand for tensors.

    output: which of several results they are. is_exact: whether the CPU computes the very same.
    """

    def __init__(
        self, function: Callable[..., Any], arguments: Any, output: int | None, *, is_exact: bool
    ) -> None:
        self._function = function
        self._arguments = arguments
        self._output = output
        self._is_exact = is_exact
        self.depth = 1 + max((origin.depth for origin in _origins_in(arguments)), default=0)

    @functools.cached_property
    def values(self) -> torch.Tensor | None:
        """The values on the CPU, computed when they are asked for; None if they are not the very same."""
        origins = _origins_in(self._arguments)
        if not self._is_exact or any(origin.values is None for origin in origins):
            return None
        leaves, structure = pytree.tree_flatten(self._arguments)
        args, kwargs = pytree.tree_unflatten(list(map(_on_cpu, leaves)), structure)
        try:
            result: Any = self._function(*args, **kwargs)
        # there need not be a kernel for the CPU
        except (RuntimeError, TypeError):
            return None
        of_output: torch.Tensor = result if self._output is None else result[self._output]
        return of_output

    @functools.cached_property
    def digest(self) -> str:
        """A hash of the values, or else of how they are computed."""
        if self.values is not None:
            return hash_of(self.values)
        leaves, structure = pytree.tree_flatten(self._arguments)
        parts = [leaf.digest if isinstance(leaf, Origin) else repr(leaf) for leaf in leaves]
        told = repr((self._function.__name__, str(structure), parts, self._output))
        return hashlib.sha256(told.encode()).hexdigest()


def _origins_in(arguments: Any) -> list[Origin]:
    return [leaf for leaf in pytree.tree_leaves(arguments) if isinstance(leaf, Origin)]


def hash_of(tensor: torch.Tensor) -> str:
    """A hash of a tensor's values; of one on a GPU it waits for them."""
    flat = tensor.detach().cpu().flatten().clone(memory_format=torch.contiguous_format)
    return hashlib.sha256(flat.view(torch.uint8).numpy().tobytes()).hexdigest()


def _on_cpu(leaf: Any) -> Any:
    """An argument for the CPU."""
    if isinstance(leaf, Origin):
        return leaf.values
    return torch.device("cpu") if _is_device(leaf) else leaf


def _is_device(argument: object) -> bool:
    """Whether an argument names a device."""
    if not isinstance(argument, str):
        return isinstance(argument, torch.device)
    try:
        torch.device(argument)
    except RuntimeError:
        return False
    return True
