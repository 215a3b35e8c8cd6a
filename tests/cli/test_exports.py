"""`dwlab sheet`, `dwlab animate` and parts of tables."""

from __future__ import annotations

import csv
import io

import pytest
from faults.child import toy_model
from PIL import Image
from results_folders import run_sweep
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.views.export import export


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    run_sweep(str(toy_model(folder / "toy")), folder / "results", "first", [0, 3])
    return folder / "results"


def dw(root, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments), "--results", str(root)])


def test_a_csv_has_the_rows_and_columns_that_were_chosen(root):
    result = dw(
        root, "table", "first", "--where", "colour=red", "--where", "seed>0",
        "--columns", "seed,colour", "--format", "csv",
    )  # fmt: skip
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout.removeprefix("\ufeff"))))
    assert rows == [{"seed": "1", "colour": "red"}, {"seed": "2", "colour": "red"}]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_chosen_columns_are_shown_whatever_the_format(root, form):
    result = dw(root, "table", "first", "--columns", "width,seed", "--format", form)
    assert result.exit_code == 0
    head = result.stdout.splitlines()[0].replace("|", " ").split()
    assert head == ["width", "seed"]


def test_a_sheet_and_an_animation_are_files_whose_paths_are_printed(root, tmp_path):
    sheet = tmp_path / "s.png"
    result = dw(root, "sheet", "first", "-o", sheet, "--page", "100x80mm", "--dpi", 127)
    assert (result.exit_code, result.stdout.strip()) == (0, str(sheet))
    with Image.open(sheet) as picture:
        assert picture.size == (500, 400)
    animation = tmp_path / "a.gif"
    result = dw(root, "animate", "first", "--along", "seed", "-o", animation, "--side", 16)
    assert (result.exit_code, result.stdout.strip()) == (0, str(animation))
    with Image.open(animation) as picture:
        assert picture.n_frames == 3


def test_python_makes_the_same_files(root, tmp_path):
    results = dwlab.Results(root)
    where = {"colour": "red"}
    assert list(results.select("first", where=where, columns=["seed"])["seed"]) == [0, 1, 2]
    (sheet,) = results.sheet("first", tmp_path / "s.pdf", page="a5", where=where)
    assert sheet.read_bytes().startswith(b"%PDF")
    assert results.animate("first", tmp_path / "a.webp", "seed", where=where).is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("table", "first", "--where", "colour=pink"), "a value of colour: red, blue"),
        (("sheet", "first", "--page", "a99"), "page is 'a99'"),
        (("sheet", "first", "--where", "nonsense"), "name=value"),
        (("animate", "first", "--along", "steps"), "an axis that varies: colour, seed"),
        (("sheet", "other"), "one that ran in"),
    ],
)
def test_bad_input_is_one_line_without_a_traceback(root, arguments, message):
    result = dw(root, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("dwlab: ") and result.stderr.count("\n") == 1
    assert message in result.stderr


def test_the_text_of_a_table_does_not_need_the_columns_that_it_does_not_show(root):
    table = dwlab.Results(root).table("first")
    result = dw(root, "table", "first")
    assert result.stdout == export(table, "text").decode()
    part = dwlab.Results(root).table("first", without=("versions", "image"))
    others = [name for name in table.columns if name not in ("versions", "image")]
    assert part[others].equals(table[others])
    assert part["versions"].isna().all()
