"""Cells of one kind, which differ in prompt and seed only.

What is checked or estimated for one of them holds for all.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .params import GenerationParams


def alike(params: Sequence[GenerationParams]) -> list[tuple[GenerationParams, int]]:
    """One example of each kind, with how many there are of it."""
    kinds = [each.kind() for each in params]
    examples = dict(zip(kinds, params, strict=True))
    return [(examples[kind], count) for kind, count in Counter(kinds).items()]
