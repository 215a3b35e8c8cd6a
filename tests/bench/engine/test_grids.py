"""The grids of the engine benchmark."""

from __future__ import annotations

import pytest
import tiny
import tiny_families

from dwlab.bench.engine.grids import GRIDS
from dwlab.models.identity import identify


def test_each_grid_has_its_number_of_different_cells():
    shapes = identify("shapes", "cpu")
    assert {name: len(set(grid.cells(shapes))) for name, grid in GRIDS.items()} == {
        "homogeneous": 64,
        "heterogeneous": 120,
        "one-seed": 40,
        "mixed": 72,
    }


@pytest.mark.parametrize(
    ("build", "own"),
    [(tiny.flux, "FlowMatchEulerDiscreteScheduler"), (tiny_families.lcm, "LCMScheduler")],
)
def test_models_that_draw_with_none_of_its_schedulers_have_their_own(tmp_path, build, own):
    build().save_pretrained(tmp_path / "model")
    cells = GRIDS["heterogeneous"].cells(identify(str(tmp_path / "model"), "cpu"))
    assert len(set(cells)) == 60 and {cell.scheduler for cell in cells} == {own}
