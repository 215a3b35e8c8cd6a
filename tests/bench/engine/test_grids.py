"""The grids of the engine benchmark."""

from __future__ import annotations

from dwlab.bench.engine.grids import GRIDS


def test_each_grid_has_its_number_of_different_cells():
    assert {name: len(set(grid.cells("shapes"))) for name, grid in GRIDS.items()} == {
        "homogeneous": 64,
        "heterogeneous": 120,
        "one-seed": 40,
        "mixed": 72,
    }
