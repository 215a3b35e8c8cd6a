"""Tables of which every cell is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...analysis.price import rows_per_picture
from ...analysis.ranking import MARGIN
from ...errors import InvalidInput
from ...searching.strategy import NOISE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...analysis.margins import Floats

    Value = int | float | str
    # the values of the axes, like {"steps": 5, "guidance": 3.0}
    Setting = Mapping[str, Value]

CONTENT = ("prompt", "seed")
AXES = ("steps", "guidance", "scheduler")


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """A metric of all settings, prompts and seeds; higher is better.

    values: (settings, prompts, seeds). truth: of each setting, what a search should find out.
    prices: rows of the denoiser per picture of each setting. bound: the best possible value.
    grid_rows: what the whole grid of the search takes, of which the costs are told as shares.
    """

    metric: str
    settings: tuple[Setting, ...]
    prices: tuple[float, ...]
    values: Floats
    truth: Floats
    margin: float
    bound: float | None
    grid_rows: float

    @property
    def is_good(self) -> np.ndarray:
        """Which settings are within the margin of the best."""
        good: np.ndarray = self.truth >= self.truth.max() - self.margin - NOISE
        return good

    @property
    def lowest_good_price(self) -> float:
        """What the cheapest of them costs."""
        return float(np.array(self.prices)[self.is_good].min())


@dataclass(frozen=True)
class Question:
    """Which setting is good enough by a metric. bound: None if the search should not know one."""

    metric: str
    margin: float
    bound: float | None = None


# 1.5 is 3% of the range of clip_score in this table, 0.1 of that of sharpness. Brightness is a
# made-up aim: seeds move it ten times as much as settings do.
QUESTIONS = (
    Question("adherence", MARGIN, 1.0),
    Question("clip_score", 1.5),
    Question("sharpness", 0.1),
    Question("brightness", 0.01),
)


def read_table(path: Path, question: Question) -> ScoreTable:
    """The table of a CSV that `dwlab table` wrote; its truth is its means.

    Raises InvalidInput if columns or cells are missing.
    """
    import pandas as pd

    rows = pd.read_csv(path, encoding="utf-8-sig")
    needed = [*CONTENT, *AXES, question.metric]
    absent = [name for name in needed if name not in rows.columns]
    if absent:
        raise InvalidInput("table", ", ".join(absent), f"a table with the columns {needed}")
    rows["rows"] = rows_per_picture(rows)
    wide = rows.pivot_table(index=list(AXES), columns=list(CONTENT), values=question.metric)
    prompts = rows["prompt"].nunique()
    if wide.isna().any(axis=None) or wide.shape[1] % prompts:
        raise InvalidInput("table", str(path), "a table without missing cells")
    values = wide.to_numpy().reshape(len(wide), prompts, -1)
    prices = rows.groupby(list(AXES))["rows"].first().reindex(wide.index)
    return ScoreTable(
        metric=question.metric,
        settings=tuple(dict(zip(AXES, setting, strict=True)) for setting in wide.index),
        prices=tuple(prices.to_numpy(dtype=float)),
        values=values,
        truth=values.mean(axis=(1, 2)),
        margin=question.margin,
        bound=question.bound,
        grid_rows=float(prices.sum()) * prompts * values.shape[2],
    )


def resampled(table: ScoreTable, rng: np.random.Generator) -> ScoreTable:
    """Another table that might have come out, of the same size; its truth is its means."""
    values = _drawn(table, rng, table.values.shape[2])[0]
    return _with_values(table, values, values.mean(axis=(1, 2)))


def world(table: ScoreTable, rng: np.random.Generator, seeds: int) -> ScoreTable:
    """A table with so many seeds, whose truth holds for its prompts with any seeds."""
    values, truth = _drawn(table, rng, seeds)
    return _with_values(table, values, truth)


def _drawn(table: ScoreTable, rng: np.random.Generator, seeds: int) -> tuple[Floats, Floats]:
    """Values and their expectation: prompts and seeds are drawn with replacement.

    Half of the cells are of another seed, drawn for each alone, so that settings with equal
    pictures differ too.
    """
    settings, prompts, known_seeds = table.values.shape
    of_prompts = table.values[:, rng.integers(0, prompts, prompts)]
    shape = (settings, prompts, seeds)
    shared = np.broadcast_to(rng.integers(0, known_seeds, seeds), shape)
    alone = rng.integers(0, known_seeds, shape)
    sources = np.where(rng.random(shape) < 0.5, alone, shared)
    values = np.take_along_axis(of_prompts, sources, axis=2)
    return values, of_prompts.mean(axis=(1, 2))


def _with_values(table: ScoreTable, values: Floats, truth: Floats) -> ScoreTable:
    return ScoreTable(
        metric=table.metric,
        settings=table.settings,
        prices=table.prices,
        values=values,
        truth=truth,
        margin=table.margin,
        bound=table.bound,
        grid_rows=table.grid_rows,
    )
