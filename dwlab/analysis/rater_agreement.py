"""How often votes agree: of a rater with themselves, with another rater, and with a metric."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .counted_votes import LOSS, TIE, WIN
from .crossed import crossed_means
from .metric_columns import metrics_of, numbers
from .setting_grid import SAMPLED

if TYPE_CHECKING:
    import pandas as pd

    from .counted_votes import CountedVotes
    from .margins import Floats
    from .rated_pictures import Codes

# an agreement of votes that can come by chance
CHANCE = 0.5


@dataclass(frozen=True)
class Agreement:
    """The share of pairs in which two judgements agree, with its 95% interval.

    first, second: whose they are. A tie of one of them counts half.
    """

    first: str
    second: str
    share: float
    low: float
    high: float
    pairs: int

    @property
    def is_told(self) -> bool:
        """Whether it is shown to be more, or less, than chance."""
        return self.low > CHANCE or self.high < CHANCE

    @property
    def reversed(self) -> Agreement:
        """The agreement with the opposite of one of the judgements."""
        return dataclasses.replace(self, share=1 - self.share, low=1 - self.high, high=1 - self.low)

    @property
    def text(self) -> str:
        """Like `71% [64, 77] of 240 pairs`."""
        interval = f"[{100 * self.low:.0f}, {100 * self.high:.0f}]"
        return f"{self.share:.0%} {interval} of {self.pairs:,} pairs"


def with_metrics(
    votes: CountedVotes, table: pd.DataFrame, target: str, metrics: list[str] | None = None
) -> list[Agreement]:
    """How often each metric is higher for the picture that was liked better; ties left out.

    table: that the votes' pictures are from. metrics: all that vary by default.
    """
    names = metrics_of(table) if metrics is None else metrics
    names = [name for name in names if numbers(table, name).nunique() > 1]
    decided = votes.without(np.flatnonzero(votes.outcome == TIE))
    agreements = [_with_metric(decided, table, name, target) for name in names]
    return [agreement for agreement in agreements if agreement.pairs]


def taste_text(metric: Agreement, raters: int) -> str:
    """How well a metric predicts the votes of so many raters, in words."""
    whose = "your taste" if raters == 1 else "the raters' taste"
    if metric.high < CHANCE:
        return f"lower {metric.first} predicts {whose} in {metric.reversed.text}"
    may_be_chance = "" if metric.is_told else ", which may be chance"
    return f"{metric.first} predicts {whose} in {metric.text}{may_be_chance}"


def between_raters(votes: CountedVotes, target: str) -> list[Agreement]:
    """How often each two raters agree on the pairs that both have voted on."""
    judged = votes.first_of_each_pair()
    agreements = []
    for first, second in itertools.combinations(range(len(votes.raters)), 2):
        names = (votes.raters[first], votes.raters[second])
        agreements.append(_of_judgements(judged, _both(judged, first, second), names, target))
    return [agreement for agreement in agreements if agreement.pairs]


def with_themselves(votes: CountedVotes, target: str) -> list[Agreement]:
    """How often each rater says the same of a pair that is shown again."""
    agreements = []
    for rater, name in enumerate(votes.raters):
        agreements.append(_of_judgements(votes, _repeats(votes, rater), (name, name), target))
    return [agreement for agreement in agreements if agreement.pairs]


def _with_metric(votes: CountedVotes, table: pd.DataFrame, name: str, target: str) -> Agreement:
    values = numbers(table, name)
    by_key = dict(zip(table["key"], values, strict=True))
    of_picture = np.array([by_key[key] for key in votes.pictures.keys])
    difference = of_picture[votes.left] - of_picture[votes.right]
    liked = np.where(votes.outcome == WIN, 1.0, -1.0)
    agrees = (np.sign(difference) * liked + 1) / 2
    return _agreement(votes, agrees, (name, "votes"), target)


def _of_judgements(
    votes: CountedVotes,
    couples: list[tuple[int, int]],
    names: tuple[str, str],
    target: str,
) -> Agreement:
    """The agreement of votes in couples, each about the same two pictures."""
    agrees = np.full(len(votes), np.nan)
    for at, other in couples:
        distance = abs(_of_lower(votes, at) - _of_lower(votes, other))
        agrees[other] = 1 - distance / (WIN - LOSS)
    return _agreement(votes, agrees, names, target)


def _of_lower(votes: CountedVotes, at: int) -> int:
    """The outcome of the picture with the lower position, whichever side it was on."""
    outcome = int(votes.outcome[at])
    return outcome if votes.left[at] < votes.right[at] else WIN - outcome


def _pair(votes: CountedVotes, at: int) -> tuple[int, int]:
    low, high = sorted((int(votes.left[at]), int(votes.right[at])))
    return low, high


def _both(votes: CountedVotes, first: int, second: int) -> list[tuple[int, int]]:
    """The votes of two raters on the same pair."""
    of_first = {_pair(votes, at): at for at in _of_rater(votes, first)}
    couples = [(of_first.get(_pair(votes, at), -1), at) for at in _of_rater(votes, second)]
    return [couple for couple in couples if couple[0] >= 0]


def _repeats(votes: CountedVotes, rater: int) -> list[tuple[int, int]]:
    """The first and the next vote of a rater on the same pair."""
    earlier: dict[tuple[int, int], int] = {}
    couples = []
    for at in _of_rater(votes, rater):
        pair = _pair(votes, at)
        if pair in earlier:
            couples.append((earlier[pair], at))
        else:
            earlier[pair] = at
    return couples


def _of_rater(votes: CountedVotes, rater: int) -> list[int]:
    return [int(at) for at in np.flatnonzero(votes.rater == rater)]


def _agreement(
    votes: CountedVotes, agrees: Floats, names: tuple[str, str], target: str
) -> Agreement:
    """The mean of what agrees (1, 0, or 0.5; NaN: nothing to say), each prompt and seed once."""
    grid = _by_prompt_and_seed(agrees, votes.prompt, votes.seed)
    pairs = int(np.sum(~np.isnan(agrees)))
    if not pairs:
        return Agreement(*names, np.nan, 0.0, 1.0, 0)
    means = crossed_means(grid[None], prompts_vary=target == SAMPLED, jump=1.0)
    return Agreement(
        *names,
        share=float(means.mean[0]),
        low=max(0.0, float(means.low()[0])),
        high=min(1.0, float(means.high()[0])),
        pairs=pairs,
    )


def _by_prompt_and_seed(values: Floats, prompts: Codes, seeds: Codes) -> Floats:
    """The mean of the values of each prompt and seed: (prompts, seeds), NaN without any."""
    shape = (int(prompts.max(initial=0)) + 1, int(seeds.max(initial=0)) + 1)
    entry = np.ravel_multi_index((prompts, seeds), shape)
    is_known = ~np.isnan(values)
    size = int(np.prod(shape))
    counts = np.bincount(entry[is_known], minlength=size)
    sums = np.bincount(entry[is_known], weights=values[is_known], minlength=size)
    means = np.full(size, np.nan)
    means[counts > 0] = sums[counts > 0] / counts[counts > 0]
    return means.reshape(shape)
