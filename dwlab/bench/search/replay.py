"""One search on a table of which every cell is known."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...analysis.setting_grid import FIXED
from ...searching.problem import Instance, Problem, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...analysis.margins import Floats
    from ...searching.problem import Draw
    from ...searching.scores import Scores
    from .tables import ScoreTable


@dataclass(frozen=True, eq=False)
class Replay:
    """A problem in a random order of settings and instances, and the values that it has.

    order: the setting of the table behind each of the problem. values: (settings, instances).
    """

    table: ScoreTable
    problem: Problem
    order: tuple[int, ...]
    values: Floats

    def make(self, draws: Sequence[Draw]) -> list[float]:
        """The values of pictures, as if they were made now."""
        return [float(self.values[draw]) for draw in draws]


@dataclass(frozen=True)
class Outcome:
    """How a search went.

    is_within: whether it chose a setting within the margin of the best. is_right: whether there is
    no cheaper one. share: of the rows of the whole grid that it took. is_shown: whether it says
    that this is shown.
    """

    is_right: bool
    is_within: bool
    share: float
    pictures: int
    is_shown: bool = False


def replay_of(table: ScoreTable, seed: int, *, balanced: bool = True, held_out: int = 0) -> Replay:
    """A problem on a table in a random order.

    balanced: whether each round over the prompts has all of them, or instances come at random.
    held_out: seeds that are kept for the claim, which is for these prompts.
    """
    rng = random.Random(seed)  # noqa: S311  # no secret
    _, prompts, seeds = table.values.shape
    names = [str(prompt) for prompt in range(prompts)]
    searched = range(seeds - held_out)
    instances = list(spread(names, searched, rng))
    if not balanced:
        rng.shuffle(instances)
    kept = spread(names, range(seeds - held_out, seeds))
    order = list(range(len(table.prices)))
    rng.shuffle(order)
    problem = Problem(
        prices=tuple(table.prices[setting] for setting in order),
        instances=tuple(instances),
        held_out=kept,
        bound=table.bound,
        margin=table.margin,
        target=FIXED,
    )
    return Replay(table, problem, tuple(order), _values(table, order, problem.every_instance))


def outcome(replay: Replay, chosen: int | None, scores: Scores, *, is_shown: bool) -> Outcome:
    """How a search went that chose this setting of the problem."""
    table = replay.table
    share = scores.rows / table.grid_rows
    if chosen is None:
        return Outcome(False, False, share, scores.pictures, is_shown)
    is_within = bool(table.is_good[replay.order[chosen]])
    is_cheapest = replay.problem.prices[chosen] <= table.lowest_good_price
    return Outcome(is_within and is_cheapest, is_within, share, scores.pictures, is_shown)


def _values(table: ScoreTable, order: Sequence[int], instances: Sequence[Instance]) -> Floats:
    prompts = [int(instance.prompt) for instance in instances]
    seeds = [instance.seed for instance in instances]
    values: Floats = table.values[np.array(order)][:, prompts, seeds]
    return values
