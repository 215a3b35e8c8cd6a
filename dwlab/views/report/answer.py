"""The report's first words: which setting is good enough, how sure that is, and at what price."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..._util.checks import is_number
from ...analysis.metric_columns import metrics_of, numbers
from ...analysis.metric_taste import metric_taste
from ...analysis.quality import REMEDY, quality_of
from ...analysis.ranking import Ranking, Standing, best, usual_margin
from ...analysis.setting_grid import FIXED, SAMPLED, has_settings, setting_grid
from ...analysis.statistics_text import interval_text, number_text
from ...analysis.variance_shares import effects
from ...errors import InvalidInput
from ...runs.search_answer import SEARCH, SearchAnswer
from .numbers_shown import short

if TYPE_CHECKING:
    import pandas as pd

# of the setting that a search chose
SHOWN = "shown by the search"
LOOKS_BEST = "looks best"
ROWS = 60  # settings in the table
MOST_SETTINGS = 300  # that are compared; the time grows with their square


@dataclass(frozen=True)
class RankedRow:
    """A setting in the ranking, as text. tone: good, bad or empty."""

    setting: str
    mean: str
    behind: str
    interval: str
    rows: str
    seconds: str
    verdict: str
    more: str
    tone: str


@dataclass(frozen=True)
class Answer:
    """What the pictures say of settings.

    ranking: what it is from. sentence: the answer, or the verdict of the search that chose the
    pictures; search: what else is known of that search. for_these: the answer for these prompts
    alone, if only that is known.
    taste: how often the metric agrees with the votes on the sweep, if there are any. left_out:
    settings that are not in `rows`.
    """

    ranking: Ranking
    sentence: str
    for_these: str
    taste: str
    effects: str
    target: str
    margin: str
    rows: list[RankedRow]
    left_out: int
    search: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What is said before the ranking: the answers, the metric's worth, and what moves it."""
        texts = (self.sentence, *self.search, self.for_these, self.taste, self.effects)
        return [text for text in texts if text]


def answer(
    table: pd.DataFrame,
    metric: str | None,
    *,
    margin: float | None = None,
    target: str = SAMPLED,
) -> Answer | None:
    """The answer by a metric of quality; None without one, or if there are no settings to rank.

    margin: if it is not the usual one. target: as for `best`.
    """
    if metric is None or not has_settings(table, metric, most=MOST_SETTINGS):
        return None
    found = search_of(table)
    if margin is not None or target != SAMPLED or (found and found.metric != metric):
        # the search answers another question
        found = None
    if margin is None:
        margin = found.margin if found else usual_margin(table, metric)
    ranking = best(table, metric, margin=margin, target=target)
    rows = _rows(ranking, found, _chosen(table, metric, found))
    first, *others = found.sentences if found else [ranking.sentence]
    return Answer(
        ranking=ranking,
        sentence=first,
        search=tuple(others),
        for_these="" if found else _for_these_prompts(table, ranking),
        taste=metric_taste(table, metric, target=target),
        # the pictures of a search are not a fair sample of the axes
        effects="" if found else effects(table, metric).sentence,
        target=ranking.target,
        margin=number_text(margin),
        rows=rows[:ROWS],
        left_out=max(0, len(rows) - ROWS),
    )


def search_of(table: pd.DataFrame) -> SearchAnswer | None:
    """What the search found that chose the pictures of a table; None if there was none."""
    found = table.attrs.get(SEARCH)
    return found if isinstance(found, SearchAnswer) else None


def ask(
    table: pd.DataFrame,
    metric: str | None = None,
    *,
    margin: float | None = None,
    target: str = SAMPLED,
) -> Answer:
    """The answer by a metric, by default the one that tells the quality.

    Raises InvalidInput if no column does, for a column without numbers, and if there are no
    settings to rank.
    """
    column = metric or quality_of(table)
    if column is None:
        raise InvalidInput("metric", None, f"a column of the table. {REMEDY}")
    if numbers(table, column).isna().all():
        raise InvalidInput("metric", column, f"a column of numbers: {', '.join(metrics_of(table))}")
    words = answer(table, column, margin=margin, target=target)
    if words is None:
        allowed = f"a sweep with two settings or more, and at most {MOST_SETTINGS}"
        raise InvalidInput("table", f"{len(table)} rows", allowed)
    return words


def _for_these_prompts(table: pd.DataFrame, ranking: Ranking) -> str:
    """The narrower answer, which may be known sooner."""
    if ranking.cheapest is not None or ranking.target == FIXED:
        return ""
    narrower = best(table, ranking.metric, margin=ranking.margin, target=FIXED)
    return narrower.sentence if narrower.cheapest is not None else ""


def _chosen(table: pd.DataFrame, metric: str, found: SearchAnswer | None) -> str:
    """The setting that a search chose, as a ranking calls it; empty if there is none."""
    if found is None or not found.setting:
        return ""
    rows = table
    for name, value in found.setting.items():
        if name in rows:
            column = rows[name] if is_number(value) else rows[name].map(str)
            rows = rows[column == (value if is_number(value) else str(value))]
    grid = setting_grid(table, metric)
    places = grid.rows.get_indexer(rows.index)
    measured = places[places >= 0]
    return grid.label(grid.setting_of_row[measured[0]]) if len(measured) else ""


def _rows(ranking: Ranking, found: SearchAnswer | None, chosen: str) -> list[RankedRow]:
    """A row for each setting, or for several that are equally good and cost the same.

    chosen: by the search, if one found it.
    """
    distinct = {standing.ties: standing for standing in reversed(ranking.standings)}
    rows = {standing.ties: _row(standing) for standing in reversed(distinct.values())}
    for standing in ranking.standings:
        if found is not None and standing.setting == chosen:
            rows[standing.ties] = _as_found(rows[standing.ties], found, chosen)
    return list(rows.values())


def _as_found(row: RankedRow, found: SearchAnswer, chosen: str) -> RankedRow:
    """A row with what the search says of the setting that it chose, from seeds of its own."""
    alone = "" if row.setting == chosen else f" ({chosen})"
    if found.is_shown:
        return replace(row, verdict=f"{SHOWN}{alone}", more="", tone="good")
    return replace(row, verdict=f"{LOOKS_BEST}{alone}")


def _row(standing: Standing) -> RankedRow:
    tones = {"within the margin": "good", "beyond the margin": "bad"}
    return RankedRow(
        setting=standing.ties,
        mean=number_text(standing.mean),
        behind="–" if math.isnan(standing.behind) else number_text(standing.behind),
        interval=interval_text(standing.low, standing.high),
        rows="–" if math.isnan(standing.rows) else f"{standing.rows:,.0f}",
        seconds=short(standing.seconds),
        verdict=str(standing.verdict),
        more="" if standing.more is None else str(standing.more),
        tone=tones.get(str(standing.verdict), ""),
    )
