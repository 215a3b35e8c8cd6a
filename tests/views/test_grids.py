"""Contact sheets: every picture has its tile, every label fits, and what is left out is said."""

from __future__ import annotations

import pytest
from grid_labels import assert_labels_fit
from PIL import Image
from sweep_tables import HOSTILE, sweep_table

from dwlab.errors import InvalidInput
from dwlab.views.design import colours
from dwlab.views.grids.drawing import FAILED_PAPER, PAPER, grid, save_grid
from dwlab.views.grids.layout import lay_out


def rgb(shade):
    return tuple(bytes.fromhex(shade[1:]))


def test_every_picture_of_a_sweep_has_its_own_tile_on_the_grid(tmp_path):
    table = sweep_table(tmp_path)
    sheet = lay_out(table)
    assert sorted(tile.row for tile in sheet.tiles) == list(range(16))
    picture = grid(table)
    assert picture.size == (sheet.width, sheet.height)
    for tile in sheet.tiles:
        corner = Image.open(tmp_path / table["image"][tile.row]).getpixel((1, 1))
        assert picture.getpixel((tile.x + 3, tile.y + 3)) == pytest.approx(corner, abs=2)


def test_rows_and_columns_can_be_chosen(tmp_path):
    table = sweep_table(tmp_path, ("a star",), seeds=(0, 1, 2))
    sheet = lay_out(table, rows="seed", columns=["guidance", "steps"])
    for tile in sheet.tiles:
        cell = table.loc[tile.row]
        beside = sorted(other.row for other in sheet.tiles if other.y == tile.y)
        assert beside == list(table.index[table["seed"] == cell["seed"]])
        below = sorted(other.row for other in sheet.tiles if other.x == tile.x)
        same = (table["steps"] == cell["steps"]) & (table["guidance"] == cell["guidance"])
        assert below == list(table.index[same])
    with pytest.raises(InvalidInput, match="steps, guidance, seed"):
        grid(table, rows="lora")


@pytest.mark.parametrize("side", [32, 128])
def test_no_label_is_clipped_or_covered_whatever_the_prompt(tmp_path, side):
    table = sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0, 4.0))
    for columns in (None, "prompt"):
        assert_labels_fit(lay_out(table, columns=columns, side=side))
    assert_labels_fit(
        lay_out(sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0,), seeds=(0,)), side=side)
    )


def test_a_failed_cell_is_a_marked_tile(tmp_path):
    table = sweep_table(tmp_path, failed=(3,))
    tile = next(tile for tile in lay_out(table).tiles if tile.row == 3)
    drawn = grid(table).crop((tile.x, tile.y, tile.x + 128, tile.y + 128))
    counts = {colour: count for count, colour in drawn.getcolors(128 * 128)}
    assert counts[rgb(colours(dark=False)[FAILED_PAPER])] > 128 * 128 / 2
    assert len(counts) > 10  # words are written on it


def test_for_a_dark_page_the_paper_is_dark_and_the_pictures_are_the_same(tmp_path):
    table = sweep_table(tmp_path)
    light = grid(table)
    dark = grid(table, dark=True)
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert dark.getpixel((0, 0)) == rgb(colours(dark=True)[PAPER])
    for tile in lay_out(table).tiles:
        box = (tile.x, tile.y, tile.x + 128, tile.y + 128)
        assert dark.crop(box).tobytes() == light.crop(box).tobytes()


def test_a_large_sweep_is_cut_to_the_limit_and_the_sheet_says_so(tmp_path):
    table = sweep_table(
        tmp_path, ("a", "b", "c"), steps=(2, 4, 8), guidance=(1.0, 2.0, 3.0), seeds=(0, 1, 2)
    )
    sheet = lay_out(table, max_cells=30)
    assert 18 <= len(sheet.tiles) <= 30
    text = " ".join(line for label in sheet.labels for line in label.lines)
    assert f"{len(sheet.tiles)} of 81 cells" in text
    assert "the first" in text


def test_a_grid_is_saved_as_a_png(tmp_path):
    save_grid(sweep_table(tmp_path), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG" and picture.width > 420
