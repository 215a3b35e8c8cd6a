"""The plain tensors that a quantised weight consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch


def plain_tensors(path: str, weight: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """A weight under its path, or the tensors in it, such as values and scales of 8 bits."""
    import torch

    # how torch itself takes such tensors apart
    flatten = getattr(weight, "__tensor_flatten__", None)
    if flatten is None:
        yield path, weight
        return
    names, _ = flatten()
    for name in names:
        inner = getattr(weight, name)
        if isinstance(inner, torch.Tensor):
            yield from plain_tensors(f"{path}.{name}", inner)
