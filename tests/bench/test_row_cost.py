"""What a row of the denoiser costs."""

from __future__ import annotations

from dwlab.bench import row_cost
from dwlab.models import loading


def test_a_row_costs_something_however_many_there_are():
    model = loading.load("shapes", "cpu")
    assert row_cost.seconds_per_row(model, 1, 1) > 0
    assert row_cost.seconds_per_row(model, 3, 1) > 0
