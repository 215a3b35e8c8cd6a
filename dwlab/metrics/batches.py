"""Measures many pictures: in batches, each picture read and looked at as seldom as possible."""

from __future__ import annotations

import functools
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import first_line
from .measured_cell import MeasuredCell
from .metric import Scope
from .own import PictureFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from PIL import Image

    from .metric import Counter, Distance, Scorer

    Reader = Callable[[str], Image.Image]
    Values = dict[str, float]

log = logging.getLogger(__name__)
FEATURES = 64  # pictures whose features wait in case that they are needed again


@dataclass(frozen=True)
class Subject:
    """A picture to measure. params: its recipe. others: the keys of those it is compared with."""

    key: str
    params: Mapping[str, Any]
    others: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """What it was made from."""
        return str(self.params.get("prompt", ""))


@dataclass(frozen=True)
class Batch:
    """Pictures that were measured together.

    values: by key; pictures that failed have none. failures: why, by key, as far as it is known.
    """

    pictures: int
    values: Values
    failures: dict[str, str] = field(default_factory=dict)


def in_batches(
    column: str,
    scope: Scope,
    measurer: Any,
    subjects: Sequence[Subject],
    read: Reader,
    everything: Sequence[str],
    *,
    size: int,
) -> Iterator[Batch]:
    """The values of pictures, batch by batch.

    column: what is measured, for warnings. measurer: what the metric of this scope makes. read:
    opens a picture by its key, and raises DwlabError if it cannot. everything: the keys of all
    pictures of the sweep. size: how many pictures are looked at together. A picture that cannot be
    measured costs only its own value; the log and `failures` say why.
    """
    if scope is Scope.SWEEP:
        yield _warned(column, _counted(measurer, subjects, read, everything))
        return
    measure = _measure_of(scope, measurer, read, size)
    for batch in _cut(subjects, size):
        yield _warned(column, _tried(measure, batch))


def _measure_of(scope: Scope, measurer: Any, read: Reader, size: int) -> _Measure:
    if isinstance(measurer, PictureFunction):
        return _Calling(measurer, read, compares=scope is Scope.REFERENCE)
    if scope is Scope.ALONE:
        return _Scoring(measurer, read)
    return _Comparing(measurer, read, size)


def _cut(subjects: Sequence[Subject], most: int) -> Iterator[list[Subject]]:
    """The pictures in batches, those with the same companions side by side."""
    batch: list[Subject] = []
    size = 0
    for subject in sorted(subjects, key=lambda subject: subject.others):
        batch.append(subject)
        size += max(1, len(subject.others))
        if size >= most:
            yield batch
            batch = []
            size = 0
    if batch:
        yield batch


def _tried(measure: _Measure, batch: Sequence[Subject]) -> Batch:
    """The values of a batch; if it fails, those of each picture by itself."""
    try:
        values: dict[str, float | None] = dict.fromkeys([subject.key for subject in batch])
        return _finite(values | dict(measure(batch)))
    # One picture is damaged, memory ran out, or code of the user's own ends: whatever it is, the
    # others can be measured.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        if len(batch) == 1:
            reason = f"{type(error).__name__}: {first_line(error)}"
            return Batch(1, {}, {batch[0].key: reason})
    parts = [_tried(measure, [subject]) for subject in batch]
    numbers: Values = {}
    failures: dict[str, str] = {}
    for part in parts:
        numbers |= part.values
        failures |= part.failures
    return Batch(len(batch), numbers, failures)


def _finite(values: Mapping[str, float | None]) -> Batch:
    """A batch with those values that are numbers."""
    numbers: Values = {}
    failures: dict[str, str] = {}
    for key, value in values.items():
        if value is None:
            failures[key] = "the metric gives it no value"
        elif math.isfinite(value):
            numbers[key] = value
        else:
            failures[key] = f"the value is {value}"
    return Batch(len(values), numbers, failures)


def _warned(column: str, batch: Batch) -> Batch:
    for key, reason in batch.failures.items():
        log.warning("%s of cell %s is empty: %s", column, key, reason)
    return batch


class _Scoring:
    """Measures pictures one by one."""

    def __init__(self, scorer: Scorer, read: Reader) -> None:
        self._scorer = scorer
        self._read = read

    def __call__(self, batch: Sequence[Subject]) -> Mapping[str, float | None]:
        pictures = [self._read(subject.key) for subject in batch]
        prompts = [subject.prompt for subject in batch]
        scores = self._scorer.scores(pictures, prompts)
        return dict(zip([subject.key for subject in batch], scores, strict=True))


class _Comparing:
    """Measures pictures by their mean distance to others, whose features are kept for a while."""

    def __init__(self, distance: Distance, read: Reader, size: int) -> None:
        self._distance = distance
        self._read = read
        self._size = size
        self._features: dict[str, Any] = {}

    def __call__(self, batch: Sequence[Subject]) -> Mapping[str, float | None]:
        pairs = [(subject.key, other) for subject in batch for other in subject.others]
        self._look_at([key for pair in pairs for key in pair])
        first = [self._features[key] for key, _ in pairs]
        second = [self._features[key] for _, key in pairs]
        distances: dict[str, list[float]] = {}
        for (key, _), value in zip(pairs, self._distance.between(first, second), strict=True):
            if value is not None:
                distances.setdefault(key, []).append(value)
        return {key: sum(each) / len(each) for key, each in distances.items()}

    def _look_at(self, keys: Sequence[str]) -> None:
        """Make the features of pictures that are not known, and forget the oldest of others."""
        needed = dict.fromkeys(keys)
        new = [key for key in needed if key not in self._features]
        for start in range(0, len(new), self._size):
            names = new[start : start + self._size]
            features = self._distance.features([self._read(key) for key in names])
            self._features |= dict(zip(names, features, strict=True))
        idle = [key for key in self._features if key not in needed]
        for key in idle[: max(0, len(self._features) - FEATURES)]:
            del self._features[key]


class _Calling:
    """Measures pictures by a function of pictures and cells. compares: whether with references."""

    def __init__(self, function: PictureFunction, read: Reader, *, compares: bool) -> None:
        self._function = function
        self._read = read
        self._compares = compares

    def __call__(self, batch: Sequence[Subject]) -> Mapping[str, float | None]:
        pictures = [self._read(subject.key) for subject in batch]
        cells = [MeasuredCell(subject.key, subject.params) for subject in batch]
        references = None
        if self._compares:
            # many pictures have the same one
            read = functools.cache(self._read)
            references = [read(subject.others[0]) for subject in batch]
        values = self._function.values(pictures, cells, references)
        return dict(zip([subject.key for subject in batch], values, strict=True))


_Measure = _Scoring | _Comparing | _Calling


def _counted(
    counter: Counter, subjects: Sequence[Subject], read: Reader, everything: Sequence[str]
) -> Batch:
    counts = dict(zip(everything, counter.counts(everything, read), strict=True))
    return _finite({subject.key: counts[subject.key] for subject in subjects})
