"""Sheets for papers: all cells, on pages of an exact size, with labels that are text."""

from __future__ import annotations

import re

import pytest
from grid_labels import assert_labels_fit
from matplotlib.text import Text
from PIL import Image
from sweep_tables import HOSTILE, sweep_table

from dwlab.errors import InvalidInput
from dwlab.views.paper.drawing import PageFigure
from dwlab.views.paper.files import save_sheet
from dwlab.views.paper.layout import pages
from dwlab.views.paper.page import UNITS_PER_POINT, paper, units

LONG = (
    "a photograph of a red circle in front of a white wall beside a window with a view of a river"
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    prompts = (LONG, "a star", *(f"shape {number}" for number in range(4)))
    return sweep_table(folder, prompts, steps=(2, 4, 8), seeds=tuple(range(4)))


def keys_on(sheet_pages):
    keys = []
    for page in sheet_pages:
        keys += [
            page.table.iloc[tile.row]["key"] for tile in page.sheet.tiles if tile.row is not None
        ]
    return keys


@pytest.mark.parametrize(
    "size",
    [paper(), paper("letter-landscape", picture=30), paper("85x60mm", font=6, picture=8, margin=2)],
    ids=["a4", "large pictures", "one column of a paper"],
)
def test_every_cell_is_on_one_page_and_fits_there(table, size):
    sheet_pages = pages(table, size)
    assert sorted(keys_on(sheet_pages)) == sorted(table["key"])
    for page in sheet_pages:
        assert_labels_fit(page.sheet)
        # the sheet's own margins lie in those of the paper
        right = max(tile.x for tile in page.sheet.tiles) + page.sheet.side
        assert units(size.margin) + right <= units(size.width - size.margin) + 20
        bottom = max(tile.y for tile in page.sheet.tiles) + page.sheet.side
        assert units(size.margin) + bottom <= page.foot.y


def test_a_label_is_not_cut_if_there_is_room_for_it(table):
    (label,) = (
        label
        for label in pages(table, paper())[0].sheet.labels
        if "photograph" in " ".join(label.lines)
    )
    assert " ".join(label.lines) == LONG


def test_axes_go_where_they_are_told_to(table):
    size = paper("a3-landscape", picture=10)
    heads = [" ".join(label.lines) for label in pages(table, size, columns="seed")[0].sheet.labels]
    assert {"seed", "0", "1", "2", "3"} <= set(heads)


def test_pages_as_png_have_the_size_and_resolution_of_the_paper(table, tmp_path):
    paths = save_sheet(table, tmp_path / "s.png", paper("100x80mm", dpi=127, picture=10))
    assert [path.name for path in paths] == [f"s-{n}.png" for n in range(1, len(paths) + 1)]
    assert len(paths) > 1
    for path in paths:
        with Image.open(path) as picture:
            assert picture.size == (500, 400)
            assert picture.info["dpi"] == pytest.approx((127, 127), abs=0.1)


def test_a_pdf_has_pages_of_the_exact_size_and_labels_as_text(table, tmp_path):
    paths = save_sheet(table, tmp_path / "s.pdf", paper("3.5x4in", picture=9, margin=4))
    assert paths == [tmp_path / "s.pdf"]
    data = paths[0].read_bytes()
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", data)
    assert len(boxes) == len(pages(table, paper("3.5x4in", picture=9, margin=4)))
    assert set(boxes) == {(b"252", b"288")}
    assert b"/Subtype /CIDFontType2" in data or b"/Subtype /TrueType" in data


def test_the_same_sheet_is_the_same_file(table, tmp_path):
    part = table.iloc[:4]
    first = save_sheet(part, tmp_path / "s.pdf", paper())[0].read_bytes()
    assert save_sheet(part, tmp_path / "s.pdf", paper())[0].read_bytes() == first


def test_type_has_the_size_in_points_and_stays_within_its_label(table):
    size = paper(font=9)
    page = pages(table, size)[0]
    figure = PageFigure(page, size, vector=True).figure
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert {text.get_fontsize() for text in texts} == {9.0, 8.0}
    labels = [label for label in [*page.sheet.labels, page.foot] for _ in label.lines]
    points = size.dpi / 72
    for text, label in zip(texts, labels, strict=True):
        width = text.get_window_extent().width / points * UNITS_PER_POINT
        assert width <= label.width * 1.02


def test_cells_without_a_picture_say_so(tmp_path):
    table = sweep_table(tmp_path, ("a star",), failed=(1,))
    (tmp_path / table["image"][2]).unlink()
    figure = PageFigure(pages(table, paper())[0], paper(), vector=True).figure
    words = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "out of memory" in words and "missing or damaged" in words


def test_hostile_prompts_are_labels_like_others(tmp_path):
    table = sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0,), seeds=(0,))
    for page in pages(table, paper("a5")):
        assert_labels_fit(page.sheet)
    assert save_sheet(table, tmp_path / "s.pdf", paper("a5"))
    assert save_sheet(table, tmp_path / "s.png", paper("a5", dpi=50))


BAD = {
    "page": {"page": "a9"},
    "dpi": {"dpi": 5},
    "font": {"font": 0},
    "picture": {"picture": -1},
    "margin": {"margin": float("nan")},
}


@pytest.mark.parametrize("field", BAD)
def test_a_paper_that_cannot_be_is_refused(field):
    with pytest.raises(InvalidInput, match=f"^{field} is"):
        paper(**BAD[field])


def test_a_file_or_page_that_cannot_be_is_refused_and_nothing_is_written(table, tmp_path):
    with pytest.raises(InvalidInput, match="output"):
        save_sheet(table, tmp_path / "s.docx", paper())
    with pytest.raises(InvalidInput, match="rows"):
        save_sheet(table, tmp_path / "s.pdf", paper(), rows="stars")
    with pytest.raises(InvalidInput, match="no cell fits"):
        save_sheet(table, tmp_path / "s.pdf", paper("20x20mm", picture=15))
    with pytest.raises(InvalidInput, match="pixels"):
        save_sheet(table, tmp_path / "s.png", paper("a3", dpi=2400))
    assert not list(tmp_path.iterdir())
