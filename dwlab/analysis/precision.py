"""How precise a mean over prompts and seeds is, and gets with more of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._util.counted import counted
from .components import Components
from .margins import Margins
from .tied_pairs import TiedMeans, Ties

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .margins import Floats

LEVEL = 0.95
# Agresti & Coull (1998): as if 2 more pairs had differed, among 4 more
PSEUDO_DIFFERENT = 2
PSEUDO_PAIRS = 4
# prompts or seeds that anybody would add; the answers are rough, so larger steps do
ADDED = np.unique(np.geomspace(1, 1000, 90).round())
MOST_TIMES = 30


@dataclass(frozen=True, eq=False)
class Spread:
    """What makes n means imprecise, all of shape (n,).

    components: the variances. ties: the pairs that share a value, and those that differ from it.
    prompts_vary: whether other prompts are meant too.
    """

    mean: Floats
    components: Components
    ties: Ties
    prompts_vary: bool

    @property
    def is_tied(self) -> NDArray[np.bool_]:
        """Where other prompts are meant and most pairs show no difference."""
        return self.ties.are_usual & self.prompts_vary

    def at(self, position: int) -> Spread:
        """What makes one of the means imprecise."""
        parts = self.components
        one = slice(position, position + 1)
        return Spread(
            mean=self.mean[one],
            components=Components(parts.prompt[one], parts.seed[one], parts.rest[one]),
            ties=self.ties.at(position),
            prompts_vary=self.prompts_vary,
        )

    def reach(self, margins: Margins) -> Floats:
        """How far 95% intervals reach to each side with so many prompts and seeds."""
        usual = self.precision(margins).reach()
        tied = self.tied_means(margins)
        quantile = normal_quantile(LEVEL)
        of_ties = (tied.bound(-quantile) - tied.bound(quantile)) / 2
        return np.where(self.is_tied & (margins.prompts > 1), of_ties, usual)

    def tied_means(self, margins: Margins) -> TiedMeans:
        """The means as gains, losses and ties of so many prompts and seeds."""
        return TiedMeans.of(self.mean, self.shown_variance(margins), self.ties, margins)

    def precision(self, margins: Margins) -> Precision:
        """The precision of the means with so many prompts and seeds.

        The degrees of freedom are Satterthwaite's (1946).
        """
        of_prompts, of_seeds, left = self._shown(margins)
        ties = self._of_ties(margins.pairs)
        variance = of_prompts + of_seeds + left + ties
        uncertainty = (
            of_prompts**2 / np.maximum(margins.prompts - 1, 1)
            + of_seeds**2 / np.maximum(margins.seeds - 1, 1)
            + left**2 / margins.free
            + ties**2 / np.maximum(margins.pairs - 1, 1)
        )
        is_certain = uncertainty == 0
        degrees = variance**2 / np.where(is_certain, 1.0, uncertainty)
        return Precision(np.sqrt(variance), np.where(is_certain, 1.0, np.maximum(degrees, 1.0)))

    def shown_variance(self, margins: Margins) -> Floats:
        """The variance of the means that the pairs show, without what rare differences add."""
        of_prompts, of_seeds, left = self._shown(margins)
        return of_prompts + of_seeds + left

    def _shown(self, margins: Margins) -> tuple[Floats, Floats, Floats]:
        """What prompts, seeds and the rest add to the variance of the means."""
        of_rest = self.components.rest / np.maximum(margins.pairs, 1)
        of_prompts = _with_rest(self.components.prompt * margins.prompt_share, of_rest)
        of_seeds = _with_rest(self.components.seed * margins.seed_share, of_rest)
        if not self.prompts_vary:
            of_prompts = np.zeros_like(of_prompts)
        # prompts and seeds bring the rest along; it counts once
        left = of_rest * (1 - (of_prompts > 0) - (of_seeds > 0))
        return of_prompts, of_seeds, left

    def _of_ties(self, pairs: Floats) -> Floats:
        """What the variance lacks if differences are so rare that few or none came up."""
        counted = np.maximum(pairs, 1)
        different = self.ties.different
        cautious = (different * counted + PSEUDO_DIFFERENT) / (counted + PSEUDO_PAIRS)
        return self.ties.square * np.maximum(cautious - different, 0.0) / counted


@dataclass(frozen=True, eq=False)
class Precision:
    """Standard errors of n means and the degrees of freedom of their t distributions."""

    error: Floats
    degrees: Floats

    def reach(self, level: float = LEVEL) -> Floats:
        """How far a two-sided interval reaches to each side, before skewness."""
        # here, because scipy takes a moment to import
        from scipy.special import stdtrit

        quantiles: Floats = stdtrit(self.degrees, (1 + level) / 2)
        return quantiles * self.error


@dataclass(frozen=True)
class More:
    """What would do: so many more seeds, or so many more prompts; None if no number of them would.

    times: how many times as many of both.
    """

    seeds: int | None
    prompts: int | None
    times: int | None

    def __str__(self) -> str:
        if self.seeds is None and self.prompts is None:
            many = f"more than {MOST_TIMES}" if self.times is None else f"about {self.times}"
            return f"{many} times as many prompts and seeds"
        if self.seeds is None:
            return f"about {counted(self.prompts or 0, 'more prompt')} (seeds alone would not do)"
        seeds = f"about {counted(self.seeds, 'more seed')}"
        return (
            seeds if self.prompts is None else f"{seeds}, or {counted(self.prompts, 'more prompt')}"
        )


def more_needed(spread: Spread, prompts: int, seeds: int, reach: float) -> More:
    """How many more seeds or prompts bring a 95% interval down to `reach` on each side.

    spread: of one mean. prompts, seeds: how many there are. It takes the variances for what they
    seem to be now, so the answer is rough.
    """
    now = np.zeros_like(ADDED)
    with_seeds = spread.reach(Margins.complete(prompts + now, seeds + ADDED))
    with_prompts = spread.reach(Margins.complete(prompts + ADDED, seeds + now))
    times = np.arange(2, MOST_TIMES + 1, dtype=float)
    with_both = spread.reach(Margins.complete(prompts * times, seeds * times))
    can_add_prompts = spread.prompts_vary and prompts > 1
    # with one seed nothing tells seeds from prompts
    can_add_seeds = seeds > 1 or prompts == 1
    return More(
        seeds=_first(ADDED, with_seeds <= reach) if can_add_seeds else None,
        prompts=_first(ADDED, with_prompts <= reach) if can_add_prompts else None,
        times=_first(times, with_both <= reach),
    )


def normal_quantile(level: float) -> float:
    """How many standard errors a normal interval of this level reaches to each side."""
    # here, because scipy takes a moment to import
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _with_rest(variance: Floats, of_rest: Floats) -> Floats:
    return np.where(variance > 0, variance + of_rest, 0.0)


def _first(numbers: Floats, is_enough: np.ndarray) -> int | None:
    return int(numbers[np.argmax(is_enough)]) if is_enough.any() else None
