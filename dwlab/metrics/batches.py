"""Measures many pictures: in batches, each picture read and looked at as seldom as possible."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .metric import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PIL import Image

    from .metric import Counter, Distance, Scorer

    Reader = Callable[[str], Image.Image]
    Values = dict[str, float]

log = logging.getLogger(__name__)
BATCH = 32  # pictures that are looked at together
FEATURES = 64  # pictures whose features wait in case that they are needed again


@dataclass(frozen=True)
class Subject:
    """A picture to measure. others: the keys of those that it is compared with."""

    key: str
    prompt: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Pictures that were measured together. values: by key; pictures that failed have none."""

    pictures: int
    values: Values


def in_batches(
    scope: Scope,
    measurer: Any,
    subjects: Sequence[Subject],
    read: Reader,
    everything: Sequence[str],
) -> Iterator[Batch]:
    """The values of pictures, batch by batch.

    measurer: what the metric of this scope makes. read: opens a picture by its key, and raises
    DwlabError if it cannot. everything: the keys of all pictures of the sweep. A picture that
    cannot be measured costs only its own value; the log says why.
    """
    if scope is Scope.SWEEP:
        yield _counted(measurer, subjects, read, everything)
        return
    measure: _Measure = _Scoring(measurer, read)
    if scope is not Scope.ALONE:
        measure = _Comparing(measurer, read)
    for batch in _cut(subjects):
        yield Batch(len(batch), _tried(measure, batch))


def _cut(subjects: Sequence[Subject]) -> Iterator[list[Subject]]:
    """The pictures in batches, those with the same companions side by side."""
    batch: list[Subject] = []
    size = 0
    for subject in sorted(subjects, key=lambda subject: subject.others):
        batch.append(subject)
        size += max(1, len(subject.others))
        if size >= BATCH:
            yield batch
            batch = []
            size = 0
    if batch:
        yield batch


def _tried(measure: _Measure, batch: Sequence[Subject]) -> Values:
    """The values of a batch; if it fails, those of each picture by itself."""
    try:
        return measure(batch)
    # one picture is damaged, or memory ran out: whatever it is, the others can be measured
    except Exception as error:  # noqa: BLE001
        if len(batch) > 1:
            values: Values = {}
            for subject in batch:
                values |= _tried(measure, [subject])
            return values
        log.warning(
            "picture %s cannot be measured: %s: %s", batch[0].key, type(error).__name__, error
        )
        return {}


class _Scoring:
    """Measures pictures one by one."""

    def __init__(self, scorer: Scorer, read: Reader) -> None:
        self._scorer = scorer
        self._read = read

    def __call__(self, batch: Sequence[Subject]) -> Values:
        pictures = [self._read(subject.key) for subject in batch]
        prompts = [subject.prompt for subject in batch]
        scores = self._scorer.scores(pictures, prompts)
        return _finite(dict(zip([subject.key for subject in batch], scores, strict=True)))


class _Comparing:
    """Measures pictures by their mean distance to others, whose features are kept for a while."""

    def __init__(self, distance: Distance, read: Reader) -> None:
        self._distance = distance
        self._read = read
        self._features: dict[str, Any] = {}

    def __call__(self, batch: Sequence[Subject]) -> Values:
        pairs = [(subject.key, other) for subject in batch for other in subject.others]
        self._look_at([key for pair in pairs for key in pair])
        first = [self._features[key] for key, _ in pairs]
        second = [self._features[key] for _, key in pairs]
        distances: dict[str, list[float]] = {}
        for (key, _), value in zip(pairs, self._distance.between(first, second), strict=True):
            if value is not None:
                distances.setdefault(key, []).append(value)
        return _finite({key: sum(each) / len(each) for key, each in distances.items()})

    def _look_at(self, keys: Sequence[str]) -> None:
        """Make the features of pictures that are not known, and forget the oldest of others."""
        needed = dict.fromkeys(keys)
        new = [key for key in needed if key not in self._features]
        for start in range(0, len(new), BATCH):
            names = new[start : start + BATCH]
            features = self._distance.features([self._read(key) for key in names])
            self._features |= dict(zip(names, features, strict=True))
        idle = [key for key in self._features if key not in needed]
        for key in idle[: max(0, len(self._features) - FEATURES)]:
            del self._features[key]


_Measure = _Scoring | _Comparing


def _counted(
    counter: Counter, subjects: Sequence[Subject], read: Reader, everything: Sequence[str]
) -> Batch:
    counts = dict(zip(everything, counter.counts(everything, read), strict=True))
    values = {subject.key: counts[subject.key] for subject in subjects}
    return Batch(len(subjects), {key: float(n) for key, n in values.items() if n is not None})


def _finite(values: Values) -> Values:
    """The values that are numbers; the log names the pictures of the others."""
    for key, value in values.items():
        if not math.isfinite(value):
            log.warning("picture %s cannot be measured: the value is %s", key, value)
    return {key: value for key, value in values.items() if math.isfinite(value)}
