"""The timing core: what is queued on a device is waited for before each reading of the clock."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def measure(
    work: Callable[[int], object],
    *,
    clock: Callable[[], float],
    synchronise: Callable[[], None],
    warmup: int = 1,
    iterations: int = 5,
    seconds: float = 1.0,
) -> list[float]:
    """Seconds that each call of `work(k)` takes, until there are both `iterations` samples and `seconds` in their sum.

    clock: gives seconds and never goes back. synchronise: returns once the device has done all that was queued. The
    `warmup` calls before are not counted; k goes on counting through both.
    """
    for k in range(warmup):
        work(k)
    samples: list[float] = []
    while len(samples) < iterations or sum(samples) < seconds:
        synchronise()  # what was queued before is not this sample's
        begun = clock()
        work(warmup + len(samples))
        synchronise()
        samples.append(clock() - begun)
    return samples


def summary(rounds: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Raw samples of all rounds (how many each round gave), their median, median absolute deviation and 90th percentile.

    The percentile is linear between samples, as numpy's default; None below ten samples, where it would be a guess.
    """
    samples = [one for samples in rounds for one in samples]
    median = statistics.median(samples)
    return {
        "samples_s": samples,
        "rounds": [len(samples) for samples in rounds],
        "median_s": median,
        "mad_s": statistics.median(abs(one - median) for one in samples),
        "p90_s": statistics.quantiles(samples, n=10, method="inclusive")[-1]
        if len(samples) >= 10
        else None,
    }
