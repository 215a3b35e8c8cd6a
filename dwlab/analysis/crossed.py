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

from .components import components_of
from .margins import Margins
from .precision import LEVEL, Precision, Spread, normal_quantile
from .tied_pairs import Ties

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .margins import Floats
    from .tied_pairs import TiedMeans

# (1 + 2 z^2) / 6 at z = 1.96 (Johnson 1978, Hall 1992), twice, because the skewness of few prompts
# is estimated about half as large as it is
LEAN = 2 * (1 + 2 * 1.96**2) / 6
# in standard errors: the most that skewness moves a bound
MOST_LEAN = 2.0


@dataclass(frozen=True, eq=False)
class CrossedMeans:
    """n means, all arrays of shape (n,).

    precision: NaN where nothing is known of it. lean: by how much skewness moves one bound
    outwards, the upper one if positive, the lower one if negative. margins: how many pairs, prompts
    and seeds are behind each mean. spread: what makes them imprecise. is_tied: where most pairs are
    tied. tied: these means alone, as gains, losses and ties, from which their intervals are made.
    """

    mean: Floats
    precision: Precision
    lean: Floats
    margins: Margins
    spread: Spread
    is_tied: NDArray[np.bool_]
    tied: TiedMeans

    def low(self, level: float = LEVEL) -> Floats:
        """The lower bound of the two-sided interval; -inf if nothing is known of it."""
        bound = self.mean - self.precision.reach(level)
        bound[self.is_tied] = self.tied.bound(normal_quantile(level))
        bound = bound + np.minimum(self.lean, 0.0)
        return np.where(np.isnan(bound), -np.inf, bound)

    def high(self, level: float = LEVEL) -> Floats:
        """The upper bound of the two-sided interval; inf if nothing is known of it."""
        bound = self.mean + self.precision.reach(level)
        bound[self.is_tied] = self.tied.bound(-normal_quantile(level))
        bound = bound + np.maximum(self.lean, 0.0)
        return np.where(np.isnan(bound), np.inf, bound)

    def p_zero(self) -> Floats:
        """Two-sided p against a mean of 0: under 0.05 if the 95% interval leaves 0 out."""
        down = np.minimum(self.lean, 0.0)
        up = np.maximum(self.lean, 0.0)
        above = self._tail(self.mean + down)
        below = self._tail(-self.mean - up)
        above[self.is_tied] = _normal_tail(self.tied.score(-down[self.is_tied]))
        below[self.is_tied] = _normal_tail(-self.tied.score(-up[self.is_tied]))
        return np.minimum(1.0, 2 * np.minimum(above, below))

    def _tail(self, distance: Floats) -> Floats:
        """The chance to be `distance` or more above the truth; 1 if nothing is known of it."""
        # here, because scipy takes a moment to import
        from scipy.special import stdtr

        error = self.precision.error
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = distance / error
        chance: Floats = stdtr(self.precision.degrees, -scaled)
        # without any variation only the direction is left
        certain = np.where(distance > 0, 0.0, 1.0)
        chance = np.where(error == 0, certain, chance)
        return np.where(np.isnan(error), 1.0, chance)


def crossed_means(
    differences: Floats, *, prompts_vary: bool = True, jump: float | Floats = 0.0
) -> CrossedMeans:
    """The means of differences over prompts and seeds.

    differences: (n, prompts, seeds), NaN for missing pairs. prompts_vary: whether the prompts are a
    sample of those that the mean is about ("prompts like these"); otherwise it is about these
    prompts alone, and seeds are all that varies. With one prompt that is so anyway. jump: how far
    two differences are apart where they are, also for each mean; used if all pairs of a mean agree.

    The interval is a t interval with Satterthwaite's degrees of freedom, and a score interval where
    other prompts are meant and most pairs are tied (`tied_pairs`). Skewness widens both to its side.
    docs/statistics.md has the coverage that simulations measured.
    """
    margins = Margins.of(differences)
    with np.errstate(invalid="ignore"):
        mean = np.nansum(differences, axis=(1, 2)) / margins.pairs
    deviations = differences - mean[:, None, None]
    spread = Spread(
        mean=mean,
        components=components_of(deviations, margins),
        ties=Ties.of(differences, margins, jump),
        prompts_vary=prompts_vary,
    )
    precision = spread.precision(margins)
    lean = _lean(deviations, margins, precision.error, prompts_vary=prompts_vary)
    # one seed does not say how these prompts alone would vary
    unknown = (margins.pairs < 2) | ((margins.seeds == 1) & (not prompts_vary))
    error = np.where(unknown, np.nan, precision.error)
    is_tied = spread.is_tied & (margins.prompts > 1)
    return CrossedMeans(
        mean=mean,
        precision=Precision(error, precision.degrees),
        lean=lean,
        margins=margins,
        spread=spread,
        is_tied=is_tied,
        tied=spread.tied_means(margins).only(is_tied),
    )


def _normal_tail(score: Floats) -> Floats:
    from scipy.special import ndtr

    tail: Floats = ndtr(-score)
    return tail


def _lean(deviations: Floats, margins: Margins, error: Floats, *, prompts_vary: bool) -> Floats:
    """By how much skewness moves a bound: from the third moment of the mean over its variance."""
    pairs = np.maximum(margins.pairs, 1)
    parts = np.nan_to_num(deviations) / pairs[:, None, None]
    of_prompts = np.sum(_cubes(parts.sum(axis=2)), axis=1)
    of_seeds = np.sum(_cubes(parts.sum(axis=1)), axis=1)
    # pairs count with their prompt and with their seed; with one seed, its sum is that of all: 0
    twice = np.where(margins.crossed, np.sum(_cubes(parts), axis=(1, 2)), 0.0)
    third_moment = of_prompts + of_seeds - twice if prompts_vary else of_seeds
    is_certain = error == 0
    lean = LEAN * third_moment / np.where(is_certain, 1.0, error**2)
    lean = np.where(is_certain, 0.0, lean)
    return np.clip(lean, -MOST_LEAN * error, MOST_LEAN * error)


def _cubes(values: Floats) -> Floats:
    """The third powers, by multiplication: numpy's power of 3 takes 50 times as long."""
    return values * values * values
