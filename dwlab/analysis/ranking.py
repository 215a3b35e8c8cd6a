"""Which settings are good enough, how sure that is, and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from .._util.counted import counted
from ..errors import InvalidInput
from .metric_columns import numbers, seconds_column
from .price import rows_per_picture
from .quality import facts_of, is_higher_better, possible_difference
from .rivals import Deficit, adjusted_means, deficits
from .setting_grid import (
    FIXED,
    SAMPLED,
    SettingGrid,
    check_target,
    setting_grid,
    setting_label,
    typical_jump,
)
from .statistics_text import caveats, interval_text, number_text, share_text

if TYPE_CHECKING:
    import pandas as pd

    from .margins import Floats
    from .precision import More

MARGIN = 0.03
ROWS = "rows"
SECONDS = "seconds"
# axes along which a row of the denoiser costs more or less
COST_OF_A_ROW = frozenset(
    {
        "model",
        "width",
        "height",
        "dtype",
        "quantisation",
        "config",
        "variant",
        "components",
        "vae",
        "control",
        "ip_adapter",
        "refiner",
        "accelerate",
        "loras",
    }
)


class Verdict(StrEnum):
    """What the pairs show of a setting."""

    WITHIN = "within the margin"
    BEYOND = "beyond the margin"
    OPEN = "open"


@dataclass(frozen=True)
class Standing:
    """How a setting stands.

    setting: like `steps 8, guidance 4`. ties: the same with all settings that are equally good and
    cost the same: `steps 8, scheduler DDIM or Euler`. mean: of the metric, as if it had been tried
    with all prompts and seeds. behind: how far it is behind the best mean, in pairs. low, high: the
    95% interval of how far it is behind the best, whichever that is (low at 98%, see `deficits`);
    high is infinite if that cannot be told. pairs: with the setting that decides about it. rows: of
    the denoiser per picture. seconds: per picture. Both are NaN if not known. more: how many seeds
    or prompts would settle an open verdict.
    """

    setting: str
    ties: str
    mean: float
    behind: float
    low: float
    high: float
    pairs: int
    rows: float
    seconds: float
    price: float
    verdict: Verdict
    more: More | None


@dataclass(frozen=True)
class Ranking:
    """Settings from the best mean to the worst; of equal means the cheaper one comes first.

    unit: what decides which one is cheaper. It is `rows`, or `seconds` if a row does not cost the
    same for all, because models, sizes or the like differ.
    """

    metric: str
    unit: str
    margin: float
    target: str
    prompts: int
    seeds: int
    standings: tuple[Standing, ...]

    @property
    def cheapest(self) -> Standing | None:
        """The setting with the lowest price of those shown to be within the margin, if any is."""
        within = [each for each in self.standings if each.verdict is Verdict.WITHIN]
        return min(within, key=_price, default=None)

    @property
    def sentence(self) -> str:
        """The answer in words."""
        parts = [self._answer(), self._open(), *caveats(self.prompts, self.seeds)]
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.sentence

    def table(self) -> pd.DataFrame:
        """The ranking as a table, one row per setting."""
        import pandas as pd

        rows = [vars(standing) for standing in self.standings]
        table = pd.DataFrame(rows)
        table["verdict"] = [str(standing.verdict) for standing in self.standings]
        table["more"] = ["" if row["more"] is None else str(row["more"]) for row in rows]
        return table

    def _answer(self) -> str:
        goal = f"within {number_text(self.margin)} of the best {self.metric}"
        chosen = self.cheapest
        if chosen is None:
            return f"No setting is shown to be {goal} for {self.target}."
        facts = (
            f"{counted(chosen.pairs, 'pair')}, 95% interval for {self.target}; behind the best by "
            f"{number_text(chosen.behind)} {interval_text(chosen.low, chosen.high)}"
            f"{self._cost(chosen)}"
        )
        return f"Cheapest setting shown to be {goal}: {chosen.ties} ({facts})."

    def _cost(self, standing: Standing) -> str:
        """What a setting costs, beside the one with the best mean."""
        if math.isnan(standing.price):
            return ""
        if self.unit == ROWS:
            cost = f"; {counted(round(standing.price), 'denoiser row')}"
        else:
            cost = f"; {standing.price:.3g} s per picture"
        best = self.standings[0]
        if standing.price < best.price:
            cost += f", {share_text(standing.price / best.price)} of the cost of the best"
        return cost

    def _open(self) -> str:
        """The cheaper setting that looks best of those that are open, and what would tell."""
        chosen = self.cheapest
        limit = math.inf if chosen is None else _price(chosen)
        hopeful = [each for each in self.standings if each.behind <= self.margin]
        hopeful = [
            each for each in hopeful if each.verdict is Verdict.OPEN and _price(each) < limit
        ]
        if not hopeful:
            return ""
        first = min(hopeful, key=lambda each: (each.behind, _price(each)))
        needed = f"; to tell, it would take {first.more}" if first.more else ""
        return f"Still open: {first.ties}{needed}."


def best(
    table: pd.DataFrame, metric: str, *, margin: float | None = None, target: str = SAMPLED
) -> Ranking:
    """Rank settings, and name the cheapest that is shown to be within a margin of the best.

    table: as `dwlab table` or `Results.table` give it; cells may be missing. A setting is how
    pictures are made (steps, guidance, scheduler and so on); prompts and seeds are not ranked.
    margin: how far behind the best is still good enough, in units of the metric; None for the one
    that the metric names, otherwise 0.03. It is shown if the
    whole 95% interval of how far it is behind every other setting is within the margin; what is not
    shown stays open, however small the difference looks. target: "prompts like these" or "these
    prompts". Raises InvalidInput for an unknown metric, a margin that is not above 0, or a table in
    which no setting varies.
    """
    check_target(target)
    if margin is None:
        margin = facts_of(table, metric).margin or MARGIN
    if not margin > 0 or math.isinf(margin):
        raise InvalidInput("margin", margin, "a number above 0")
    grid = setting_grid(table, metric)
    if len(grid.codes) < 2:
        raise InvalidInput("table", f"{len(table)} rows", "a sweep of which some setting varies")
    rows = grid.mean_by_setting(rows_per_picture(table))
    means = adjusted_means(grid.values)
    sign = 1 if is_higher_better(table, metric) else -1
    seconds = _seconds(table, grid)
    unit = _unit(grid, seconds)
    prices = rows if unit == ROWS else seconds
    order = _order(sign * means, prices)
    results = deficits(
        sign * grid.values,
        order[0],
        margin,
        prompts_vary=target == SAMPLED,
        jump=typical_jump(grid.values),
    )
    ties = _ties(results, prices)
    standings = []
    for at in order:
        deficit = results[at]
        standing = Standing(
            setting=grid.label(at),
            ties=setting_label(grid.axes, [grid.codes[other] for other in ties[at]]),
            mean=float(means[at]),
            behind=deficit.behind,
            low=possible_difference(table, metric, deficit.low),
            high=possible_difference(table, metric, deficit.high),
            pairs=deficit.pairs,
            rows=float(rows[at]),
            seconds=float(seconds[at]),
            price=float(prices[at]),
            verdict=_verdict(deficit, margin),
            more=deficit.more,
        )
        standings.append(standing)
    return Ranking(
        metric=metric,
        unit=unit,
        margin=margin,
        target=target if grid.prompts > 1 else FIXED,
        prompts=grid.prompts,
        seeds=grid.seeds,
        standings=tuple(standings),
    )


def usual_margin(table: pd.DataFrame, metric: str) -> float:
    """The margin where nobody names one.

    It is the metric's own if it has one, 0.03 for a metric from 0 to 1, otherwise 3% of its range.
    """
    own = facts_of(table, metric).margin
    if own is not None:
        return own
    values = numbers(table, metric).dropna()
    if values.empty or (values.min() >= 0 and values.max() <= 1):
        return MARGIN
    span = float(values.max() - values.min())
    return MARGIN * span if span > 0 else MARGIN


def _order(means: Floats, prices: Floats) -> list[int]:
    """The settings from the best mean to the worst, cheaper ones first if means are equal."""
    rounded = np.round(means, 9)  # sums of the same numbers in another order differ a little
    return [int(at) for at in np.lexsort((prices, -rounded))]


def _seconds(table: pd.DataFrame, grid: SettingGrid) -> Floats:
    column = seconds_column(table)
    if column is None:
        return np.full(len(grid.codes), np.nan)
    return grid.mean_by_setting(numbers(table, column))


def _unit(grid: SettingGrid, seconds: Floats) -> str:
    """Whether rows of the denoiser or seconds say what is cheaper."""
    names = {name.partition(".")[0] for axis in grid.axes for name in axis.names}
    is_timed = bool(np.isfinite(seconds).all())
    return SECONDS if names & COST_OF_A_ROW and is_timed else ROWS


def _ties(results: list[Deficit], prices: Floats) -> list[list[int]]:
    """For each setting those that are as far behind the best, as surely, and cost the same."""
    groups: dict[tuple[float, ...], list[int]] = {}
    keys = []
    for at, deficit in enumerate(results):
        numbers_of_setting = (deficit.behind, deficit.high, float(np.nan_to_num(prices[at])))
        key = tuple(round(number, 9) for number in numbers_of_setting)
        groups.setdefault(key, []).append(at)
        keys.append(key)
    return [groups[key] for key in keys]


def _verdict(deficit: Deficit, margin: float) -> Verdict:
    if deficit.high <= margin:
        return Verdict.WITHIN
    return Verdict.BEYOND if deficit.low > margin else Verdict.OPEN


def _price(standing: Standing) -> float:
    """What decides which setting is cheaper; one of an unknown price is never the cheapest."""
    return math.inf if math.isnan(standing.price) else standing.price
