"""Votes as arrays: which settings stood side by side, for which prompt and seed, and what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..store.vote import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..store.vote import Vote
    from .rated_pictures import Codes, RatedPictures

# what the left picture got
LOSS, TIE, WIN = 0, 1, 2
OUTCOMES = {Choice.RIGHT: LOSS, Choice.TIE: TIE, Choice.LEFT: WIN}


@dataclass(frozen=True, eq=False)
class CountedVotes:
    """Votes on pairs of one prompt and seed; all arrays have one entry per vote.

    left, right: the pictures, as positions in `pictures`. outcome: LOSS, TIE or WIN, of the left
    one. rater: position in `raters`.
    """

    pictures: RatedPictures
    raters: tuple[str, ...]
    left: Codes
    right: Codes
    outcome: Codes
    rater: Codes

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def left_setting(self) -> Codes:
        """The setting of each left picture."""
        return self.pictures.settings[self.left]

    @property
    def right_setting(self) -> Codes:
        """The setting of each right picture."""
        return self.pictures.settings[self.right]

    @property
    def prompt(self) -> Codes:
        """The prompt of each pair."""
        return self.pictures.prompts[self.left]

    @property
    def seed(self) -> Codes:
        """The seed of each pair."""
        return self.pictures.seeds[self.left]

    def without(self, positions: Codes | Sequence[int]) -> CountedVotes:
        """The others."""
        stay = np.ones(len(self), dtype=bool)
        stay[positions] = False
        return self._those(stay)

    def first_of_each_pair(self) -> CountedVotes:
        """The first vote of each rater on each pair: a repeated pair does not count again."""
        return self._those(~self.is_repeat())

    def is_repeat(self) -> np.ndarray:
        """Whether the rater had voted on the same two pictures before."""
        seen: set[tuple[int, int, int]] = set()
        repeats = []
        for at in range(len(self)):
            low, high = sorted((int(self.left[at]), int(self.right[at])))
            pair = (int(self.rater[at]), low, high)
            repeats.append(pair in seen)
            seen.add(pair)
        return np.array(repeats, dtype=bool)

    def _those(self, chosen: np.ndarray) -> CountedVotes:
        return CountedVotes(
            self.pictures,
            self.raters,
            self.left[chosen],
            self.right[chosen],
            self.outcome[chosen],
            self.rater[chosen],
        )


def counted_votes(pictures: RatedPictures, votes: Iterable[Vote]) -> CountedVotes:
    """The votes that say something of these pictures, in their order.

    Skipped pairs are left out, and so are those with a picture that the sweep no longer has or that
    differ in prompt or seed.
    """
    positions = {key: position for position, key in enumerate(pictures.keys)}
    rows = []
    raters: dict[str, int] = {}
    for vote in votes:
        left, right = positions.get(vote.pair.left), positions.get(vote.pair.right)
        if vote.choice not in OUTCOMES or left is None or right is None:
            continue
        if _is_matched(pictures, left, right):
            rater = raters.setdefault(vote.pair.rater, len(raters))
            rows.append((left, right, OUTCOMES[vote.choice], rater))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return CountedVotes(pictures, tuple(raters), *columns)


def _is_matched(pictures: RatedPictures, left: int, right: int) -> bool:
    is_same_prompt = pictures.prompts[left] == pictures.prompts[right]
    is_same_seed = pictures.seeds[left] == pictures.seeds[right]
    return bool(
        is_same_prompt and is_same_seed and pictures.settings[left] != pictures.settings[right]
    )
