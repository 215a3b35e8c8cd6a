"""Writing the report: the table's content goes through a template into one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..._util import yamlfile
from ..._util.atomic import write_atomic
from ...analysis.axes import constants, swept
from ...analysis.findings import findings_of
from ...analysis.metric_columns import metrics_of
from ...analysis.optional_columns import failed_cells
from ...analysis.quality import REMEDY, quality_of
from ..design import FOLDER
from ..viewer.page import FILE as VIEWER
from .answer import Answer, answer, search_of
from .axis_sections import axis_sections, time_plot
from .cells import FAILURES, failures, gallery
from .drift_section import drift_section
from .embedded import TitledPlot, contact_sheet, plot
from .summary import best_and_worst, cards, subtitle, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2
    import pandas as pd

    from ...runs.outcome import Outcome
    from ...spec.sweep import SweepSpec

TEMPLATES = Path(__file__).parents[1] / "templates"


def save_report(
    table: pd.DataFrame,
    path: Path,
    *,
    title: str,
    outcome: Outcome | None = None,
    seconds: float | None = None,
    spec: SweepSpec | None = None,
    warnings: Sequence[str] = (),
) -> None:
    """Write the report of `table` to `path`, whole or not at all.

    outcome: how the run ended that the report is about; without one, the report tells only what the
    table holds. seconds: what that run took, in wall time. spec: the sweep, so that readers can
    make it again. warnings: sentences about the sweep, see `dwlab.spec.no_effect.warnings`.
    """
    notes = outcome.notes if outcome else ()
    text = _template().render(
        title=title,
        viewer=VIEWER if (path.parent / VIEWER).is_file() else "",
        cards=cards(table, outcome, seconds),
        findings=[*warnings, *notes, *findings_of(table)],
        spec=spec,
        experiment=yamlfile.dump(spec.as_dict()) if spec else "",
        **_content(table),
    )
    write_atomic(Path(path), text.encode("utf-8", "replace"))


def _content(table: pd.DataFrame) -> dict[str, object]:
    """What the table alone tells, by the names that the template has for it."""
    quality = quality_of(table)
    metric = quality or next(iter(metrics_of(table)), None)
    is_ranked = quality or not swept(table)
    settings = answer(table, quality)
    found = search_of(table)
    return {
        "subtitle": subtitle(table),
        "answer": settings,
        "searched": found.sentences if found else [],
        "answer_plots": _answer_plots(table, settings) if settings else [],
        # means without intervals, where there is nothing better
        "ranking": [] if settings else best_and_worst(table, quality),
        "unranked": "" if is_ranked else REMEDY,
        "quality": quality,
        "metric": metric,
        "drift": drift_section(table),
        "effects": axis_sections(table, metric) if metric else [],
        "times": time_plot(table),
        "traces": _trace_plots(table),
        "failures": failures(table),
        "failures_left_out": max(0, failed_cells(table) - FAILURES),
        "sheet": contact_sheet(table) if len(table) else None,
        "pictures": gallery(table),
        "total": len(table),
        "fixed": constants(table),
        "versions": versions(table),
    }


def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, FOLDER]),
        autoescape=True,  # prompts, errors and names are other people's text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    return environment.get_template("report.html.j2")


# control characters as pictures of them, except line ends and tabs
_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\r\t"}


def _visible(value: object) -> object:
    """Control characters as pictures of them: a terminal or a parser could act on the real ones."""
    return value.translate(_PICTURES) if type(value) is str else value


def _trace_plots(table: pd.DataFrame) -> list[TitledPlot]:
    # here, because importing matplotlib takes seconds, also of `dwlab serve`
    from ..trace_charts import trace_charts

    return [TitledPlot(chart.title, plot(chart.draw)) for chart in trace_charts(table)]


def _answer_plots(table: pd.DataFrame, settings: Answer) -> list[TitledPlot]:
    # here, because importing matplotlib takes seconds, also of `dwlab serve`
    from ..answer_charts import answer_charts

    charts = answer_charts(table, settings.ranking)
    return [TitledPlot(chart.title, plot(chart.draw)) for chart in charts]
