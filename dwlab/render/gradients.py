"""Calls of a shared model whose arguments or answers a method may want gradients of."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch.utils import _pytree as pytree

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def as_in_a_script() -> Iterator[None]:
    """Modes of torch as in a stock pipeline: no gradients, unless somebody enables them.

    What is made in inference mode could not have any afterwards.
    """
    with torch.inference_mode(mode=False), torch.no_grad():
        yield


def are_recorded() -> bool:
    """Whether what is computed now could have gradients."""
    return torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def wanted(arguments: Any) -> bool:
    """Whether some tensor in a call's arguments may get gradients."""
    leaves = pytree.tree_leaves(arguments)
    return any(isinstance(leaf, torch.Tensor) and leaf.requires_grad for leaf in leaves)


@contextlib.contextmanager
def none_of_weights(module: torch.nn.Module) -> Iterator[None]:
    """Gradients flow through a module, and its own weights, which are shared, take none."""
    taking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in taking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in taking:
            parameter.requires_grad_(True)


def own_answer(answer: Any) -> Any:
    """A model's answer in tensors of its own, which may be written to and have gradients.

    Several cells may have got the same one, and later calls may get it again.
    """
    return pytree.tree_map(_own_tensor, answer)


def _own_tensor(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, DiagonalGaussianDistribution):
        own = copy.copy(value)
        vars(own).update({name: _own_tensor(part) for name, part in vars(value).items()})
        return own
    return value
