"""Where an engine's time goes, as far as torch's profiler can tell."""

from __future__ import annotations

import pytest

from dwlab.bench.engine.profile import profile
from dwlab.errors import InvalidInput


@pytest.mark.parametrize("engine", ["warp", "packed-openvino", "openvino-genai", "sdcpp"])
def test_engines_that_torch_does_not_compute_are_refused(engine):
    with pytest.raises(InvalidInput, match=f"engine is '{engine}'; allowed: one that torch .*loop"):
        profile("shapes", engine, device="cpu", grid="mixed", scale=0.1, limit=1)


def test_an_unknown_grid_is_refused():
    with pytest.raises(InvalidInput, match="grid is 'warp'"):
        profile("shapes", device="cpu", grid="warp", scale=0.1, limit=1)


@pytest.mark.slow
def test_a_unet_spends_its_time_in_convolutions_and_matrix_products():
    found = profile("shapes", "loop", device="cpu", grid="mixed", scale=0.1, limit=2)
    assert found.shares["convolution"].operations > found.shares["matrix product"].operations > 0
    assert 0 < sum(share.seconds for share in found.shares.values()) < 1.5 * found.wall
    assert found.matmul > 0 and "convolution" in found.text()
