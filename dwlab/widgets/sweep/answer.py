"""The answer of a sweep, for a notebook: in words, as a ranking, and in charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.html import Html, escaped, headed_table
from ...analysis.quality import quality_of
from ...views.report.answer import answer
from ..small_pictures import image_html, png

if TYPE_CHECKING:
    import pandas as pd

    from ...views.report.answer import Answer

HEAD = ("setting", "mean", "behind", "95% interval", "rows", "seconds", "verdict", "would tell")
# a page that shows an answer outside a panel has no style sheet of ours
THEMES = (
    '<style>.dwlab-answer .dwlab-dark, [data-jp-theme-light="false"] .dwlab-answer .dwlab-light '
    '{ display: none } [data-jp-theme-light="false"] .dwlab-answer .dwlab-dark { display: inline } '
    ".dwlab-answer td { text-align: left; overflow-wrap: anywhere; max-width: 40ch }</style>"
)


def words_html(table: pd.DataFrame) -> str:
    """The answer in words, and every setting ranked below a line that opens them.

    It is empty if no metric ranks settings.
    """
    words = answer(table, quality_of(table))
    return "" if words is None else _words(words)


def answer_html(table: pd.DataFrame) -> str:
    """The answer in words, its charts, and every setting ranked; empty if no metric ranks settings."""
    # here, because importing matplotlib takes seconds
    from ...views.answer_charts import answer_charts

    words = answer(table, quality_of(table))
    if words is None:
        return ""
    images = []
    for chart in answer_charts(table, words.ranking):
        for theme in ("light", "dark"):
            data = png(chart.draw(dark=theme == "dark"))
            images.append(image_html(data, chart.title, kind="png", classes=f"dwlab-{theme}"))
    return f'{THEMES}<div class="dwlab-answer">{_words(words)}<div>{"".join(images)}</div></div>'


def _words(words: Answer) -> str:
    first, *others = words.sentences
    text = f"<p><strong>{escaped(first)}</strong></p>"
    text += "".join(f"<p>{escaped(other)}</p>" for other in others)
    return f"{text}<details><summary>Every setting ranked</summary>{_ranking(words)}</details>"


def _ranking(words: Answer) -> Html:
    rows = [
        (
            row.setting,
            row.mean,
            row.behind,
            row.interval,
            row.rows,
            row.seconds,
            row.verdict,
            row.more,
        )
        for row in words.rows
    ]
    note = f"<p>{words.left_out:,} more settings are not shown.</p>" if words.left_out else ""
    return Html(headed_table(HEAD, rows) + note)
