"""Answers of a model that are asked for again: of text encoders, of a VAE that encodes, and to first calls.

Prompts and start pictures repeat from cell to cell, and cells that differ in guidance begin alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakIdKeyDictionary

from .known_values import is_on_gpu, origin_of
from .origins import hash_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# of tensors on a GPU whose values are not known: the count of changes at which it was made, and the hash
_digests: Any = WeakIdKeyDictionary()
# bytes of answers
SIZE = 2**27


class Answers:
    """The latest answers of models, by what tells what they were asked.

    size: the bytes to keep at most, besides the newest answer.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._answers: dict[Hashable, Any] = {}
        self._sizes: dict[Hashable, int] = {}
        self._total = 0

    def of(self, key: Hashable) -> Any:
        """The answer that is kept, None if there is none."""
        answer = self._answers.pop(key, None)
        if answer is not None:
            # what was asked for last stands last
            self._answers[key] = answer
        return answer

    def keep(self, key: Hashable, answer: Any) -> None:
        """Keep an answer, and forget the oldest ones if there is no room."""
        self._forget(key)
        self._answers[key] = answer
        self._sizes[key] = _bytes(answer)
        self._total += self._sizes[key]
        while self._total > self._size and len(self._answers) > 1:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: Hashable) -> None:
        self._answers.pop(key, None)
        self._total -= self._sizes.pop(key, 0)


class Memo:
    """A model whose latest answers are kept, by the values of its arguments. size: see `Answers`."""

    def __init__(self, model: Callable[..., Any], size: int = SIZE) -> None:
        self._model = model
        self._answers = Answers(size)
        # a call may set the strength of adapters for itself
        self._strengths = _strengths_in(model)

    def ask(self, *args: Any, **kwargs: Any) -> Any:
        """The model's answer for these arguments."""
        leaves, structure = pytree.tree_flatten((args, kwargs))
        strengths = [tuple(strength.items()) for strength in self._strengths]
        key = (structure, *strengths, *map(_by_value, leaves))
        answer = self._answers.of(key)
        if answer is None:
            answer = self._model(*args, **kwargs)
            self._answers.keep(key, answer)
        return answer


def _strengths_in(module: object) -> list[dict[str, float]]:
    """For each layer with adapters of peft, their strengths by name; later changes show in it."""
    if not isinstance(module, torch.nn.Module):
        return []
    scalings = [getattr(layer, "scaling", None) for layer in module.modules()]
    return [scaling for scaling in scalings if isinstance(scaling, dict)]


def is_readable(tensor: torch.Tensor) -> bool:
    """Whether it can be told without waiting for a GPU which tensors have the same values."""
    return not is_on_gpu(tensor) or origin_of(tensor) is not None


def digest(tensor: torch.Tensor) -> str:
    """A hash of a tensor's values; if they are not known, it is kept, because reading one waits for the device."""
    if not is_on_gpu(tensor):
        return hash_of(tensor)
    origin = origin_of(tensor)
    if origin is not None:
        return origin.digest
    # a method may write to a tensor between two calls; those of inference mode do not count that
    version = None if tensor.is_inference() else tensor._version  # noqa: SLF001  # torch's own name
    if _digests.get(tensor, ("", ""))[0] != version:
        _digests[tensor] = (version, hash_of(tensor))
    return str(_digests[tensor][1])


def _by_value(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        return leaf.shape, leaf.dtype, digest(leaf)
    return leaf


def _bytes(answer: Any) -> int:
    leaves = [_tensor_of(leaf) for leaf in pytree.tree_leaves(answer)]
    return sum(leaf.nbytes for leaf in leaves if isinstance(leaf, torch.Tensor))


def _tensor_of(leaf: Any) -> Any:
    """The tensor in a distribution of latents, which is no tensor itself."""
    return getattr(leaf, "parameters", leaf)
