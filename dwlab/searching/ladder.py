"""From the cheapest settings up, until one is near the best possible value of the metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from .strategy import FILL, NOISE, cheapest_within, instances_to_fill

if TYPE_CHECKING:
    from .problem import Draw
    from .scores import Scores


@dataclass(frozen=True)
class Ladder:
    """Tries one price after the other; for metrics with a bound.

    No setting is better than the bound, so the first that is within the margin of it is the
    cheapest good one, and dearer ones need not be tried. enough: on how many instances a setting
    must be within the margin on average. It is dropped as soon as perfect pictures on all others
    could not help it (curtailed sampling). fill: pictures per round at least, where a price has so
    many left.
    """

    enough: int = 24
    fill: int = FILL

    def next_round(self, scores: Scores) -> list[Draw]:
        """The next pictures of the cheapest price that is not decided."""
        if scores.problem.bound is None:
            raise InvalidInput("search", "ladder", "halving or racing: the metric has no bound")
        for tier in scores.problem.tiers():
            draws, accepted = self._climb(scores, tier)
            if draws or accepted:
                return draws
        return []

    def choice(self, scores: Scores) -> int | None:
        """The setting that is near the bound, otherwise the cheapest within the margin of the best."""
        for tier in scores.problem.tiers():
            _, accepted = self._climb(scores, tier)
            if accepted:
                return min(accepted, key=lambda setting: self._loss(scores, setting))
        tried = [at for at in scores.problem.settings if scores.is_made[at].any()]
        return cheapest_within(scores, tried, scores.problem.search_columns)

    def _climb(self, scores: Scores, tier: list[int]) -> tuple[list[Draw], list[int]]:
        """The pictures that a tier still needs, and its settings that are near the bound."""
        columns = scores.problem.search_columns[: self.enough]
        alive = tier
        used = 0
        while alive and used < len(columns):
            used = min(len(columns), used + instances_to_fill(len(alive), self.fill))
            draws = scores.missing(alive, columns[:used])
            if draws:
                return draws, []
            limit = scores.problem.margin * len(columns) + NOISE
            alive = [setting for setting in alive if self._loss(scores, setting) <= limit]
        return [], alive

    def _loss(self, scores: Scores, setting: int) -> float:
        """The sum of what a setting lost against the bound; a picture without a value lost all."""
        columns = scores.problem.search_columns[: self.enough]
        losses = scores.best_possible - scores.values[setting, columns]
        failed = scores.is_made[setting, columns] & np.isnan(losses)
        return float(np.inf if failed.any() else np.nansum(losses))
