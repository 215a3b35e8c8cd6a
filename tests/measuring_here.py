"""Benchmarks that measure in the process of the tests: each of their own takes seconds to import torch."""

from __future__ import annotations

from dwlab.bench import worker


def measure_here(configuration, task, _result, **_options):
    """In the place of `dwlab.bench.runner.run_worker`."""
    return worker.attempt(configuration, task)
