"""The simulation of many devices uses the placing of real runs."""

from __future__ import annotations

from dwlab.bench.cluster_scale import Cost, costs_of, scale_chart, scales
from dwlab.bench.large_results import NAME, fill


def test_costs_are_those_of_the_rows_of_a_store(tmp_path):
    fill(tmp_path, 1_000)
    costs = costs_of(tmp_path, NAME)
    assert len(costs) == 1_000
    assert Cost(4, 0.02) in costs


def test_more_devices_are_faster_and_lose_little():
    costs = [Cost(rows, rows * noise) for rows in (4, 20, 50) for noise in (0.9, 1.0, 1.1)]
    rows = scales(costs, cells=300, devices=(1, 2, 8, 32))
    equal = [row for row in rows if row.mix == "equal devices"]
    hours = [row.hours for row in equal]
    assert hours == sorted(hours, reverse=True)
    assert equal[0].efficiency > 0.97
    assert all(0 < row.efficiency <= 1 for row in rows)
    assert scale_chart(rows).png().startswith(b"\x89PNG")
