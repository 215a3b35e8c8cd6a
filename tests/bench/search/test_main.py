from __future__ import annotations

from pathlib import Path

import pytest

from dwlab.bench.search.__main__ import main
from dwlab.bench.search.report import Report

TABLE = Path(__file__).parents[3] / "results" / "reference" / "search" / "good-enough.csv"


@pytest.mark.slow
def test_it_replays_the_reference_table_and_writes_what_it_counted(tmp_path, capsys):
    path = tmp_path / "report.json"
    options = ["--table", str(TABLE), "--orders", "2", "--metric", "adherence"]
    main([*options, "--write", str(path)])
    report = Report.read(path)
    assert {choices.method for choices in report.choices} >= {"ladder", "halving", "racing"}
    ladder = report.choices[0]
    assert ladder.right == 1.0
    assert ladder.rows < 0.12
    assert "| ladder" in capsys.readouterr().out
