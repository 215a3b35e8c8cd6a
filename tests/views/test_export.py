"""Tables as files: what a prompt said comes back from CSV, Parquet, JSON and Markdown."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from faults.child import fake_render, toy_model
from sweep_tables import sweep_table

from dwlab.runs.results import Results
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.views.export import FORMATS, export

CASES = Path(__file__).parents[1] / "cases" / "yaml"
DOCS = Path(__file__).parents[2] / "docs" / "results.md"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# more of what a cell of a table can hold
COLUMNS = {
    "texts of numbers": ["007", "1.10", "1e5", "0x10"],
    "texts of nothing": ["NA", "None", "null", "nan"],
    "empty among texts": ["", "a", "NaN", "N/A"],
    "scripts": ["星の絵", "نجمة", "हिन्दी", "🦄"],
    "quotes and commas": ['a "b", c', "'x'", "a; b", "a,b"],
    "lines": ["a\nb", "a\n\nb", "a b", "\u2028"],
    "texts and numbers": [1, "two", 2.5, "3"],
    "numbers beyond 64 bits": [2**70, -(2**70), 0, 1],
    "large seeds": [2**63 - 1, 2**53 + 1, 0, 1],
    "truth among numbers": [True, 1, 0.5, "x"],
    "fractions with gaps": [0.5, None, 1e-12, 2.0],
    "texts with gaps": ["a", None, "b", None],
    "lists": [[1, 2], "x", None, [3]],
    "maps": [{"a": 1}, {"b": "x"}, 5, None],
    "nothing at all": [None, None, None, None],
}


def frame(name: str) -> pd.DataFrame:
    return pd.DataFrame({"key": list("abcd"), "value": pd.Series(COLUMNS[name], dtype=object)})


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("format", ["csv", "json", "parquet", "markdown"])
def test_every_column_has_a_form_in_every_format(name, format):
    data = export(frame(name), format)
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert [row["value"] for row in rows] == [
            "" if v is None else str(v) for v in COLUMNS[name]
        ]
    elif format == "json":
        assert [row["value"] for row in json.loads(data)] == [
            2.0 if v == 2.0 else v for v in COLUMNS[name]
        ]
    elif format == "parquet":
        back = pd.read_parquet(io.BytesIO(data))["value"]
        assert [None if pd.isna(v) else str(v) for v in back] == [
            None if v is None else str(v) for v in COLUMNS[name]
        ] or back.map(type).nunique() == 1
    else:
        assert data.decode().count("\n") == 6


def test_parquet_keeps_the_types_of_columns_that_have_one():
    table = pd.DataFrame({"n": [1, 2], "x": [0.5, None], "s": ["a", None], "mixed": [1, "a"]})
    back = pd.read_parquet(io.BytesIO(export(table, "parquet")))
    assert (
        back["n"].tolist() == [1, 2] and back["n"].dtype == "int64" and back["x"].dtype == "float64"
    )
    assert (
        back["mixed"].tolist() == ["1", "a"]
        and back["s"].iloc[0] == "a"
        and pd.isna(back["s"].iloc[1])
    )


@pytest.mark.parametrize("format", FORMATS)
def test_a_table_without_rows_has_a_form_in_every_format(format):
    empty = pd.DataFrame({"key": [], "value": []}, dtype=object)
    assert isinstance(export(empty, format), bytes)
    assert "key" in export(empty, "markdown").decode()


def test_markdown_shows_texts_as_they_are():
    text = export(
        pd.DataFrame({"key": ["k", "l"], "v": ["1.10", "007"], "n": [1.10, 7.0]}), "markdown"
    ).decode()
    assert "1.10" in text and "007" in text and re.search(r"\| +1\.1 \|", text)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Two sweeps of the cases, made with a renderer that draws nothing, by name."""
    model = str(toy_model(tmp_path_factory.mktemp("model") / "toy"))
    root = tmp_path_factory.mktemp("results")
    for name in ("csv", "mixed_types"):
        spec = Sweep.from_yaml(CASES / f"{name}.yaml")
        words = str(spec.base["prompt"])
        own = {
            "model": model,
            "prompt": f"red {words}",
            "scheduler": "DDIM",
            "width": 32,
            "height": 32,
        }
        spec = spec.override(own)
        run(spec, results=root, render=fake_render)
    return Results(root)


def test_excel_can_tell_that_a_table_is_utf8(tables):
    assert export(tables.table("csv"), "csv").startswith(b"\xef\xbb\xbf")


def test_pandas_reads_the_texts_back_as_the_docs_say(tables, tmp_path):
    table = tables.table("csv")
    path = tmp_path / "table.csv"
    path.write_bytes(export(table, "csv"))
    call = re.search(r"`(pandas\.read_csv\(path.*?\))`", DOCS.read_text("utf-8"))[1]
    back = eval(call, {"pandas": pd, "path": path})  # the docs' own words
    expected = [f"'{text}" if text.startswith(FORMULA) else text for text in table["p"]]
    assert list(back["p"].fillna("")) == expected and "NA" in expected and "étoile ★ 🦄" in expected
    assert list(back["seed"]) == list(table["seed"]) and table["seed"].max() == 9007199254740993
    assert list(back.columns) == list(table.columns)


def test_a_sweep_over_texts_and_numbers_has_a_parquet_table(tables):
    back = pd.read_parquet(io.BytesIO(export(tables.table("mixed_types"), "parquet")))
    assert list(back["n"]) == ["1", "two", "2.5", "3"]
    assert list(back["steps"]) == [1] * 4


def test_a_metric_stands_beside_long_prompts_in_a_terminal_of_80_columns(tmp_path):
    prompts = tuple(f"a {size} circle on a table in a room with a view" for size in ("red", "blue"))
    text = export(sweep_table(tmp_path, prompts), "text", width=80).decode()
    head, *rows = text.splitlines()
    assert "adherence" in head.split()
    assert max(map(len, [head, *rows])) <= 80
