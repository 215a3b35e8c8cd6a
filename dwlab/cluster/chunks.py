"""What is placed on workers: cells as loads, and chunks of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias

from ..errors import first_line
from ..models.memory import is_out_of_memory

# What a worker needs in memory for a cell, from coarse to fine: the model, its adapters, the size.
Group: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """A cell as work. cost: in proportion to the costs of the other cells of its group."""

    position: int
    group: Group
    cost: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """Cells that a worker gets together; all of one group.

    misfortunes: how many chunks that these cells were in came to nothing, one within the other.
    is_second_try: a single cell that came to nothing alone.
    avoid: the place where that happened last.
    moved_from: the number of the chunk that they were taken out of because it took too long.
    """

    number: int
    loads: tuple[Load, ...]
    misfortunes: int = 0
    is_second_try: bool = False
    avoid: str | None = None
    moved_from: int | None = None

    @property
    def group(self) -> Group:
        """What a worker needs in memory for it."""
        return self.loads[0].group

    @property
    def cost(self) -> float:
        """Of all of its cells."""
        return sum(load.cost for load in self.loads)

    @property
    def positions(self) -> tuple[int, ...]:
        """Those of its cells."""
        return tuple(load.position for load in self.loads)

    def with_loads(self, loads: list[Load]) -> Chunk:
        """The same with some of its cells only."""
        return replace(self, loads=tuple(loads))


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A cell that will not be tried again in this run. reason: for its row."""

    position: int
    reason: str
    status: Literal["failed", "oom"] = "failed"


@dataclass(frozen=True, slots=True)
class Misfortune:
    """Why a chunk came to nothing. what: of its worker, like "died"."""

    what: str
    status: Literal["failed", "oom"] = "failed"

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """What it is that a worker raised an error."""
        if isinstance(error, Exception) and is_out_of_memory(error):
            return cls("ran out of memory", "oom")
        return cls(f"raised {type(error).__name__}: {first_line(error)}")


DIED = Misfortune("died")
HUNG = Misfortune("gave no sign of life")
