"""How few votes hold up the order: without how many of them another setting would come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._util.counted import counted
from .ordered_votes import fit

if TYPE_CHECKING:
    from .counted_votes import CountedVotes
    from .margins import Floats
    from .ordered_votes import Strengths

RIVALS = 3  # the settings next to the first, of which each may take its place
FITS = 12  # for each of them
ROUNDING = 1e-6  # settings that are closer are equal


@dataclass(frozen=True)
class Fragility:
    """Without so many votes, `rival` would come before `first`."""

    votes: int
    first: str
    rival: str

    @property
    def sentence(self) -> str:
        """The same in words."""
        them = "it" if self.votes == 1 else "them"
        return (
            f"{counted(self.votes, 'vote')} would change the order: without {them}, {self.rival} "
            f"would come before {self.first}."
        )


def fragility(votes: CountedVotes, strengths: Strengths) -> Fragility | None:
    """The fewest votes that hold up the first place; None if no such set was found.

    The votes with the largest influence on the distance to a rival are taken away until the rival
    comes first (Broderick, Giordano & Meager 2020, "An automatic finite-sample robustness metric"),
    and the model is fitted again to check it.
    """
    labels = votes.pictures.labels
    voted = np.unique(np.concatenate([votes.left_setting, votes.right_setting]))
    order = voted[np.argsort(-strengths.strength[voted], kind="stable")]
    results = []
    for rival in order[1 : 1 + RIVALS]:
        needed = _needed(votes, strengths, int(order[0]), int(rival))
        if needed is not None:
            results.append(Fragility(needed, labels[order[0]], labels[rival]))
    return min(results, key=lambda result: result.votes, default=None)


def _needed(votes: CountedVotes, strengths: Strengths, first: int, rival: int) -> int | None:
    """Without how many votes the rival comes before the first."""
    distance = strengths.strength[first] - strengths.strength[rival]
    support = strengths.influence[:, first] - strengths.influence[:, rival]
    order = np.argsort(-support, kind="stable")
    start = _estimate(support[order], distance)
    # what votes do together is more than the sum of their influences
    for many in range(max(1, start - 2), start - 2 + FITS):
        if many > len(votes):
            break
        rest = votes.without(order[:many])
        again = fit(len(strengths.strength), rest.left_setting, rest.right_setting, rest.outcome)
        if again.strength[rival] - again.strength[first] > ROUNDING:
            return many
    return None


def _estimate(support: Floats, distance: float) -> int:
    """How many of the votes together are worth the distance; support: largest first."""
    worth = np.cumsum(support)
    enough = worth >= distance
    return int(np.argmax(enough)) + 1 if enough.any() else len(support)
