"""Which two pictures a rater is shown next: those of which a vote is expected to tell most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..analysis.counted_votes import CountedVotes
    from ..analysis.margins import Floats
    from ..analysis.ordered_votes import Strengths
    from ..analysis.rated_pictures import Codes, RatedPictures

# Of a rater's pairs one in so many is shown again, to see how steady they are, and one in so many is
# a pair that another rater has voted on, to see whether they agree.
REPEAT_EVERY = 10
SHARE_EVERY = 4
# votes between a pair and its repetition, so that nobody remembers
REST = 8
MOST_SETTINGS = 300  # beyond them pairs are chosen at random: a choice would take too long

Shown = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class ChosenPair:
    """Two pictures, as positions in `RatedPictures`, as they are to stand side by side."""

    left: int
    right: int


def next_pair(
    pictures: RatedPictures,
    votes: CountedVotes,
    rater: str,
    waiting: Sequence[tuple[int, int]],
    rng: np.random.Generator,
) -> ChosenPair | None:
    """The pair to show next; None if the rater has seen all.

    votes: of all raters, oldest first, repeated ones too. waiting: pairs of pictures that this
    rater is going to see before, or has skipped.
    """
    own = _pairs_of(votes, rater)
    shown = frozenset([*own, *map(_ordered, waiting)])
    number = len(own) + len(waiting) + 1
    if number % REPEAT_EVERY == 0:
        repeated = _to_repeat(votes, rater, waiting)
        if repeated is not None:
            return repeated
    if number % SHARE_EVERY == 0:
        shared = _to_share(votes, shown, rng)
        if shared is not None:
            return _either_side(shared, rng)
    return _most_telling(pictures, votes, shown, rng)


def expected_gain(strengths: Strengths) -> Floats:
    """How much a vote on each two settings is expected to improve their order: (settings, settings).

    If the distance d of two strengths is known up to a standard deviation s, ordering them as they
    seem to be costs s phi(d/s) - |d| Phi(-|d|/s) of strength on average. A vote makes s smaller, and
    the cost falls by phi(d/s) times that, to first order.
    """
    distance = strengths.strength[:, None] - strengths.strength[None, :]
    variances = np.diag(strengths.covariance)
    variance = variances[:, None] + variances[None, :] - 2 * strengths.covariance
    variance = np.maximum(variance, 1e-12)  # of a setting with itself it is 0
    information = _information(distance, strengths.threshold)
    narrower = np.sqrt(variance) * (1 - 1 / np.sqrt(1 + information * variance))
    return np.exp(-(distance**2) / (2 * variance)) * narrower


def _information(distance: Floats, threshold: float) -> Floats:
    """Fisher's information of an ordered vote about the distance of two strengths."""
    lost = 1 / (1 + np.exp(threshold + distance))
    won = 1 / (1 + np.exp(threshold - distance))
    at_low, at_high = lost * (1 - lost), won * (1 - won)
    tied = np.maximum(1 - lost - won, 1e-9)
    return at_low**2 / lost + (at_low - at_high) ** 2 / tied + at_high**2 / won


def _most_telling(
    pictures: RatedPictures, votes: CountedVotes, shown: Shown, rng: np.random.Generator
) -> ChosenPair | None:
    """An unseen pair of the settings of which a vote is expected to tell most."""
    contexts = _Contexts(pictures, votes, rng)
    for setting, other in _settings_in_order(pictures, votes, rng):
        pair = contexts.unseen(setting, other, shown)
        if pair is not None:
            return _either_side(pair, rng)
    return None


def _settings_in_order(
    pictures: RatedPictures, votes: CountedVotes, rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Pairs of settings, the most telling first, in random order where they tell the same."""
    settings = len(pictures.codes)
    if settings > MOST_SETTINGS:
        yield from _at_random(settings, rng)
        return
    # here, because statsmodels takes a moment to import
    from ..analysis.ordered_votes import fit

    counted = votes.first_of_each_pair()
    strengths = fit(settings, counted.left_setting, counted.right_setting, counted.outcome)
    first, second = np.triu_indices(settings, 1)
    gain = expected_gain(strengths)[first, second].round(9)
    for at in np.lexsort((rng.random(len(first)), -gain)):
        yield int(first[at]), int(second[at])


def _at_random(settings: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """All pairs of settings, made one by one: the list of 10,000 settings would be 50 million long."""
    order = rng.permutation(settings).tolist()
    for at, setting in enumerate(order):
        for other in rng.permutation(at).tolist():
            yield setting, order[other]


class _Contexts:
    """The prompts and seeds under which two settings can be compared, the least used first."""

    def __init__(
        self, pictures: RatedPictures, votes: CountedVotes, rng: np.random.Generator
    ) -> None:
        self._pixels = pictures.pixels
        context = pictures.prompts * (int(pictures.seeds.max(initial=0)) + 1) + pictures.seeds
        names, of_picture = np.unique(context, return_inverse=True)
        used = np.bincount(of_picture[votes.left], minlength=len(names))
        self._order = np.lexsort((rng.random(len(names)), used))
        self._at = np.full((len(pictures.codes), len(names)), -1)
        self._at[pictures.settings, of_picture] = np.arange(len(pictures.keys))

    def unseen(self, setting: int, other: int, shown: Shown) -> tuple[int, int] | None:
        """A pair of these settings whose pictures differ, and that was not shown yet."""
        for context in self._order:
            pair = _ordered((int(self._at[setting, context]), int(self._at[other, context])))
            is_there = pair[0] >= 0
            if is_there and pair not in shown and self._pixels[pair[0]] != self._pixels[pair[1]]:
                return pair
        return None


def _to_repeat(
    votes: CountedVotes, rater: str, waiting: Sequence[tuple[int, int]]
) -> ChosenPair | None:
    """The rater's oldest pair that was not repeated yet, its sides changed; None if it is recent."""
    mine = _positions_of(votes, rater)
    pairs = [_pair(votes, at) for at in mine]
    upcoming = set(map(_ordered, waiting))
    for at, pair in zip(mine[:-REST], pairs, strict=False):
        if pairs.count(pair) == 1 and pair not in upcoming:
            return ChosenPair(left=int(votes.right[at]), right=int(votes.left[at]))
    return None


def _to_share(
    votes: CountedVotes, shown: Shown, rng: np.random.Generator
) -> tuple[int, int] | None:
    """A pair that another rater has voted on and this one has not seen."""
    others = {_pair(votes, at) for at in range(len(votes))} - shown
    return sorted(others)[int(rng.integers(len(others)))] if others else None


def _either_side(pair: tuple[int, int], rng: np.random.Generator) -> ChosenPair:
    left, right = pair if rng.random() < 0.5 else pair[::-1]
    return ChosenPair(left, right)


def _pairs_of(votes: CountedVotes, rater: str) -> list[tuple[int, int]]:
    return [_pair(votes, at) for at in _positions_of(votes, rater)]


def _positions_of(votes: CountedVotes, rater: str) -> Codes | list[int]:
    if rater not in votes.raters:
        return []
    return np.flatnonzero(votes.rater == votes.raters.index(rater))


def _pair(votes: CountedVotes, at: int) -> tuple[int, int]:
    return _ordered((int(votes.left[at]), int(votes.right[at])))


def _ordered(pair: tuple[int, int]) -> tuple[int, int]:
    low, high = sorted(pair)
    return low, high
