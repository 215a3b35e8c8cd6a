"""A metric of finished pictures: what it compares, which way is better, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from ..spec.own_code.metric_facts import MetricFacts
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
class Options:
    """What a metric of dwlab's says besides its facts.

    scope: what a picture is measured with. needs, takes: options that must or may be set.
    reads_prompt, reads_cells: whether the value depends on the prompt, or on all of the recipe.
    library: one of the extra `metrics` that
    it needs. by: the distances that it can be measured by, the usual one first; by_without_network:
    those of them that look through no network.
    usual: whether it is measured as pictures are saved. Its function takes pictures and cells then,
    and returns a map for each picture, with a value for each of `columns`. model: the only model
    whose pictures are measured unless it is named; None for all. Otherwise the function takes a
    Setup, and returns what measures: a Scorer, a Distance or a Counter by the scope.
    """

    scope: Scope = Scope.ALONE
    needs: frozenset[str] = field(default_factory=frozenset)
    takes: frozenset[str] = field(default_factory=frozenset)
    reads_prompt: bool = False
    reads_cells: bool = False
    library: str = ""
    by: tuple[str, ...] = ()
    by_without_network: tuple[str, ...] = ()
    usual: bool = False
    columns: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True)
class Metric:
    """A metric of finished pictures. make: builds what measures. code: the hash of code of others."""

    name: str
    facts: MetricFacts
    options: Options
    make: Callable[[Setup], Any]
    code: str = ""

    @property
    def scope(self) -> Scope:
        """What a picture is measured with."""
        return self.options.scope

    @property
    def allowed_options(self) -> frozenset[str]:
        """The options that it needs or takes."""
        return self.options.needs | self.options.takes
