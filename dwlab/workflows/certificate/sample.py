"""Which pictures of a sweep are made again: a random sample that has some of each model."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def stratified(models: Mapping[str, str], size: int, seed: int) -> list[str]:
    """Choose `size` keys, or all if there are fewer; the same for the same keys, size and seed.

    models: the model of each key. Every model has a share as large as its share of the keys, and at
    least one key if `size` is not below the number of models.
    """
    keys: dict[str, list[str]] = {}
    for key in sorted(models):
        keys.setdefault(models[key], []).append(key)
    chance = random.Random(seed)  # noqa: S311  # a sample, not a secret
    chosen: list[str] = []
    for model, count in _shares({name: len(own) for name, own in sorted(keys.items())}, size):
        chosen += chance.sample(keys[model], count)
    return sorted(chosen)


def _shares(counts: Mapping[str, int], size: int) -> Sequence[tuple[str, int]]:
    """How many keys each model gives: one each, then by the method of largest remainders."""
    total = sum(counts.values())
    left = min(size, total)
    first = dict.fromkeys(counts, 0)
    for name in sorted(counts, key=lambda name: (-counts[name], name))[:left]:
        first[name] = 1
    left -= sum(first.values())
    others = {name: counts[name] - first[name] for name in counts}
    available = sum(others.values())
    exact = {name: left * others[name] / available if available else 0 for name in counts}
    shares = {name: int(exact[name]) for name in counts}
    remainders = sorted(counts, key=lambda name: (shares[name] - exact[name], name))
    for name in remainders[: left - sum(shares.values())]:
        shares[name] += 1
    return [(name, first[name] + shares[name]) for name in counts]
