from __future__ import annotations

from dwlab.bench.search.chart import choices_chart
from dwlab.bench.search.replay import Outcome
from dwlab.bench.search.report import Report
from dwlab.bench.search.tally import THE_TABLE, Choices, Claims

OUTCOMES = [
    Outcome(is_right=True, is_within=True, share=0.1, pictures=10, is_shown=True),
    Outcome(is_right=False, is_within=True, share=0.2, pictures=20),
    Outcome(is_right=False, is_within=False, share=0.3, pictures=30, is_shown=True),
    Outcome(is_right=False, is_within=False, share=0.4, pictures=40),
]
CHOICES = Choices.of("adherence", THE_TABLE, "halving", OUTCOMES)
CLAIMS = Claims.of("adherence", "halving", 12, OUTCOMES)


def test_choices_are_counted():
    assert CHOICES.right == 0.25
    assert CHOICES.within == 0.5
    assert round(CHOICES.rows, 9) == 0.25
    assert CHOICES.pictures == 25


def test_a_claim_is_wrong_if_what_is_shown_is_not_true():
    assert CLAIMS.shown == 0.5
    assert CLAIMS.wrong == 0.25
    assert CLAIMS.open == 0.5


def test_a_report_is_read_as_it_was_written(tmp_path):
    report = Report(orders=4, first=0, choices=[CHOICES], claims=[CLAIMS])
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report
    assert "| halving" in report.markdown()
    assert "25.0%" in report.markdown()


def test_the_chart_names_each_strategy_once():
    chart = choices_chart([CHOICES], "adherence")
    assert [text.get_text() for text in chart.legends[0].get_texts()] == ["halving"]
    assert chart.png().startswith(b"\x89PNG")
