"""The timing core on a device that works later than it is told to."""

from __future__ import annotations

import numpy as np
import pytest
from queue_device import QueueDevice

from dwlab.bench.timing import measure, summary


def naive(work, *, clock, iterations):
    samples = []
    for k in range(iterations):
        begun = clock()
        work(k)
        samples.append(clock() - begun)
    return samples


def exact(samples, launch, cost):
    return samples == pytest.approx([launch + cost] * len(samples))


def test_the_timer_is_exact_on_a_device_that_works_later_and_a_naive_one_is_not():
    device = QueueDevice(launch=0.25)
    samples = measure(
        lambda k: device.enqueue(k, 2.0),
        clock=device.clock,
        synchronise=device.synchronise,
        warmup=2,
        iterations=4,
        seconds=0,
    )
    assert exact(samples, 0.25, 2.0) and device.given == [0, 1, 2, 3, 4, 5]
    other = QueueDevice(launch=0.25)
    assert not exact(
        naive(lambda k: other.enqueue(k, 2.0), clock=other.clock, iterations=4), 0.25, 2.0
    )


def test_work_that_was_queued_before_is_not_timed():
    device = QueueDevice(launch=0.0)
    device.enqueue(-1, 100.0)
    samples = measure(
        lambda k: device.enqueue(k, 1.0),
        clock=device.clock,
        synchronise=device.synchronise,
        warmup=0,
        iterations=1,
        seconds=0,
    )
    assert exact(samples, 0.0, 1.0)


@pytest.mark.parametrize(
    ("iterations", "seconds", "expected"), [(3, 0.0, 3), (3, 10.0, 5), (8, 10.0, 8)]
)
def test_measuring_goes_on_until_there_are_enough_samples_and_seconds(
    iterations, seconds, expected
):
    device = QueueDevice(launch=0.0)
    samples = measure(
        lambda k: device.enqueue(k, 2.0),
        clock=device.clock,
        synchronise=device.synchronise,
        iterations=iterations,
        seconds=seconds,
    )
    assert len(samples) == expected


def test_a_summary_keeps_all_samples_and_says_how_many_each_round_has():
    result = summary([[1.0, 3.0], [2.0, 10.0, 4.0]])
    assert result["samples_s"] == [1.0, 3.0, 2.0, 10.0, 4.0] and result["rounds"] == [2, 3]
    assert (result["median_s"], result["mad_s"], result["p90_s"]) == (3.0, 1.0, None)
    assert summary([[float(n) for n in range(11)]])["p90_s"] == pytest.approx(
        np.percentile(range(11), 90)
    )
