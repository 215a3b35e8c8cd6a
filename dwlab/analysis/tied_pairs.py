"""Intervals of mean differences where most pairs are tied.

The few pairs that differ say little of how frequent differences are among other prompts, and a t
interval, which takes the variance for what it seems to be, is too narrow. Here each pair is a gain,
a loss or a tie, and the interval is that of Tango's (1998) score test for the difference of paired
proportions: it holds every mean that the pairs do not refute. Pairs of one prompt are alike, so
they count for fewer (Kish's (1965) design effect).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .margins import Floats, Margins

# differences that differ by less are sums of the same numbers in another order
ROUNDING = 1e-9
# as if 2 more prompts had differed, with all their seeds alike: so few say little of how alike
# pairs of one prompt are. With fewer, tests/simulate.py finds too little coverage.
PRIOR_PROMPTS = 2.0
# the share of pairs that differ from which on differences are not rare
MOST = 0.5
HALVINGS = 40


@dataclass(frozen=True, eq=False)
class Ties:
    """The pairs of n means that differ from the value that most of them share; all of shape (n,).

    common: the shared value; the median, which is usually 0. different: the share of pairs that
    differ from it. prompts: the share of prompts in which any does. square: mean square of their distance
    from it, or of the jump that was given if there are none.
    """

    common: Floats
    different: Floats
    prompts: Floats
    square: Floats

    def at(self, position: int) -> Ties:
        """The ties of one of the means."""
        one = slice(position, position + 1)
        return Ties(self.common[one], self.different[one], self.prompts[one], self.square[one])

    @property
    def are_usual(self) -> NDArray[np.bool_]:
        """Where some pairs differ, but more than half show no difference."""
        return (self.common == 0) & (self.different > 0) & (self.different < MOST)

    @staticmethod
    def of(differences: Floats, margins: Margins, jump: float | Floats) -> Ties:
        """The ties of differences of shape (n, prompts, seeds), NaN for missing pairs."""
        flat = differences.reshape(len(differences), -1)
        # NaN sort last
        middle = np.maximum(margins.pairs - 1, 0).astype(int) // 2
        common = np.sort(flat, axis=1)[np.arange(len(flat)), middle]
        distances = np.abs(np.nan_to_num(differences - common[:, None, None]))
        size = np.max(np.abs(np.nan_to_num(flat)), axis=1, initial=0.0)
        is_different = distances > ROUNDING * size[:, None, None]
        different = is_different.sum(axis=(1, 2))
        squares = np.sum(distances**2, axis=(1, 2))
        return Ties(
            common=common,
            different=different / np.maximum(margins.pairs, 1),
            prompts=is_different.any(axis=2).sum(axis=1) / np.maximum(margins.prompts, 1),
            square=np.where(different > 0, squares / np.maximum(different, 1), jump**2),
        )


@dataclass(frozen=True, eq=False)
class TiedMeans:
    """What a score test needs to know of n mean differences, all of shape (n,).

    jump: how large differences are. gains, losses: pairs above and below 0. pairs: all. The three
    are counted as if pairs were independent, so they are fewer than there are, and not whole.
    """

    jump: Floats
    gains: Floats
    losses: Floats
    pairs: Floats

    @staticmethod
    def of(mean: Floats, variance: Floats, ties: Ties, margins: Margins) -> TiedMeans:
        """variance: of the mean, as prompts and seeds show it."""
        jump = np.sqrt(ties.square)
        scaled = mean / np.where(jump > 0, jump, 1.0)
        counted = np.maximum(margins.pairs, 1)
        of_a_pair = ties.square * np.maximum(ties.different - scaled**2, 0.0)
        independent = of_a_pair / np.maximum(margins.pairs - 1, 1)
        effect = _design_effect(variance, independent, ties, margins)
        pairs = counted / effect
        return TiedMeans(
            jump=jump,
            gains=pairs * (ties.different + scaled) / 2,
            losses=pairs * (ties.different - scaled) / 2,
            pairs=pairs,
        )

    def only(self, chosen: NDArray[np.bool_]) -> TiedMeans:
        """Some of the means."""
        return TiedMeans(
            jump=self.jump[chosen],
            gains=self.gains[chosen],
            losses=self.losses[chosen],
            pairs=self.pairs[chosen],
        )

    def bound(self, quantile: float) -> Floats:
        """The mean at which the score is `quantile`: lower bounds if positive, else upper ones."""
        inside = (self.gains - self.losses) / self.pairs
        outside = np.full_like(inside, -np.sign(quantile))
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            is_inside = np.abs(self._score(middle)) < abs(quantile)
            inside = np.where(is_inside, middle, inside)
            outside = np.where(is_inside, outside, middle)
        bound: Floats = self.jump * inside
        return bound

    def score(self, mean: Floats) -> Floats:
        """By how many standard errors the pairs are above `mean`, if that is true."""
        return self._score(np.clip(mean / self.jump, -1.0, 1.0))

    def _score(self, difference: Floats) -> Floats:
        """Tango's statistic of a difference between -1 and 1, with his restricted estimate."""
        gains, losses, pairs = self.gains, self.losses, self.pairs
        linear = (2 * pairs - gains + losses) * difference - gains - losses
        constant = -losses * difference * (1 - difference)
        root = np.sqrt(np.maximum(linear**2 - 8 * pairs * constant, 0.0))
        share_of_losses = (root - linear) / (4 * pairs)
        variance = pairs * (2 * share_of_losses + difference * (1 - difference))
        distance = gains - losses - pairs * difference
        certain = np.where(distance == 0, 0.0, np.copysign(np.inf, distance))
        is_certain = variance <= ROUNDING**2
        score = distance / np.sqrt(np.where(is_certain, 1.0, variance))
        return np.where(is_certain, certain, score)


def _design_effect(variance: Floats, independent: Floats, ties: Ties, margins: Margins) -> Floats:
    """How many pairs count for one independent pair, at least 1."""
    seeds_of_a_prompt = margins.prompt_share * margins.pairs
    is_known = independent > 0
    shown = np.where(is_known, variance / np.where(is_known, independent, 1.0), 1.0)
    prompts = ties.prompts * margins.prompts
    weighted = PRIOR_PROMPTS * seeds_of_a_prompt + prompts * np.maximum(shown, 1.0)
    effect: Floats = weighted / (PRIOR_PROMPTS + prompts)
    return np.maximum(effect, 1.0)
