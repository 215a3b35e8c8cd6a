"""The meter of engines on a device that works later than it is told to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from queue_device import QueueDevice, WaitingClock

from dwlab.bench.engine.meter import metered

COST = 2.0  # seconds of a forward on the device
PYTHON = 1.0  # and of the pipeline's Python between two of them
LAUNCH = 0.25
FORWARDS = 4


class Denoiser(torch.nn.Module):
    def __init__(self, device):
        super().__init__()
        self.queue = device

    def forward(self, rows):
        self.queue.enqueue(len(rows), COST)
        return rows


def drawn(clock_of, python=PYTHON):
    """The meter after an engine drew, and the wall time, with the wait for the last picture."""
    device = QueueDevice(launch=LAUNCH)
    denoiser = Denoiser(device)
    pipeline = SimpleNamespace(unet=denoiser, components={})
    with metered(SimpleNamespace(pipeline=pipeline), clock_of(device)) as meter:
        for _ in range(FORWARDS):
            denoiser(torch.zeros(3, 1))
            device.now += python
        waits = device.waits
        device.synchronise()
    return meter, device.now, waits


def test_work_that_overlaps_with_python_counts_as_busy_and_nothing_waits_for_it():
    meter, wall, waits = drawn(lambda device: device)
    assert (meter.forwards, meter.rows, waits) == (FORWARDS, 3 * FORWARDS, 0)
    # the device is idle until the first forward comes, and never again
    assert meter.seconds == pytest.approx(FORWARDS * COST + LAUNCH)
    assert wall == pytest.approx(FORWARDS * COST + LAUNCH)


def test_a_device_that_waits_for_python_is_seen_to_be_idle():
    meter, wall, _ = drawn(lambda device: device, python=5.0)
    assert wall == pytest.approx(FORWARDS * (LAUNCH + 5.0))
    assert meter.seconds == pytest.approx(FORWARDS * (LAUNCH + COST))


def test_a_clock_that_waits_would_be_noticed():
    """It takes away the overlap that an engine is measured for."""
    meter, wall, waits = drawn(WaitingClock)
    assert waits == 2 * FORWARDS
    assert wall == pytest.approx(FORWARDS * (COST + LAUNCH + PYTHON))
    assert 1 - meter.seconds / wall > 0.25
