"""Axes of pictures show the pictures beside their names, on contact sheets and in reports."""

from __future__ import annotations

import pytest
from PIL import Image
from report_pages import Page

from dwlab.runs.sweep import Sweep
from dwlab.views.grids.drawing import grid
from dwlab.views.grids.layout import lay_out
from dwlab.views.report.writing import save_report

COLOURS = {"a red one.png": (200, 30, 30), "b.png": (20, 30, 220)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in COLOURS.items():
        Image.new("RGB", (64, 48), colour).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def table(folder, tmp_path_factory):
    base = {"prompt": "a star", "steps": 2, "width": 64, "height": 64}
    axes = {"image": {"folder": str(folder)}, "strength": [0.5, 1.0]}
    return Sweep("seen", base=base, axes=axes).run(tmp_path_factory.mktemp("results"), device="cpu")


@pytest.mark.parametrize("down", [True, False])
def test_a_sheet_has_the_picture_of_each_value_at_its_rows_or_columns(table, down):
    place = {"rows" if down else "columns": "input_image"}
    sheet, picture = lay_out(table, **place), grid(table, **place)
    assert len(sheet.seen) == 2
    for seen, colour in zip(sheet.seen, COLOURS.values(), strict=True):
        middle = (seen.x + seen.side // 2, seen.y + seen.side // 2)
        assert picture.getpixel(middle) == pytest.approx(colour, abs=3)
        texts = [label for label in sheet.labels if label.lines]
        assert not [label for label in texts if _overlap(label, seen)]


def _overlap(label, seen):
    is_beside = label.x + label.width <= seen.x or seen.x + seen.side <= label.x
    is_above = label.y + label.height <= seen.y or seen.y + seen.side <= label.y
    return not (is_beside or is_above)


def test_a_long_axis_has_them_below_its_tiles(folder, tmp_path):
    for number in range(8):
        Image.new("RGB", (8, 8), (number * 20, 90, 90)).save(tmp_path / f"{number}.png")
    files = [*map(str, sorted(tmp_path.glob("*.png"))), str(folder / "b.png")]
    base = {"prompt": "a star", "steps": 2, "width": 64, "height": 64}
    table = Sweep("long", base=base, axes={"image": files}).run(tmp_path / "results", device="cpu")
    sheet, picture = lay_out(table), grid(table)
    assert len(sheet.seen) == 9
    last = sheet.seen[-1]
    assert picture.getpixel((last.x + 20, last.y + 20)) == pytest.approx(COLOURS["b.png"], abs=3)


def test_a_report_has_them_beside_the_names_in_the_table_of_the_axis(table, tmp_path):
    save_report(table, tmp_path / "report.html", title="seen")
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    divisions = [attributes for tag, attributes in page.tags if tag == "div"]
    assert sum(attributes.get("class") == "seen" for attributes in divisions) == 2


def test_a_stored_picture_that_is_gone_leaves_its_name(table, tmp_path):
    moved = table.copy()
    moved.attrs = {**table.attrs, "results": str(tmp_path)}
    assert lay_out(moved).labels
    grid(moved)
