"""The variances of prompts, seeds and the rest behind a mean of paired differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Margins:
    """How many pairs are behind each of n means.

    pairs, prompts, seeds: (n,), those that have a pair. by_prompt: (n, prompts) pairs of each
    prompt. by_seed: (n, seeds).
    """

    pairs: Floats
    prompts: Floats
    seeds: Floats
    by_prompt: Floats
    by_seed: Floats

    @staticmethod
    def of(differences: Floats) -> Margins:
        """The margins of differences of shape (n, prompts, seeds), NaN where there is no pair."""
        is_pair = ~np.isnan(differences)
        by_prompt = is_pair.sum(axis=2).astype(float)
        by_seed = is_pair.sum(axis=1).astype(float)
        return Margins(
            pairs=by_prompt.sum(axis=1),
            prompts=(by_prompt > 0).sum(axis=1).astype(float),
            seeds=(by_seed > 0).sum(axis=1).astype(float),
            by_prompt=by_prompt,
            by_seed=by_seed,
        )

    def mean_of(self, differences: Floats) -> Floats:
        """The mean over all pairs; NaN without any."""
        with np.errstate(invalid="ignore"):
            return np.nansum(differences, axis=(1, 2)) / self.pairs

    @property
    def prompt_share(self) -> Floats:
        """What a prompt's variance adds to that of the mean: 1 / prompts if none lacks a pair."""
        return _share(self.by_prompt, self.pairs)

    @property
    def seed_share(self) -> Floats:
        """What a seed's variance adds to that of the mean: 1 / seeds if none lacks a pair."""
        return _share(self.by_seed, self.pairs)


def _share(counts: Floats, pairs: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(counts**2, axis=1) / pairs**2


@dataclass(frozen=True, eq=False)
class Components:
    """Variances between prompts, between seeds, and of what is left, and what they make together.

    variance: of the mean, NaN if it cannot be known. degrees: of freedom (Satterthwaite 1946). All
    of shape (n,).
    """

    prompt: Floats
    seed: Floats
    rest: Floats
    variance: Floats
    degrees: Floats


def components_of(deviations: Floats, margins: Margins, *, prompts_vary: bool) -> Components:
    """The variances by Henderson's method I (Searle, Casella & McCulloch 1992, chapter 5).

    Without missing pairs these are the mean squares of a two-way analysis of variance. Negative
    estimates count as 0. deviations: (n, prompts, seeds), differences minus their mean.
    """
    squares = _Squares.of(deviations, margins)
    crossed = _crossed(squares, margins, prompts_vary=prompts_vary)
    plain = _one_way(squares, margins, prompts_vary=prompts_vary)
    is_crossed = (margins.prompts > 1) & (margins.seeds > 1)
    columns = zip(crossed, plain, strict=True)
    return Components(*(np.where(is_crossed, *pair) for pair in columns))


@dataclass(frozen=True, eq=False)
class _Squares:
    """Sums of squares: of prompts' means, of seeds' means, and of all pairs."""

    prompts: Floats
    seeds: Floats
    total: Floats

    @staticmethod
    def of(deviations: Floats, margins: Margins) -> _Squares:
        filled = np.nan_to_num(deviations)
        by_prompt = filled.sum(axis=2) ** 2 / np.maximum(margins.by_prompt, 1)
        by_seed = filled.sum(axis=1) ** 2 / np.maximum(margins.by_seed, 1)
        return _Squares(
            prompts=by_prompt.sum(axis=1),
            seeds=by_seed.sum(axis=1),
            total=np.sum(filled**2, axis=(1, 2)),
        )


def _one_way(
    squares: _Squares, margins: Margins, *, prompts_vary: bool
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """With one seed or one prompt: all pairs are independent.

    One seed says nothing of how these prompts alone would vary.
    """
    known = margins.pairs > 1
    if not prompts_vary:
        known &= margins.prompts == 1
    degrees = np.where(known, margins.pairs - 1, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = squares.total / degrees
        variance = rest / margins.pairs
    nothing = np.zeros_like(rest)
    return nothing, nothing, rest, variance, degrees


def _crossed(
    squares: _Squares, margins: Margins, *, prompts_vary: bool
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """With several prompts and seeds."""
    prompt, seed, rest = _solved(squares, margins)
    free = _free(margins)
    by_rest = rest / np.maximum(margins.pairs, 1)
    by_prompt = np.where(prompt > 0, prompt * margins.prompt_share + by_rest, 0.0)
    by_seed = np.where(seed > 0, seed * margins.seed_share + by_rest, 0.0)
    if not prompts_vary:
        by_prompt = np.zeros_like(by_prompt)
    # each part that is there brings the rest along; it counts once
    left = by_rest * (1 - (by_prompt > 0) - (by_seed > 0))
    variance = by_prompt + by_seed + left
    with np.errstate(divide="ignore", invalid="ignore"):
        uncertainty = (
            by_prompt**2 / (margins.prompts - 1) + by_seed**2 / (margins.seeds - 1) + left**2 / free
        )
        degrees = variance**2 / uncertainty
    degrees = np.where(uncertainty > 0, np.clip(degrees, 1.0, None), free)
    return prompt, seed, rest, variance, degrees


def _free(margins: Margins) -> Floats:
    """Degrees of freedom of what prompts and seeds leave."""
    return np.maximum(margins.pairs - margins.prompts - margins.seeds + 1, 1.0)


def _solved(squares: _Squares, margins: Margins) -> tuple[Floats, Floats, Floats]:
    """The three variances that the sums of squares are expected to come from; never negative."""
    between_prompts, between_seeds = squares.prompts, squares.seeds
    left = squares.total - between_prompts - between_seeds
    pairs, prompts, seeds = margins.pairs, margins.prompts, margins.seeds
    heavy_prompts = margins.prompt_share * pairs
    heavy_seeds = margins.seed_share * pairs
    expected = np.array(
        [
            [pairs - heavy_prompts, prompts - heavy_seeds, prompts - 1],
            [seeds - heavy_prompts, pairs - heavy_seeds, seeds - 1],
            [heavy_prompts - seeds, heavy_seeds - prompts, pairs - prompts - seeds + 1],
        ]
    ).transpose(2, 0, 1)
    sums = np.stack([between_prompts, between_seeds, left], axis=1)[:, :, None]
    solution = np.full((len(pairs), 3), np.nan)
    # too sparse to tell the three apart: counted with prompts and with seeds
    is_dense = (prompts > 1) & (seeds > 1) & (pairs - prompts - seeds + 1 > 0)
    solution[is_dense] = np.linalg.solve(expected[is_dense], sums[is_dense])[:, :, 0]
    sparse = ~is_dense
    with np.errstate(divide="ignore", invalid="ignore"):
        solution[sparse, 0] = (between_prompts / (prompts - 1))[sparse]
        solution[sparse, 1] = (between_seeds / (seeds - 1))[sparse]
    solution[sparse, 2] = 0.0
    solution = np.maximum(solution, 0.0)
    return solution[:, 0], solution[:, 1], solution[:, 2]
