"""The timing core: warm-up calls are left out, and the device is waited for before each reading."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .files import Document

# Below so many samples a 90th percentile would be a guess.
PERCENTILE_SAMPLES = 10


def measure(
    work: Callable[[int], object],
    *,
    clock: Callable[[], float],
    synchronise: Callable[[], None],
    warmup: int = 1,
    iterations: int = 5,
    seconds: float = 1.0,
) -> list[float]:
    """Seconds of each call of `work(k)`: at least `iterations` samples, and `seconds` in their sum.

    clock: returns seconds and never goes back. synchronise: returns once the device has done all
    that was queued. warmup: calls before the first sample, which are not counted; k goes on
    counting through both.
    """
    for k in range(warmup):
        work(k)
    samples: list[float] = []
    while len(samples) < iterations or sum(samples) < seconds:
        # what was queued before is not part of this sample
        synchronise()
        begun = clock()
        work(warmup + len(samples))
        synchronise()
        samples.append(clock() - begun)
    return samples


def summary(rounds: Sequence[Sequence[float]]) -> Document:
    """The samples of all rounds with their median, median absolute deviation and 90th percentile.

    rounds: how many samples each round has. Outliers are not left out, but hardly move the median
    and the deviation. The percentile is linear between samples, as numpy's default; None below ten
    samples, when it would be a guess.
    """
    samples = list(itertools.chain.from_iterable(rounds))
    median = statistics.median(samples)
    percentile = None
    if len(samples) >= PERCENTILE_SAMPLES:
        percentile = statistics.quantiles(samples, n=10, method="inclusive")[-1]
    return {
        "samples_s": samples,
        "rounds": [len(samples_of_round) for samples_of_round in rounds],
        "median_s": median,
        "mad_s": statistics.median(abs(sample - median) for sample in samples),
        "p90_s": percentile,
    }
