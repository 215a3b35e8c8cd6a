"""Means of differences over prompts and seeds, with intervals that hold for other prompts.

The same seeds stand under all prompts, so the differences between two settings are not independent:
those of one prompt are alike, and so are those of one seed. Prompts and seeds are crossed random
factors,

    difference[p, s] = mean + prompt[p] + seed[s] + rest[p, s],

and the variance of the mean is put together from those of the three parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .components import Components, Margins, components_of

if TYPE_CHECKING:
    from .components import Floats

LEVEL = 0.95
# Agresti & Coull (1998): as if 2 more pairs had differed, among 4 more
PSEUDO_DIFFERENT = 2
PSEUDO_PAIRS = 4
# (1 + 2 z^2) / 6 at z = 1.96 (Johnson 1978, Hall 1992), twice, because the skewness of few prompts
# is estimated about half as large as it is
LEAN = 2 * (1 + 2 * 1.96**2) / 6
# in standard errors: the most that skewness moves a bound
MOST_LEAN = 2.0


@dataclass(frozen=True, eq=False)
class CrossedMeans:
    """n means, all arrays of shape (n,).

    error: standard error, NaN if nothing is known of it. degrees: of freedom of its t distribution.
    lean: by how much skewness moves one bound outwards, the upper one if positive, the lower one if
    negative. margins: how many pairs, prompts and seeds are behind each mean.
    """

    mean: Floats
    error: Floats
    degrees: Floats
    lean: Floats
    margins: Margins
    components: Components

    def low(self, level: float = LEVEL) -> Floats:
        """The lower bound of the two-sided interval; -inf without an error."""
        bound = self.mean - self._reach(level) + np.minimum(self.lean, 0.0)
        return np.where(np.isnan(self.error), -np.inf, bound)

    def high(self, level: float = LEVEL) -> Floats:
        """The upper bound of the two-sided interval; inf without an error."""
        bound = self.mean + self._reach(level) + np.maximum(self.lean, 0.0)
        return np.where(np.isnan(self.error), np.inf, bound)

    def p_at_most(self, value: float) -> Floats:
        """One-sided p of the claim that the mean is above `value`."""
        return self._tail(self.mean + np.minimum(self.lean, 0.0) - value)

    def p_at_least(self, value: float) -> Floats:
        """One-sided p of the claim that the mean is below `value`."""
        return self._tail(value - self.mean - np.maximum(self.lean, 0.0))

    def p_zero(self) -> Floats:
        """Two-sided p against a mean of 0: under 0.05 if the 95% interval leaves 0 out."""
        smaller = np.minimum(self.p_at_most(0.0), self.p_at_least(0.0))
        return np.minimum(1.0, 2 * smaller)

    def _reach(self, level: float) -> Floats:
        return t_quantile(self.degrees, level) * self.error

    def _tail(self, distance: Floats) -> Floats:
        """The chance to be `distance` or more above the truth; 1 without an error."""
        # here, because scipy takes a moment to import
        from scipy.special import stdtr

        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = distance / self.error
        chance: Floats = stdtr(self.degrees, -scaled)
        # without any variation only the direction is left
        certain = np.where(distance > 0, 0.0, 1.0)
        chance = np.where(self.error == 0, certain, chance)
        return np.where(np.isnan(self.error), 1.0, chance)


def t_quantile(degrees: Floats, level: float) -> Floats:
    """How many standard errors a two-sided interval reaches to each side."""
    from scipy.special import stdtrit

    quantiles: Floats = stdtrit(degrees, (1 + level) / 2)
    return quantiles


def crossed_means(
    differences: Floats, *, prompts_vary: bool = True, jump: float = 0.0
) -> CrossedMeans:
    """The means of differences over prompts and seeds.

    differences: (n, prompts, seeds), NaN for missing pairs. prompts_vary: whether the prompts are a
    sample of those that the mean is about ("prompts like these"); otherwise it is about these
    prompts alone, and seeds are all that varies. With one prompt that is so anyway. jump: how large
    a difference is where there is one; used if no pair of this mean differs.

    The interval is a t interval with Satterthwaite's degrees of freedom, see `components_of`. Two
    things widen it: pairs of which most are tied, because rare differences may just not have come
    up, and skewness. docs/statistics.md has the coverage that simulations measured.
    """
    margins = Margins.of(differences)
    mean = margins.mean_of(differences)
    deviations = differences - mean[:, None, None]
    components = components_of(deviations, margins, prompts_vary=prompts_vary)
    ties = _variance_of_ties(differences, margins, jump)
    variance = components.variance + ties
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = components.variance**2 / components.degrees + ties**2 / (margins.pairs - 1)
        degrees = variance**2 / parts
    # a variance of 0 has no degrees of freedom, and needs none
    degrees = np.where(parts > 0, np.maximum(degrees, 1.0), 1.0)
    error = np.sqrt(variance)
    lean = _lean(deviations, margins, variance, prompts_vary=prompts_vary)
    return CrossedMeans(mean, error, degrees, lean, margins, components)


def _variance_of_ties(differences: Floats, margins: Margins, jump: float) -> Floats:
    """What the variance lacks if differences are so rare that few or none came up."""
    is_different = ~np.isnan(differences) & (differences != 0)
    different = is_different.sum(axis=(1, 2))
    squares = np.where(is_different, differences**2, 0.0).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        square_of_jump = np.where(different > 0, squares / different, jump**2)
        share = different / margins.pairs
        cautious = (different + PSEUDO_DIFFERENT) / (margins.pairs + PSEUDO_PAIRS)
        return square_of_jump * np.maximum(cautious - share, 0.0) / margins.pairs


def _lean(deviations: Floats, margins: Margins, variance: Floats, *, prompts_vary: bool) -> Floats:
    """By how much skewness moves a bound: from the third moment of the mean over its variance."""
    pairs = np.maximum(margins.pairs, 1)
    parts = np.nan_to_num(deviations) / pairs[:, None, None]
    of_prompts = np.sum(parts.sum(axis=2) ** 3, axis=1)
    of_seeds = np.sum(parts.sum(axis=1) ** 3, axis=1)
    # pairs count with their prompt and with their seed; with one seed, its sum is that of all: 0
    twice = np.where((margins.prompts > 1) & (margins.seeds > 1), np.sum(parts**3, axis=(1, 2)), 0)
    third_moment = of_prompts + of_seeds - twice if prompts_vary else of_seeds
    with np.errstate(divide="ignore", invalid="ignore"):
        lean = np.where(variance > 0, LEAN * third_moment / variance, 0.0)
    most = MOST_LEAN * np.sqrt(variance)
    return np.clip(lean, -most, most)
