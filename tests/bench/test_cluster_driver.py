from __future__ import annotations

from dwlab.bench import cluster_driver


def test_every_cell_is_made_by_simulated_workers():
    cost = cluster_driver.measure(cells=600, workers=4)
    assert (cost.cells, cost.workers) == (600, 4)
    assert cost.cells_per_second > 0
    assert len(cost.memory) == 3
