"""Sweeps with a known truth, many at a time: what intervals and rankings are tried on.

A design draws a metric of shape (sweeps, settings, prompts, seeds). Settings share the difficulty
of prompts and seeds; what is left differs by prompt, by seed and by picture, as in real sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

# standard deviations of a picture's metric, and what a setting does to prompts and to seeds
PICTURE, BY_PROMPT, BY_SEED = 0.05, 0.03, 0.015
LOGNORMAL = 0.8  # sigma: a skewness of 3.7
WORDS = 5  # that the adherence of `ceiling` counts
# in log odds, how prompts differ: all together, and with each setting
PROMPTS_DIFFER = {"ceiling": (1.0, 0.5), "confined": (2.0, 2.0)}


@dataclass(frozen=True)
class Design:
    """A kind of sweep.

    missing: share of cells. kind: normal, skewed, hard, rare, ceiling or confined.
    """

    name: str
    prompts: int
    seeds: int
    kind: str = "normal"
    missing: float = 0.0

    def draw(
        self, rng: np.random.Generator, sweeps: int, means: Sequence[float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Metrics and the true means: (sweeps, settings, prompts, seeds), (sweeps, settings).

        With one seed the truth is that of this seed, with one prompt that of this prompt.
        """
        shape = (sweeps, len(means), self.prompts, self.seeds)
        if self.kind in PROMPTS_DIFFER:
            values, truth = _ceiling(rng, shape, means, PROMPTS_DIFFER[self.kind])
        else:
            values, truth = _continuous(rng, shape, means, self.kind)
        values[rng.random(shape) < self.missing] = np.nan
        return values, truth


def _continuous(
    rng: np.random.Generator, shape: tuple[int, ...], means: Sequence[float], kind: str
) -> tuple[np.ndarray, np.ndarray]:
    draw = _lognormal if kind == "skewed" else _normal
    sweeps, settings, prompts, seeds = shape
    effect = np.asarray(means, dtype=float)[None, :, None, None]
    if kind == "hard":
        # hard prompts lose most: how much is exponential, with a mean of 1
        effect = effect * rng.exponential(1.0, (sweeps, 1, prompts, 1))
    if kind == "rare":
        # one prompt in ten makes all the difference
        effect = effect * 10 * (rng.random((sweeps, 1, prompts, 1)) < 0.1)
    by_prompt = BY_PROMPT * draw(rng, (sweeps, settings, prompts, 1))
    by_seed = BY_SEED * draw(rng, (sweeps, settings, 1, seeds))
    shared = 0.2 * _normal(rng, (sweeps, 1, prompts, 1)) + 0.05 * _normal(
        rng, (sweeps, 1, 1, seeds)
    )
    values = effect + by_prompt + by_seed + shared + PICTURE * draw(rng, shape)
    truth = np.broadcast_to(np.asarray(means, dtype=float), (sweeps, settings)).copy()
    if seeds == 1:
        truth += by_seed[:, :, 0, 0]
    if prompts == 1:
        truth += by_prompt[:, :, 0, 0]
    return values, truth


def _ceiling(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    means: Sequence[float],
    differ: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of 5 words that are right, nearly always all of them; `means` are log odds."""
    truth = [_drawn_shares(rng, (400_000, 1, 1, 1), [mean], differ).mean() for mean in means]
    values = _drawn_shares(rng, shape, means, differ)
    return values, np.broadcast_to(truth, shape[:2]).copy()


def _drawn_shares(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    means: Sequence[float],
    differ: tuple[float, float],
) -> np.ndarray:
    sweeps, settings, prompts, seeds = shape
    odds = np.asarray(means, dtype=float)[None, :, None, None]
    odds = odds + differ[0] * _normal(rng, (sweeps, 1, prompts, 1))
    odds = odds + 0.5 * _normal(rng, (sweeps, 1, prompts, seeds))
    odds = odds + differ[1] * _normal(rng, (sweeps, settings, prompts, 1))
    odds = odds + 0.1 * _normal(rng, (sweeps, settings, 1, seeds))
    return rng.binomial(WORDS, 1 / (1 + np.exp(-odds)), shape) / WORDS


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def _lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Mean 0, standard deviation 1, a long tail upwards."""
    mean = np.exp(LOGNORMAL**2 / 2)
    deviation = mean * np.sqrt(np.exp(LOGNORMAL**2) - 1)
    return (rng.lognormal(0.0, LOGNORMAL, shape) - mean) / deviation


CONFINED = (3, 6, 12, 24, 50)
DESIGNS = (
    *(Design("balanced", prompts, seeds) for prompts, seeds in ((3, 4), (4, 4), (6, 4), (12, 4))),
    *(Design("balanced", prompts, seeds) for prompts, seeds in ((6, 8), (24, 8), (50, 4))),
    Design("a quarter missing", 6, 4, missing=0.25),
    Design("a quarter missing", 12, 4, missing=0.25),
    Design("half missing", 24, 4, missing=0.5),
    *(Design("one seed", prompts, 1) for prompts in (3, 6, 12, 50)),
    Design("one prompt", 1, 8),
    *(Design("ties at a ceiling", prompts, 4, kind="ceiling") for prompts in (3, 6, 12, 24, 50)),
    *(Design("skewed", prompts, 4, kind="skewed") for prompts in (3, 6, 12, 24, 50)),
    *(Design("hard prompts lose most", prompts, 4, kind="hard") for prompts in (3, 6, 12, 50)),
    *(Design("one prompt in ten loses", prompts, 4, kind="rare") for prompts in (6, 12, 24, 50)),
    # where no interval can be right: few sweeps have a prompt that makes the difference
    *(Design("ceiling, confined to prompts", prompts, 4, kind="confined") for prompts in CONFINED),
)
