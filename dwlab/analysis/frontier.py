"""Quality against cost: the settings that no cheaper one equals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ranking import Ranking, Standing

NOISE = 1e-9  # sums of the same numbers in another order differ by less


def frontier(ranking: Ranking) -> tuple[Standing, ...]:
    """The settings on the Pareto frontier, the cheapest first.

    Each is less far behind the best than every setting that costs as much or less; of those that
    are equally good and cost the same, the first stands for all (`ties` names them). What is behind
    is what the pictures say; whether it is shown is the verdict's matter. Settings of an unknown
    price are left out.
    """
    priced = [each for each in ranking.standings if math.isfinite(each.price + each.behind)]
    best_so_far = math.inf
    chosen = []
    for standing in sorted(priced, key=lambda each: (each.price, each.behind)):
        if standing.behind < best_so_far - NOISE:
            chosen.append(standing)
            best_so_far = standing.behind
    return tuple(chosen)
