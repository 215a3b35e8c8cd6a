"""Memory in use while something is computed."""

from __future__ import annotations

from dwlab.models.memory import peak_memory


def test_the_peak_of_a_computation_on_the_cpu_is_the_memory_of_the_process():
    size = 50_000_000
    before = peak_memory("cpu", lambda: None)["resident_gb"]
    during = peak_memory("cpu", lambda: [bytes([1]) * size, bytes([2]) * size])["resident_gb"]
    assert 0 < before <= during
