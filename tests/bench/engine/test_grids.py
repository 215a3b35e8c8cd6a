"""The grids of the engine benchmark."""

from __future__ import annotations

import pytest
import tiny
import tiny_families

from dwlab.bench.engine.grids import GRIDS, evenly
from dwlab.models.identity import identify


def test_each_grid_has_its_number_of_different_cells():
    shapes = identify("shapes", "cpu")
    assert {name: len(set(grid.cells(shapes))) for name, grid in GRIDS.items()} == {
        "homogeneous": 64,
        "heterogeneous": 120,
        "one-seed": 40,
        "mixed": 72,
    }


def test_some_cells_of_the_heterogeneous_grid_have_all_its_settings():
    cells = GRIDS["heterogeneous"].cells(identify("shapes", "cpu"))
    for limit in range(8, len(cells)):
        some = evenly(cells, limit)
        assert 8 <= len(some) <= limit
        assert {cell.scheduler for cell in some} == {cell.scheduler for cell in cells}
        assert {cell.guidance for cell in some} == {cell.guidance for cell in cells}
        assert {cell.steps for cell in some} == {cell.steps for cell in cells}


def test_few_cells_are_spread_and_as_many_as_before_are_the_same():
    cells = GRIDS["heterogeneous"].cells(identify("shapes", "cpu"))
    assert evenly(cells, 40) == cells[::3]
    assert evenly(cells, 1000) == cells
    assert len(evenly(cells, 1)) == 1
    eight = evenly(cells, 8)
    assert len(eight) == 8 and sum(cell.guidance > 1 for cell in eight) >= 6
    homogeneous = GRIDS["homogeneous"].cells(identify("shapes", "cpu"))
    assert len(evenly(homogeneous, 8)) == 8


@pytest.mark.parametrize(
    ("build", "own"),
    [(tiny.flux, "FlowMatchEulerDiscreteScheduler"), (tiny_families.lcm, "LCMScheduler")],
)
def test_models_that_draw_with_none_of_its_schedulers_have_their_own(tmp_path, build, own):
    build().save_pretrained(tmp_path / "model")
    cells = GRIDS["heterogeneous"].cells(identify(str(tmp_path / "model"), "cpu"))
    assert len(set(cells)) == 60 and {cell.scheduler for cell in cells} == {own}
