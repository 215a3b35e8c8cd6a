"""The report's first words: which setting is good enough, how sure that is, and at what price."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.quality import quality_of
from ...analysis.ranking import Ranking, Standing, best, usual_margin
from ...analysis.setting_grid import FIXED, has_settings
from ...analysis.statistics_text import interval_text, number_text
from ...analysis.variance_shares import effects
from .numbers_shown import short

if TYPE_CHECKING:
    import pandas as pd

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

    for_these: the answer for these prompts alone, if only that is known. left_out: settings that are
    not in `rows`.
    """

    sentence: str
    for_these: str
    effects: str
    target: str
    margin: str
    rows: list[RankedRow]
    left_out: int


def answer(table: pd.DataFrame, metric: str | None) -> Answer | None:
    """The answer by a metric of quality; None without one, or if there are no settings to rank."""
    if metric is None or not has_settings(table, metric, most=MOST_SETTINGS):
        return None
    margin = usual_margin(table, metric)
    ranking = best(table, metric, margin=margin)
    rows = _rows(ranking)
    return Answer(
        sentence=ranking.sentence,
        for_these=_for_these_prompts(table, ranking),
        effects=effects(table, metric).sentence,
        target=ranking.target,
        margin=number_text(margin),
        rows=rows[:ROWS],
        left_out=max(0, len(rows) - ROWS),
    )


def answer_html(table: pd.DataFrame) -> str:
    """The answer as a notebook shows it; empty if there is none."""
    words = answer(table, quality_of(table))
    if words is None:
        return ""
    sentences = [words.sentence, words.for_these, words.effects]
    return "".join(f"<p>{html.escape(text)}</p>" for text in sentences if text)


def _for_these_prompts(table: pd.DataFrame, ranking: Ranking) -> str:
    """The narrower answer, which may be known sooner."""
    if ranking.cheapest is not None or ranking.target == FIXED:
        return ""
    narrower = best(table, ranking.metric, margin=ranking.margin, target=FIXED)
    return narrower.sentence if narrower.cheapest is not None else ""


def _rows(ranking: Ranking) -> list[RankedRow]:
    """A row for each setting, or for several that are equally good and cost the same."""
    distinct = {standing.ties: standing for standing in reversed(ranking.standings)}
    return [_row(standing) for standing in reversed(distinct.values())]


def _row(standing: Standing) -> RankedRow:
    tones = {"within the margin": "good", "beyond the margin": "bad"}
    return RankedRow(
        setting=standing.ties,
        mean=number_text(standing.mean),
        behind=number_text(standing.behind),
        interval=interval_text(standing.low, standing.high),
        rows="–" if math.isnan(standing.rows) else f"{standing.rows:,.0f}",
        seconds=short(standing.seconds),
        verdict=str(standing.verdict),
        more="" if standing.more is None else str(standing.more),
        tone=tones.get(str(standing.verdict), ""),
    )
