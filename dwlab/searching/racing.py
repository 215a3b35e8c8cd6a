"""Settings are dropped as soon as tests say that they are not what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .friedman import chances_of_worse, holm
from .rounds import Rounds
from .strategy import FILL, cheapest_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .problem import Draw
    from .scores import Scores

LEVEL = 0.05


@dataclass(frozen=True)
class Racing:
    """All settings on a few instances, then one more after the other for those that are left.

    As irace does (López-Ibáñez et al. 2016), settings are dropped that are worse than the best: by
    Friedman's test and Conover's comparisons with the best after it. Here they also have to be
    beyond the margin. Besides, those are dropped that are not cheaper than the cheapest within the
    margin and are shown not to be ahead of it by more than the margin, by a t test whose variance
    is that of all settings left. Both are corrected for the number of settings (Holm 1979). It is
    the surest of the strategies, and the dearest. first: instances before the first test. fill:
    pictures per round at least.
    """

    first: int = 3
    fill: int = FILL

    def next_round(self, scores: Scores) -> list[Draw]:
        """The next instances for the settings that are left; none if that is one."""
        return self._rounds(scores).draws

    def choice(self, scores: Scores) -> int | None:
        """The cheapest within the margin of the best, of the settings that are left."""
        return self._rounds(scores).choice(scores)

    def _rounds(self, scores: Scores) -> Rounds:
        return Rounds.of(scores, lambda used: max(self.first, used + 1), _left, self.fill)


def _left(scores: Scores, alive: list[int], columns: Sequence[int]) -> list[int]:
    """The settings that no test drops."""
    return _not_in_vain(scores, _not_worse(scores, alive, columns), columns)


def _not_worse(scores: Scores, alive: list[int], columns: Sequence[int]) -> list[int]:
    """The settings that are not shown to be worse than the best, or are within the margin of it."""
    means = scores.means(alive, columns)
    best = int(np.argmax(means))
    values = scores.values[np.ix_(alive, list(columns))]
    complete = values[:, ~np.isnan(values).any(axis=0)]
    is_worse = holm(chances_of_worse(complete, best, LEVEL), LEVEL)
    is_beyond = means[best] - means > scores.problem.margin
    is_dropped = is_worse & is_beyond
    return [alive[at] for at in range(len(alive)) if not is_dropped[at]]


def _not_in_vain(scores: Scores, alive: list[int], columns: Sequence[int]) -> list[int]:
    """Without those that cost as much as a good one or more, and are shown not to be better."""
    # here, because scipy takes a moment to import
    from scipy.special import stdtr

    candidate = cheapest_within(scores, alive, columns)
    error = scores.standard_error(alive, columns)
    if candidate is None or error == 0:
        return alive
    prices = scores.problem.prices
    means = dict(zip(alive, scores.means(alive, columns), strict=True))
    rivals = [at for at in alive if at != candidate and prices[at] >= prices[candidate]]
    ahead = np.array([means[rival] - means[candidate] for rival in rivals])
    chances = stdtr(len(columns) - 1, (ahead - scores.problem.margin) / error)
    is_dropped = holm(chances, LEVEL)
    dropped = {rival for rival, out in zip(rivals, is_dropped, strict=True) if out}
    return [setting for setting in alive if setting not in dropped]
