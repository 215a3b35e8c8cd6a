"""Tables in a real terminal, and in a pipe."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from terminals import in_terminal

SHOW = """
from dwlab.cli.tables import show_table
rows = [
    ("first", "a text of some length that is too long for a narrow terminal", "10"),
    ("[bold]second[/bold]", "\\x1b[2J\\x07 clears the screen \\u4e2d\\u6587", "9"),
]
show_table(rows, ("name", "text", "number"), numbers=(2,))
"""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("columns", [60, 100])
def test_a_table_fits_the_terminal_and_its_head_stands_out(columns):
    printed = in_terminal(SHOW, columns)
    assert "\x1b[1m" in printed
    assert "\x1b[2J" not in printed and "\x07" not in printed
    lines = COLOURS.sub("", printed).splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].split()[:2] == ["name", "text"]
    # markup of others is text
    assert "[bold]second[/bold]" in COLOURS.sub("", printed)


def test_columns_that_do_not_fit_are_named():
    narrow = COLOURS.sub("", in_terminal(SHOW, 60))
    assert narrow.endswith("more columns in a wider terminal: number\n")
    assert "more columns" not in in_terminal(SHOW, 120)


def test_in_a_pipe_a_row_is_a_line_of_plain_text_with_all_columns():
    run = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["name", "text", "number"]
    assert lines[1].endswith("10")


def test_help_in_a_terminal_has_headings_in_bold_and_its_full_width():
    code = "import sys; sys.argv = ['dwlab', 'sweep', '--help']; from dwlab.cli import main; main()"
    printed = in_terminal(code, 150)
    assert "\x1b[1mExamples\x1b[0m" in printed
    assert 120 < max(map(len, COLOURS.sub("", printed).splitlines())) <= 150
