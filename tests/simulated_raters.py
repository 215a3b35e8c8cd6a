"""Sweeps without pictures, and raters whose taste is known."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dwlab.store.vote import Choice, Pair, Vote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dwlab.analysis.rated_pictures import RatedPictures


def rated_table(settings: int, prompts: int, seeds: int) -> pd.DataFrame:
    """A table as a sweep over steps leaves it, of which every picture is another one."""
    steps = [2 * (at + 1) for at in range(settings)]
    words = [f"prompt {number}" for number in range(prompts)]
    rows = list(itertools.product(steps, words, range(seeds)))
    table = pd.DataFrame(rows, columns=["steps", "prompt", "seed"])
    table["key"] = [f"{number:064x}" for number in range(len(rows))]
    table["image"] = table["pixels"] = table["key"]
    table["status"] = "ok"
    axes = {"steps": steps, "prompt": words, "seed": list(range(seeds))}
    table.attrs["axes"] = {name: list(each) for name, each in axes.items() if len(each) > 1}
    return table


@dataclass(frozen=True, eq=False)
class Rater:
    """Somebody who sees the strength of each picture with logistic noise.

    strengths: of each setting for each prompt, in log odds. ties: half the distance within which
    two pictures look equally good. left: log odds that the left one is favoured by.
    """

    strengths: np.ndarray
    ties: float = 0.4
    left: float = 0.0
    name: str = "ada"

    def choice(self, setting: int, other: int, prompt: int, rng: np.random.Generator) -> Choice:
        """Which of two is liked better; the first stands on the left."""
        distance = self.strengths[setting, prompt] - self.strengths[other, prompt] + self.left
        seen = distance + rng.logistic()
        if abs(seen) < self.ties:
            return Choice.TIE
        return Choice.LEFT if seen > 0 else Choice.RIGHT


def vote_on(
    pictures: RatedPictures,
    pairs: Sequence[tuple[int, int]],
    rater: Rater,
    rng: np.random.Generator,
) -> list[Vote]:
    """A rater's votes on pairs of pictures, as positions."""
    votes = []
    for number, (left, right) in enumerate(pairs):
        choice = rater.choice(
            int(pictures.settings[left]),
            int(pictures.settings[right]),
            int(pictures.prompts[left]),
            rng,
        )
        votes.append(vote(pictures, left, right, choice, rater.name, number))
    return votes


def vote(
    pictures: RatedPictures,
    left: int,
    right: int,
    choice: Choice,
    rater: str = "ada",
    number: int = 0,
) -> Vote:
    """One vote on two pictures, as positions."""
    pair = Pair(
        id=f"{rater}-{number}",
        experiment="sweep",
        rater=rater,
        number=number,
        left=pictures.keys[left],
        right=pictures.keys[right],
    )
    return Vote(pair, choice, "2026-01-01T00:00:00.000+00:00")


def random_pairs(
    pictures: RatedPictures, many: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Pairs of any two settings for any prompt and seed."""
    pairs = []
    while len(pairs) < many:
        left = int(rng.integers(len(pictures.keys)))
        matched = (pictures.prompts == pictures.prompts[left]) & (
            pictures.seeds == pictures.seeds[left]
        )
        others = np.flatnonzero(matched & (pictures.settings != pictures.settings[left]))
        pairs.append((left, int(rng.choice(others))))
    return pairs
