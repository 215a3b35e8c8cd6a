"""Tables for a terminal."""

from __future__ import annotations

from dwlab._util.text_table import text_table


def test_columns_are_aligned_and_lines_have_no_blanks_at_the_end():
    lines = text_table([("cells:", "17"), ("axis guidance:", "1, 3")]).splitlines()
    assert lines == ["cells:          17", "axis guidance:  1, 3"]


def test_numbers_are_aligned_to_the_right_under_their_head():
    lines = text_table([("shapes", "20"), ("turbo", "1")], ["model", "steps"], numbers=[1])
    assert lines.splitlines() == ["model      steps", "shapes        20", "turbo          1"]


def test_texts_that_look_like_numbers_stay_as_they_are():
    assert "007" in text_table([("007", "1.10")])
    assert "1.10" in text_table([("007", "1.10")])


def test_a_table_without_rows_is_empty():
    assert text_table([]) == ""
