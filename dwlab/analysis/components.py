"""The variances of prompts, seeds and the rest in paired differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .margins import Floats, Margins


@dataclass(frozen=True, eq=False)
class Components:
    """Variances between prompts, between seeds, and of what is left, each of shape (n,).

    With one prompt or one seed nothing tells the three apart, and all is in `rest`.
    """

    prompt: Floats
    seed: Floats
    rest: Floats


def components_of(deviations: Floats, margins: Margins) -> Components:
    """The variances by Henderson's method I (Searle, Casella & McCulloch 1992, chapter 5).

    Without missing pairs they come from the mean squares of a two-way analysis of variance.
    Negative estimates count as 0. deviations: (n, prompts, seeds), differences minus their mean.
    """
    filled = np.nan_to_num(deviations)
    is_pair = ~np.isnan(deviations)
    total = np.sum(filled**2, axis=(1, 2))
    by_prompt = _between(filled, is_pair, axis=2)
    by_seed = _between(filled, is_pair, axis=1)
    sums = np.stack([by_prompt, by_seed, total - by_prompt - by_seed], axis=1)
    is_dense = margins.crossed & (margins.pairs - margins.prompts - margins.seeds + 1 > 0)
    estimates = _too_sparse(sums, margins)
    estimates[is_dense] = _solved(sums[is_dense], _expected(margins)[is_dense])
    plain = total / np.maximum(margins.pairs - 1, 1)
    crossed = margins.crossed
    return Components(
        prompt=np.where(crossed, estimates[:, 0], 0.0),
        seed=np.where(crossed, estimates[:, 1], 0.0),
        rest=np.where(crossed, estimates[:, 2], plain),
    )


def _between(filled: Floats, is_pair: np.ndarray, axis: int) -> Floats:
    """The sum of squares between prompts (axis 2) or between seeds (axis 1)."""
    counts = np.maximum(is_pair.sum(axis=axis), 1)
    squares: Floats = np.sum(filled.sum(axis=axis) ** 2 / counts, axis=1)
    return squares


def _expected(margins: Margins) -> Floats:
    """What each variance adds to each sum of squares: (n, sums, variances)."""
    pairs, prompts, seeds = margins.pairs, margins.prompts, margins.seeds
    heavy_prompts = margins.prompt_share * pairs
    heavy_seeds = margins.seed_share * pairs
    rows = [
        [pairs - heavy_prompts, prompts - heavy_seeds, prompts - 1],
        [seeds - heavy_prompts, pairs - heavy_seeds, seeds - 1],
        [heavy_prompts - seeds, heavy_seeds - prompts, pairs - prompts - seeds + 1],
    ]
    return np.array(rows, dtype=np.float64).transpose(2, 0, 1)


def _solved(sums: Floats, expected: Floats) -> Floats:
    solution = np.linalg.solve(expected, sums[:, :, None])[:, :, 0]
    estimates: Floats = np.maximum(solution, 0.0)
    return estimates


def _too_sparse(sums: Floats, margins: Margins) -> Floats:
    """Where too few pairs tell the variances apart: all counts between prompts and between seeds.

    That is too much rather than too little.
    """
    prompt = sums[:, 0] / np.maximum(margins.prompts - 1, 1)
    seed = sums[:, 1] / np.maximum(margins.seeds - 1, 1)
    return np.stack([prompt, seed, np.zeros_like(prompt)], axis=1)
