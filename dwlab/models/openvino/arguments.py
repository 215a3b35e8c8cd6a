"""A module's call as the tensors that a converted model takes, and all else that it is made for."""

from __future__ import annotations

import functools
import hashlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from ...errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

# what a converted model may keep as it is
_CONSTANTS = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call, taken apart.

    rows: the first dimension of the first argument. leaves: tensors and constants, in the order of
    `structure`. inputs: the numbers of the tensors among them. by_rows: of those, the ones that
    have an entry per row. as_tuple: whether the caller wants a tuple.
    """

    rows: int
    leaves: tuple[Any, ...]
    structure: Any
    inputs: tuple[int, ...]
    by_rows: frozenset[int]
    as_tuple: bool

    @classmethod
    def of(cls, module: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Arguments:
        """The arguments of a call of `module`; raises ModelError for any that cannot be converted.

        A timestep that all rows share becomes one per row.
        """
        signature = _signature(module.__class__)
        by_name = dict(signature.bind(module, *args, **kwargs).arguments)
        del by_name["self"]
        sample = next(iter(by_name.values()))
        rows = len(sample)
        if "timestep" in by_name:
            by_name["timestep"] = _per_row(by_name["timestep"], rows)
        as_tuple = by_name.get("return_dict") is False
        if "return_dict" in signature.parameters:
            by_name["return_dict"] = False
        leaves, structure = pytree.tree_flatten(by_name)
        for leaf in leaves:
            if not isinstance(leaf, (torch.Tensor, *_CONSTANTS)):
                name = type(module).__name__
                raise ModelError(
                    f"backend openvino: {name} gets a {type(leaf).__name__}, which cannot be "
                    "converted; leave the profile or the backend out"
                )
        inputs = [n for n, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
        by_rows = [n for n in inputs if leaves[n].ndim and len(leaves[n]) == rows]
        return cls(rows, tuple(leaves), structure, tuple(inputs), frozenset(by_rows), as_tuple)

    @property
    def tensors(self) -> list[torch.Tensor]:
        """The tensors, in the order in which a converted model takes them."""
        return [self.leaves[number] for number in self.inputs]

    def resized(self, rows: int) -> list[torch.Tensor]:
        """The tensors with so many rows: the first ones, and the last one as often as needed."""
        chosen = torch.arange(rows).clamp(max=self.rows - 1)
        tensors = []
        for number in self.inputs:
            tensor = self.leaves[number]
            tensors.append(tensor[chosen] if number in self.by_rows else tensor)
        return tensors

    def shapes(self, rows: int) -> list[list[int]]:
        """The shapes of the tensors, with so many rows; -1 stands for any number of them."""
        shapes = []
        for number in self.inputs:
            shape = list(self.leaves[number].shape)
            if number in self.by_rows:
                shape[0] = rows
            shapes.append(shape)
        return shapes

    def call(self, module: torch.nn.Module, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """What the module's class answers to these arguments with other tensors."""
        leaves = list(self.leaves)
        for number, tensor in zip(self.inputs, tensors, strict=True):
            leaves[number] = tensor
        arguments = pytree.tree_unflatten(leaves, self.structure)
        # not of the module itself, whose forward may have been replaced
        answer = type(module).forward(module, **arguments)
        return answer if isinstance(answer, torch.Tensor) else answer[0]

    @functools.cached_property
    def kind(self) -> str:
        """A hash of what a converted model is made for: everything but rows and values."""
        parts = [str(self.structure)]
        for number, leaf in enumerate(self.leaves):
            if isinstance(leaf, torch.Tensor):
                is_by_rows = number in self.by_rows
                shape = list(leaf.shape[1:] if is_by_rows else leaf.shape)
                parts.append(f"{leaf.dtype} {is_by_rows} {shape}")
            else:
                parts.append(f"{type(leaf).__name__} {leaf!r}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@functools.cache
def _signature(cls: Any) -> inspect.Signature:
    return inspect.signature(cls.forward)


def _per_row(timestep: Any, rows: int) -> torch.Tensor:
    """A timestep as a float32 vector, which changes no result."""
    steps = torch.as_tensor(timestep, dtype=torch.float32)
    return steps.reshape(-1).expand(rows)
