"""The list of the files that a sweep leaves."""

from __future__ import annotations

from dwlab.widgets.sweep.files import files_html, files_of


def test_missing_files_are_not_listed(tmp_path):
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial/table.csv").touch()
    listed = files_html(files_of(tmp_path, "trial"))
    assert "table.csv" in listed and "report.html" not in listed
