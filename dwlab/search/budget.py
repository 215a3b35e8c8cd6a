"""What a search may spend: `30min`, `2000 rows` or `500 pictures`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .problem import Draw

ALLOWED = "a time like 30min, 90s or 2h, rows of the denoiser like 2000 rows, or 500 pictures"
_FORM = re.compile(r"\s*(\d[\d,_]*(?:\.\d+)?)\s*([a-z]+)\s*")
_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
}


class Unit(StrEnum):
    """What a budget counts."""

    SECONDS = "seconds"
    ROWS = "rows"
    PICTURES = "pictures"


_COUNTED = {
    "row": Unit.ROWS,
    "rows": Unit.ROWS,
    "picture": Unit.PICTURES,
    "pictures": Unit.PICTURES,
}


@dataclass(frozen=True)
class Spent:
    """What pictures have cost."""

    pictures: int = 0
    rows: float = 0.0
    seconds: float = 0.0

    def of(self, unit: Unit) -> float:
        """How much of one unit."""
        return float(getattr(self, unit))


@dataclass(frozen=True)
class Budget:
    """At most so many seconds, rows of the denoiser or pictures."""

    amount: float
    unit: Unit

    @classmethod
    def parse(cls, text: object) -> Budget:
        """The budget that a text names; raises InvalidInput for another one."""
        match = _FORM.fullmatch(text.casefold()) if isinstance(text, str) else None
        if match is None:
            raise InvalidInput("budget", text, ALLOWED)
        amount = float(match[1].replace(",", "").replace("_", ""))
        word = match[2]
        if amount <= 0 or (word not in _SECONDS and word not in _COUNTED):
            raise InvalidInput("budget", text, ALLOWED)
        if word in _SECONDS:
            return cls(amount * _SECONDS[word], Unit.SECONDS)
        return cls(amount, _COUNTED[word])

    def part(self, share: float) -> Budget:
        """A share of the budget, from 0 to 1."""
        return Budget(self.amount * share, self.unit)

    def left(self, spent: Spent) -> float:
        """How much is left, 0 or more."""
        return max(0.0, self.amount - spent.of(self.unit))

    def fitting(
        self,
        draws: Sequence[Draw],
        prices: Sequence[float],
        spent: Spent,
        seconds_per_row: float | None = None,
    ) -> list[Draw]:
        """The first draws that the rest of the budget pays.

        prices: rows of a picture of each setting. seconds_per_row: of a budget in seconds, by
        default what the pictures so far took; if nothing is known, all fit until the time is over.
        """
        left = self.left(spent)
        if seconds_per_row is None and spent.rows > 0:
            seconds_per_row = spent.seconds / spent.rows
        chosen = []
        for draw in draws:
            left -= self._cost(prices[draw.setting], seconds_per_row or 0.0)
            if left < 0:
                break
            chosen.append(draw)
        return [] if self.left(spent) == 0 else chosen

    def _cost(self, price: float, seconds_per_row: float) -> float:
        if self.unit is Unit.PICTURES:
            return 1.0
        return price if self.unit is Unit.ROWS else price * seconds_per_row

    def __str__(self) -> str:
        if self.unit is Unit.SECONDS:
            return f"{self.amount / 60:g} min"
        return f"{self.amount:,g} {self.unit}"
