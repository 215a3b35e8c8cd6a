"""Normal random numbers as CUDA draws them, made on any device.

CUDA's generator is Philox 4x32 with ten rounds (Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", 2011); two of its four words become a normal number by the Box-Muller transform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Words: TypeAlias = np.ndarray
# constants of the paper
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORD = 2.0**32


def randn(seed: int, shape: Sequence[int]) -> np.ndarray:
    """What `torch.randn(shape, device="cuda")` returns first after `torch.manual_seed(seed)`.

    seed: 0 to 2^64-1. Returns float32. Holds for up to some 100,000 numbers, as many as the latents
    of one picture have; for more, CUDA divides the work among its threads in another way.
    """
    count = int(np.prod(shape))
    counter = np.zeros((4, count), np.uint32)
    # the place in the array; the first row counts the calls before this one
    counter[2] = np.arange(count)
    first, second = _philox(counter, seed)[:2]
    # the middles of 2^32 equal parts of [0, 1], so that the logarithm is finite
    radius = np.sqrt(-2 * np.log((first + 0.5) / _WORD))
    angle = 2 * np.pi * (second + 0.5) / _WORD
    return (radius * np.sin(angle)).astype(np.float32).reshape(shape)


def _philox(counter: Words, seed: int) -> Words:
    """The random words of each counter. counter: uint32 of [4, n]; so are the words."""
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(_ROUNDS):
        counter = _round(counter, keys)
        keys = [(key + step) & 0xFFFFFFFF for key, step in zip(keys, _KEY_STEPS, strict=True)]
    return counter


def _round(counter: Words, keys: list[int]) -> Words:
    low_0, high_0 = _product(counter[0], _MULTIPLIERS[0])
    low_2, high_2 = _product(counter[2], _MULTIPLIERS[1])
    words = [
        high_2 ^ counter[1] ^ np.uint32(keys[0]),
        low_2,
        high_0 ^ counter[3] ^ np.uint32(keys[1]),
        low_0,
    ]
    return np.stack(words)


def _product(words: Words, multiplier: int) -> tuple[Words, Words]:
    """The lower and the upper 32 bits of a product."""
    product = words.astype(np.uint64) * np.uint64(multiplier)
    return product.astype(np.uint32), (product >> np.uint64(32)).astype(np.uint32)
