"""The count of floating-point operations."""

from __future__ import annotations

import pytest
from bench.made_up import configuration

from dwlab.bench import timed_calls
from dwlab.bench.operations import tera_operations
from dwlab.bench.probe import probe
from dwlab.models import loading


def test_operations_are_those_that_torch_counts_on_the_real_modules():
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    model, one = loading.load("shapes", "cpu"), configuration()
    counted = tera_operations(model, probe(model, one, 0))
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        timed_calls.call(model, one, 0)
    assert counted == pytest.approx(counter.get_total_flops() / 1e12, rel=0.02)
