"""The status of a configuration that cannot be measured."""

from __future__ import annotations

from bench.made_up import configuration

from dwlab.bench import timed_calls, worker
from dwlab.bench.tasks import MeasureTask
from dwlab.models.settings import Settings

TASK = MeasureTask(warmup=0, iterations=1, seconds=0.0, first=True)


def test_settings_that_cannot_work_here_are_unsupported():
    assert (
        worker.attempt(configuration(settings=Settings(offload="model")), TASK)["status"]
        == "unsupported"
    )


def test_memory_that_runs_out_is_the_status_oom(monkeypatch):
    def full(*_args, **_more):
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        )

    monkeypatch.setattr(timed_calls, "call", full)
    assert worker.attempt(configuration(), TASK)["status"] == "oom"
