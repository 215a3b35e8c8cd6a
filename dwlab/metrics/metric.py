"""A metric of finished pictures: what it compares, which way is better, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from .setup import Setup


class Scope(Enum):
    """What a picture is measured with."""

    ALONE = "the picture and its prompt"
    REFERENCE = "the picture of the same sweep that `against` names"
    SEEDS = "the pictures that differ only in seed"
    SWEEP = "all pictures of the sweep"


class Scorer(Protocol):
    """Measures pictures one by one."""

    def scores(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> list[float]:
        """The value of each picture, which was made from the prompt at the same place."""


class Distance(Protocol):
    """Measures pictures in pairs."""

    def features(self, pictures: Sequence[Image.Image]) -> list[Any]:
        """What is needed of each picture to compare it."""

    def between(self, first: Sequence[Any], second: Sequence[Any]) -> list[float | None]:
        """The value of each pair, by their features; None for a pair that cannot be compared."""


class Counter(Protocol):
    """Measures pictures among all others."""

    def counts(
        self, pictures: Sequence[str], read: Callable[[str], Image.Image]
    ) -> list[int | None]:
        """The value of each picture, None for one that cannot be read. pictures: their names."""


@dataclass(frozen=True)
class Metric:
    """A metric of finished pictures.

    version: raised when values change, so that old ones are measured again. make: builds what
    measures: a Scorer, a Distance or a Counter by the scope. is_higher_better: which way is better.
    span: the largest difference that two values can have, None if there is no limit. needs, takes:
    options that must or may be set. reads_prompt: whether the value depends on the prompt.
    library: one of the extra `metrics` that it needs. by: the distances that it can be measured by,
    the usual one first; by_without_network: those of them that look through no network.
    """

    name: str
    version: int
    scope: Scope
    make: Callable[[Setup], Any]
    is_higher_better: bool = True
    span: float | None = None
    needs: frozenset[str] = field(default_factory=frozenset)
    takes: frozenset[str] = field(default_factory=frozenset)
    reads_prompt: bool = False
    library: str = ""
    by: tuple[str, ...] = ()
    by_without_network: tuple[str, ...] = ()
