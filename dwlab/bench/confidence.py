"""How much faster one measurement is than another, with a 95% confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .files import Document

RESAMPLES = 2000
CHUNK = 200  # that are drawn at once; divides RESAMPLES


@dataclass(frozen=True)
class Speedup:
    """How many times faster: by the medians, and the ends of the 95% interval."""

    low: float
    median: float
    high: float

    def times(self, factor: float) -> Speedup:
        """All three multiplied by a factor."""
        return Speedup(self.low * factor, self.median * factor, self.high * factor)

    def interval_text(self) -> str:
        """The interval for people."""
        return f"{self.low:.2f}-{self.high:.2f}"


def speedup(baseline: Document, other: Document) -> Speedup:
    """How many times faster the phase `other` is than `baseline`; for phases see `timing.summary`.

    The interval is a bootstrap interval: rounds are resampled with replacement, then the samples of
    each one, 2,000 times with a fixed seed. Rounds come first because samples of one process
    resemble each other more than those of two.
    """
    random = np.random.default_rng(0)
    ratios = _resampled_medians(baseline, random) / _resampled_medians(other, random)
    low, high = np.percentile(ratios, [2.5, 97.5])
    median = baseline["median_s"] / other["median_s"]
    return Speedup(float(low), float(median), float(high))


def median_interval(phase: Document) -> tuple[float, float]:
    """The 95% interval of the median seconds of a phase, from the same bootstrap."""
    low, high = np.percentile(_resampled_medians(phase, np.random.default_rng(0)), [2.5, 97.5])
    return float(low), float(high)


def _resampled_medians(phase: Document, random: np.random.Generator) -> np.ndarray:
    counts = np.array(phase["rounds"])
    rounds = _rounds(phase["samples_s"], counts)
    medians = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, CHUNK):
        size = min(CHUNK, RESAMPLES - start)
        chosen = random.integers(0, len(counts), (size, len(counts)))
        drawn = random.random((size, len(counts), rounds.shape[1]))
        numbers = (drawn * counts[chosen][..., None]).astype(int)
        samples = rounds[chosen[..., None], numbers]
        # a round stands for as many samples as it has
        is_drawn = np.arange(rounds.shape[1]) < counts[chosen][..., None]
        samples = np.where(is_drawn, samples, np.nan).reshape(size, -1)
        medians[start : start + size] = np.nanmedian(samples, axis=1)
    return medians


def _rounds(samples: list[float], counts: np.ndarray) -> np.ndarray:
    """A row per round; the shorter ones end in NaN."""
    rounds = np.full((len(counts), counts.max()), np.nan)
    for number, part in enumerate(np.split(np.array(samples), np.cumsum(counts)[:-1])):
        rounds[number, : len(part)] = part
    return rounds
