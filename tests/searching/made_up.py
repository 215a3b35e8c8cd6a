"""Made-up problems whose best settings are known."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from dwlab.searching.problem import Problem, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dwlab.searching.problem import Draw

PROMPTS = ("a circle", "a star", "a heart", "a ring")
# the fourth of six is the cheapest that is as good as any
MEANS = (0.5, 0.6, 0.7, 0.98, 0.98, 0.99)
PRICES = (2.0, 4.0, 4.0, 10.0, 20.0, 50.0)
CHEAPEST_GOOD = 3


def problem(*, seeds: int = 6, held_out: int = 0, **options: object) -> Problem:
    """Six settings, with so many seeds to search with and so many held out."""
    return Problem(
        prices=options.pop("prices", PRICES),
        instances=spread(PROMPTS, range(seeds)),
        held_out=spread(PROMPTS, range(seeds, seeds + held_out)),
        **options,
    )


def maker(noise: float, means: Sequence[float] = MEANS) -> Callable[[Sequence[Draw]], list[float]]:
    """Makes values that are the same for the same draw, as pictures are."""

    def make(draws: Sequence[Draw]) -> list[float]:
        return [_value(draw, noise, means) for draw in draws]

    return make


def _value(draw: Draw, noise: float, means: Sequence[float]) -> float:
    chance = random.Random(1000 * draw.setting + draw.instance)
    return min(1.0, means[draw.setting] + chance.gauss(0, noise))


def failing(setting: int | None, noise: float) -> Callable[[Sequence[Draw]], list[float | None]]:
    """Like `maker`, but pictures of a setting, or all, have no value."""
    make = maker(noise)

    def fail(draws: Sequence[Draw]) -> list[float | None]:
        values: list[float | None] = list(make(draws))
        for at, draw in enumerate(draws):
            if setting is None or draw.setting == setting:
                values[at] = None
        return values

    return fail
