"""The answer of a sweep, for a notebook: in words, as a ranking, and in charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.html import Html, escaped, headed_table
from ...analysis.axes import swept
from ...analysis.quality import REMEDY, quality_of
from ...views.report.answer import answer, search_of
from ..small_pictures import THEMES, ThemedPicture

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ...views.report.answer import Answer, RankedRow

HEAD = ("setting", "mean", "behind", "95% interval", "rows", "seconds", "verdict", "would tell")


def answer_for_page(table: pd.DataFrame) -> dict[str, object]:
    """What the pictures say: `sentences`, and `head`, `rows` and `left_out` of the ranking.

    Without a ranking there is one sentence, which says why.
    """
    words = answer(table, quality_of(table))
    if words is None:
        found = search_of(table)
        return {"sentences": found.sentences if found else [_why_none(table)]}
    return {
        "sentences": words.sentences,
        "head": list(HEAD),
        "rows": [{"cells": _cells(row), "tone": row.tone} for row in words.rows],
        "left_out": words.left_out,
    }


def _why_none(table: pd.DataFrame) -> str:
    metric = quality_of(table)
    if metric is None:
        return REMEDY
    if all(axis.of_content for axis in swept(table)):
        return "Only prompts and seeds vary, so there are no settings to rank."
    return f"There are not enough settings with {metric} to rank, or too many."


def answer_html(table: pd.DataFrame) -> str:
    """The answer in words, its charts, and every setting ranked; empty if no metric ranks settings."""
    # here, because importing matplotlib takes seconds
    from ...views.answer_charts import answer_charts

    words = answer(table, quality_of(table))
    if words is None:
        found = search_of(table)
        return f'<div class="dwlab-answer">{_sentences(found.sentences)}</div>' if found else ""
    images = [
        ThemedPicture.drawn(chart.draw, chart.title).images()
        for chart in answer_charts(table, words.ranking)
    ]
    return f'{THEMES}<div class="dwlab-answer">{_words(words)}<div>{"".join(images)}</div></div>'


def _words(words: Answer) -> str:
    text = _sentences(words.sentences)
    return f"{text}<details><summary>Every setting ranked</summary>{_ranking(words)}</details>"


def _sentences(sentences: Sequence[str]) -> str:
    first, *others = sentences
    text = f"<p><strong>{escaped(first)}</strong></p>"
    return text + "".join(f"<p>{escaped(other)}</p>" for other in others)


def _ranking(words: Answer) -> Html:
    rows = [_cells(row) for row in words.rows]
    note = f"<p>{words.left_out:,} more settings are not shown.</p>" if words.left_out else ""
    return Html(headed_table(HEAD, rows) + note)


def _cells(row: RankedRow) -> list[str]:
    return [
        row.setting,
        row.mean,
        row.behind,
        row.interval,
        row.rows,
        row.seconds,
        row.verdict,
        row.more,
    ]
