"""How many pairs, prompts and seeds are behind a mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Margins:
    """What is behind each of n means; all arrays of shape (n,).

    pairs, prompts, seeds: how many there are. prompt_share, seed_share: what the variance of
    prompts and of seeds adds to that of the mean, 1 / prompts and 1 / seeds if no pair is missing.
    """

    pairs: Floats
    prompts: Floats
    seeds: Floats
    prompt_share: Floats
    seed_share: Floats

    @staticmethod
    def of(differences: Floats) -> Margins:
        """The margins of differences of shape (n, prompts, seeds), NaN where there is no pair."""
        is_pair = ~np.isnan(differences)
        by_prompt = is_pair.sum(axis=2).astype(float)
        by_seed = is_pair.sum(axis=1).astype(float)
        pairs = by_prompt.sum(axis=1)
        square = np.maximum(pairs, 1) ** 2
        return Margins(
            pairs=pairs,
            prompts=(by_prompt > 0).sum(axis=1).astype(float),
            seeds=(by_seed > 0).sum(axis=1).astype(float),
            prompt_share=np.sum(by_prompt**2, axis=1) / square,
            seed_share=np.sum(by_seed**2, axis=1) / square,
        )

    @staticmethod
    def complete(prompts: Floats, seeds: Floats) -> Margins:
        """The margins of so many prompts and seeds without a missing pair."""
        return Margins(prompts * seeds, prompts, seeds, 1 / prompts, 1 / seeds)

    @property
    def crossed(self) -> NDArray[np.bool_]:
        """Whether there are several prompts and several seeds."""
        return (self.prompts > 1) & (self.seeds > 1)

    @property
    def free(self) -> Floats:
        """Degrees of freedom of what prompts and seeds leave."""
        left = np.where(self.crossed, self.pairs - self.prompts - self.seeds + 1, self.pairs - 1)
        return np.maximum(left, 1.0)
