"""Forwards under torch.compile."""

from __future__ import annotations

import pytest
import torch

from dwlab.models.compilation import compiled


@pytest.mark.parametrize("mode", ["reduce-overhead", "max-autotune"])
def test_results_of_cuda_graphs_outlive_the_next_call(monkeypatch, mode):
    """A graph has one place for its result."""
    place = torch.zeros(2)
    monkeypatch.setattr(torch, "compile", lambda _, **__: lambda values: (place.copy_(values),))
    call = compiled(lambda values: (values,), mode)
    (first,) = call(torch.ones(2))
    call(torch.full((2,), 5.0))
    assert first.tolist() == [1, 1]
