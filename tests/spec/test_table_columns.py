"""The list of the table's columns: the only one, and the one that the documentation shows."""

from __future__ import annotations

from pathlib import Path

from dwlab.metrics.measures import NAMES, STARS
from dwlab.runs.results import Results
from dwlab.spec.params import FIELDS
from dwlab.spec.table_columns import (
    ALWAYS,
    COLUMN_NAMES,
    COLUMNS,
    FIXED,
    METRICS,
    OF_METHODS,
    OPTIONAL,
    PARAMETERS,
    Kind,
)

DOCS = Path(__file__).parents[2] / "docs" / "results.md"


def test_every_column_stands_in_the_list_once():
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert [*FIXED, *METRICS] == names


def test_an_empty_table_has_the_columns_of_the_list(tmp_path):
    assert tuple(Results(tmp_path).table().columns) == ALWAYS
    assert {*ALWAYS, *OPTIONAL} == set(FIXED)


def test_every_parameter_of_a_picture_is_a_column():
    parameters = {column.name for column in COLUMNS if column.kind is Kind.PARAMETER}
    assert parameters - set(OF_METHODS) == {COLUMN_NAMES.get(name, name) for name in FIELDS}
    assert parameters == {*PARAMETERS, "scheduler_options"}


def test_everything_that_is_measured_is_a_column():
    assert set(METRICS) == {*NAMES, STARS, "nan", "cut"}


def test_the_documentation_lists_every_column_with_its_meaning():
    lines = DOCS.read_text("utf-8").splitlines()
    rows = [f"| `{column.name}` | {column.meaning} |" for column in COLUMNS]
    assert [line for line in lines if line in rows] == rows
