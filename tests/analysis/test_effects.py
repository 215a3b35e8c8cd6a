"""What each axis does to a metric."""

from __future__ import annotations

import numpy as np
import pytest
from sweep_tables import sweep_table

from dwlab.analysis.findings import axis_effects


def test_axis_effects_average_seeds_before_they_spread(tmp_path):
    table = sweep_table(tmp_path, ("a star",), guidance=(1.0,))
    table["adherence"] = [0.0, 1.0, 0.2, 0.8]  # steps 4, 8 by seed 0, 1
    effects = axis_effects(table, "adherence").set_index(["axis", "value"])
    assert effects.loc[("steps", "4"), "mean"] == pytest.approx(0.5)
    assert effects.loc[("steps", "4"), "spread"] == pytest.approx(
        np.std([0.0, 1.0], ddof=1)
    )  # one setting: its seeds
    assert effects.loc[("seed", "1"), "spread"] == pytest.approx(np.std([1.0, 0.8], ddof=1))
    wider = axis_effects(sweep_table(tmp_path), "adherence").set_index(["axis", "value"])
    assert wider.loc[("prompt", "a star"), "spread"] == pytest.approx(
        np.std([0.14, 0.44, 0.18, 0.48], ddof=1)
    )
