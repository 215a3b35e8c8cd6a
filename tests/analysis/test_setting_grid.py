from __future__ import annotations

import numpy as np
import pytest

from dwlab.analysis.setting_grid import typical_jump


def test_two_settings_jump_as_far_as_they_are_apart():
    values = np.array([[[1.0, 1.0]], [[0.8, 1.0]]])
    assert typical_jump(values) == pytest.approx(0.2)
