"""What is known of settings and instances so far."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.rivals import adjusted_means
from .problem import Draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ..analysis.margins import Floats
    from .problem import Problem


class Scores:
    """Settings x instances.

    values: of the metric, negative where lower is better, so that higher is better always; NaN for
    pictures that were not made or that have no value. is_made: which pictures were made, also those
    that failed, so that a search does not ask for them again.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        shape = (len(problem.prices), len(problem.every_instance))
        self.values: Floats = np.full(shape, np.nan)
        self.is_made: NDArray[np.bool_] = np.zeros(shape, dtype=bool)

    @property
    def best_possible(self) -> float:
        """The bound of the metric, where higher values are better; inf if it has none."""
        bound = self.problem.bound
        return np.inf if bound is None else self.problem.sign * bound

    def add(self, draw: Draw, value: float | None) -> None:
        """Note a picture's value of the metric; None or NaN if it has none."""
        self.is_made[draw] = True
        self.values[draw] = np.nan if value is None else self.problem.sign * value

    @property
    def pictures(self) -> int:
        """How many pictures were made."""
        return int(self.is_made.sum())

    @property
    def rows(self) -> float:
        """How many rows of the denoiser they took."""
        return float(self.is_made.sum(axis=1) @ np.array(self.problem.prices))

    def missing(self, settings: Iterable[int], instances: Sequence[int]) -> list[Draw]:
        """What of these settings and instances was not made, instance by instance."""
        pairs = np.array(sorted(settings), dtype=int)
        draws: list[Draw] = []
        for instance in instances:
            absent = pairs[~self.is_made[pairs, instance]]
            draws.extend(Draw(int(setting), instance) for setting in absent)
        return draws

    def means(self, settings: Sequence[int], instances: Sequence[int]) -> Floats:
        """The mean of each setting, as if it had a value on each of these instances.

        -inf for a setting without any value.
        """
        values = self.values[np.ix_(list(settings), list(instances))]
        has_values = ~np.isnan(values).all(axis=1)
        means = np.full(len(values), -np.inf)
        if has_values.any():
            means[has_values] = adjusted_means(values[has_values][:, :, None])
        return means

    def standard_error(self, settings: Sequence[int], instances: Sequence[int]) -> float:
        """That of the difference of two settings' means, if all differences vary alike.

        From what is left of the values without a part for each setting and one for each instance;
        with one instance, from the variation over settings.
        """
        values = self.values[np.ix_(list(settings), list(instances))]
        values = values[:, ~np.isnan(values).any(axis=0)]
        rows, columns = values.shape
        if columns == 0 or rows < 2:
            return 0.0
        left = values - values.mean(axis=0)
        if columns > 1:
            left = left - left.mean(axis=1, keepdims=True)
        variance = float((left**2).sum()) / ((rows - 1) * max(columns - 1, 1))
        return math.sqrt(2 * variance / columns)

    def crossed(self, by_instance: Floats, instances: Sequence[int]) -> Floats:
        """Values (n, instances) as (n, prompts, seeds), NaN where there is no such instance."""
        prompts, seeds = (places[list(instances)] for places in self.problem.places())
        grid = np.full((len(by_instance), prompts.max() + 1, seeds.max() + 1), np.nan)
        grid[:, prompts, seeds] = by_instance
        used_prompts = np.unique(prompts)
        used_seeds = np.unique(seeds)
        return grid[:, used_prompts][:, :, used_seeds]
