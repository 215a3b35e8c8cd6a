"""Successive halving of what an instance costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .rounds import Rounds
from .strategy import FILL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .problem import Draw
    from .scores import Scores

# as many settings stay for the next round at least
LEAST = 3
# a setting counts as within the margin if it is beyond it by so many standard errors at most
CAUTION = 0.5


@dataclass(frozen=True)
class Halving:
    """All settings on few instances, then fewer and fewer on more and more.

    After Karnin, Koren & Somekh (2013), for settings of different prices: what is divided after
    each round is not the number of settings but the price of an instance with all of them. The best
    setting stays, to compare with; then the cheapest of those that seem to be within the margin,
    then those that are the least beyond it. Instances double from round to round. eta: by what the
    price is divided; above 1. first: instances of the first round. fill: pictures per round at
    least.
    """

    eta: float = 1.7
    first: int = 1
    fill: int = FILL

    def next_round(self, scores: Scores) -> list[Draw]:
        """What the round under way still needs; nothing after the last instance."""
        return self._rounds(scores).draws

    def choice(self, scores: Scores) -> int | None:
        """The cheapest within the margin of the best, in the last round that was finished."""
        return self._rounds(scores).choice(scores)

    def _rounds(self, scores: Scores) -> Rounds:
        return Rounds.of(scores, lambda used: max(self.first, 2 * used), self._kept, self.fill)

    def _kept(self, scores: Scores, alive: list[int], columns: Sequence[int]) -> list[int]:
        """The settings of the next round."""
        prices = scores.problem.prices
        means = dict(zip(alive, scores.means(alive, columns), strict=True))
        best = min(alive, key=lambda setting: (-means[setting], prices[setting]))
        tolerance = scores.problem.margin + CAUTION * scores.standard_error(alive, columns)

        def rank(setting: int) -> tuple[float, float, float]:
            beyond = max(0.0, means[best] - means[setting] - tolerance)
            return beyond, prices[setting], -means[setting]

        limit = sum(prices[setting] for setting in alive) / self.eta
        kept = [best]
        price = prices[best]
        for setting in sorted(alive, key=rank):
            if setting == best:
                continue
            price += prices[setting]
            if price > limit and len(kept) >= LEAST:
                break
            kept.append(setting)
        return kept
