"""Which column says how good a picture is."""

from __future__ import annotations

import numpy as np
from sweep_tables import sweep_table

from dwlab.analysis.quality import quality_of


def test_a_named_metric_that_was_never_measured_ranks_nothing(tmp_path):
    table = sweep_table(tmp_path)
    table.attrs["metric"] = "contrast"
    assert quality_of(table) is None
    table["contrast"] = np.nan
    assert quality_of(table) is None
