"""What a search asks for next, and what it chooses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .problem import Draw
    from .scores import Scores

# pictures per round at least, so that packs are full
FILL = 16
# sums of the same numbers in another order differ by less
NOISE = 1e-9


class Strategy(Protocol):
    """Decides which pictures to make; it remembers nothing, so a search resumes from its scores."""

    def next_round(self, scores: Scores) -> list[Draw]:
        """The pictures to make next; none once it has decided or has no more instances."""

    def choice(self, scores: Scores) -> int | None:
        """The setting that it would choose by these scores; None if nothing is known."""


def cheapest_within(
    scores: Scores, settings: Sequence[int], instances: Sequence[int]
) -> int | None:
    """The cheapest setting with a mean within the margin of the best mean; of equals the better."""
    if not len(settings) or not len(instances):
        return None
    means = scores.means(settings, instances)
    best = means.max()
    if not np.isfinite(best):
        return None
    prices = scores.problem.prices
    good = [
        (prices[setting], -mean, setting)
        for setting, mean in zip(settings, means, strict=True)
        if best - mean <= scores.problem.margin + NOISE
    ]
    return min(good)[2]


def instances_to_fill(settings: int, fill: int) -> int:
    """How many more instances make a round of so many settings full."""
    return max(1, math.ceil(fill / settings))
