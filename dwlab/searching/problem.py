"""What a search looks for, and among what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..analysis.ranking import MARGIN
from ..analysis.setting_grid import SAMPLED, check_target
from ..errors import InvalidInput

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence


class Instance(NamedTuple):
    """What a picture is of: settings are compared on the same instances."""

    prompt: str
    seed: int


class Draw(NamedTuple):
    """A picture to make: the positions of its setting and of its instance."""

    setting: int
    instance: int


@dataclass(frozen=True)
class Problem:
    """The cheapest setting within a margin of the best is wanted.

    prices: of a picture of each setting, in rows of the denoiser. instances: to search with, in
    the order in which they are used. held_out: instances that only the final claim uses; they are
    counted on from `instances`. bound: the best possible value of the metric, None if it has none.
    margin: how far behind the best is still good enough, in units of the metric. target: whether
    the claim is for "prompts like these" or for "these prompts". Raises InvalidInput.
    """

    prices: tuple[float, ...]
    instances: tuple[Instance, ...]
    held_out: tuple[Instance, ...] = ()
    bound: float | None = None
    higher_is_better: bool = True
    margin: float = MARGIN
    target: str = SAMPLED

    def __post_init__(self) -> None:
        check_target(self.target)
        if len(self.prices) < 2:
            raise InvalidInput("settings", len(self.prices), "2 or more, to choose from")
        for price in self.prices:
            if not 0 < price < math.inf:
                raise InvalidInput("price", price, "a number above 0")
        if not self.instances:
            raise InvalidInput("instances", 0, "1 or more prompts and seeds to search with")
        every = self.every_instance
        if len(set(every)) < len(every):
            raise InvalidInput("instances", len(every), "each prompt and seed once")
        if not 0 < self.margin < math.inf:
            raise InvalidInput("margin", self.margin, "a number above 0")

    @property
    def settings(self) -> range:
        """The positions of all settings."""
        return range(len(self.prices))

    @property
    def every_instance(self) -> tuple[Instance, ...]:
        """The instances to search with, then those held out."""
        return self.instances + self.held_out

    @property
    def search_columns(self) -> range:
        """The positions of the instances to search with."""
        return range(len(self.instances))

    @property
    def held_out_columns(self) -> range:
        """The positions of the instances that are held out."""
        return range(len(self.instances), len(self.every_instance))

    @property
    def sign(self) -> int:
        """1 if higher values are better, -1 if lower ones are."""
        return 1 if self.higher_is_better else -1

    def tiers(self) -> list[list[int]]:
        """The settings by price, the cheapest first; those of one price are a tier."""
        return [
            [setting for setting in self.settings if self.prices[setting] == price]
            for price in sorted(set(self.prices))
        ]

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The positions of the prompt and of the seed of every instance."""
        prompts = _positions([instance.prompt for instance in self.every_instance])
        seeds = _positions([instance.seed for instance in self.every_instance])
        return prompts, seeds


def spread(
    prompts: Sequence[str], seeds: Sequence[int], shuffle: random.Random | None = None
) -> tuple[Instance, ...]:
    """All pairs of prompts and seeds, in an order that comes around to all of both evenly.

    Each round of as many instances as there are prompts has every prompt once, with different
    seeds. shuffle: puts prompts and seeds in a random order first.
    """
    prompts = list(prompts)
    seeds = list(seeds)
    if shuffle is not None:
        shuffle.shuffle(prompts)
        shuffle.shuffle(seeds)
    pairs = []
    for turn in range(len(seeds)):
        for place, prompt in enumerate(prompts):
            pairs.append(Instance(prompt, seeds[(turn + place) % len(seeds)]))
    return tuple(pairs)


def _positions(values: Sequence[str] | Sequence[int]) -> np.ndarray:
    known = {value: position for position, value in enumerate(dict.fromkeys(values))}
    return np.array([known[value] for value in values])
