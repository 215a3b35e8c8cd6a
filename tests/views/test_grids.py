"""Contact sheets: every picture has its tile, every label fits, and what is left out is said."""

from __future__ import annotations

import pytest
from grid_labels import assert_labels_fit
from PIL import Image
from sweep_tables import HOSTILE, sweep_table

from dwlab.errors import InvalidInput
from dwlab.views.grids import FAILED_PAPER, grid, lay_out, save_grid


def test_every_picture_of_a_sweep_has_its_own_tile_on_the_grid(tmp_path):
    table = sweep_table(tmp_path)
    sheet = lay_out(table)
    assert sorted(row for _, _, row in sheet.tiles) == list(range(16))
    picture = grid(table)
    assert picture.size == (sheet.width, sheet.height)
    for x, y, row in sheet.tiles:
        corner = Image.open(tmp_path / table["image"][row]).getpixel((1, 1))
        assert picture.getpixel((x + 3, y + 3)) == pytest.approx(corner, abs=2)


def test_rows_and_columns_can_be_chosen(tmp_path):
    table = sweep_table(tmp_path, ("a star",), seeds=(0, 1, 2))
    sheet = lay_out(table, rows="seed", columns=["guidance", "steps"])
    tiles = {row: (x, y) for x, y, row in sheet.tiles}
    for row, (x, y) in tiles.items():
        assert sorted(r for r, place in tiles.items() if place[1] == y) == list(
            table.index[table["seed"] == table["seed"][row]]
        )
        same = (table["steps"] == table["steps"][row]) & (
            table["guidance"] == table["guidance"][row]
        )
        assert sorted(r for r, place in tiles.items() if place[0] == x) == list(table.index[same])
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
    x, y, _ = next(tile for tile in lay_out(table).tiles if tile[2] == 3)
    tile = grid(table).crop((x, y, x + 128, y + 128))
    colours = {colour: count for count, colour in tile.getcolors(128 * 128)}
    assert colours[tuple(bytes.fromhex(FAILED_PAPER[1:]))] > 128 * 128 / 2
    assert len(colours) > 10  # words are written on it


def test_a_large_sweep_is_cut_to_the_limit_and_the_sheet_says_so(tmp_path):
    table = sweep_table(
        tmp_path, ("a", "b", "c"), steps=(2, 4, 8), guidance=(1.0, 2.0, 3.0), seeds=(0, 1, 2)
    )
    sheet = lay_out(table, max_cells=30)
    assert 18 <= len(sheet.tiles) <= 30
    said = " ".join(line for label in sheet.labels for line in label.lines)
    assert f"{len(sheet.tiles)} of 81 cells" in said and "the first" in said


def test_a_grid_is_saved_as_a_png(tmp_path):
    save_grid(sweep_table(tmp_path), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG" and picture.width > 420
