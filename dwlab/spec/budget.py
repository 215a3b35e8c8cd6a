"""What a search may spend, in words: `30min`, `2000 rows` or `500 pictures`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .._util.counted import counted
from .._util.durations import rough_duration
from ..errors import InvalidInput

FIELD = "budget"
LIMIT = 1e9  # rows, pictures or seconds
ALLOWED = (
    "an amount above 0 with its unit, like 30min, 2h, 2000 rows or 500 pictures; rows are those of the "
    f"denoiser, and {LIMIT:,.0f} is the most"
)
_TEXT = re.compile(r"\s*(\d+(?:,\d{3})*(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}


class Unit(StrEnum):
    """What a budget is counted in. Seconds are of the device, added up over all devices."""

    SECONDS = "seconds"
    ROWS = "rows"
    PICTURES = "pictures"


@dataclass(frozen=True)
class Budget:
    """What a search may spend: an amount above 0 in a unit."""

    amount: float
    unit: Unit

    @classmethod
    def parse(cls, value: object) -> Budget:
        """The budget that a text says.

        Raises InvalidInput for anything but an amount with a unit, for an amount that is not above 0 or
        beyond a thousand million, and for parts of a row or picture.
        """
        match = _TEXT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise InvalidInput(FIELD, value, ALLOWED)
        amount = float(match[1].replace(",", ""))
        budget = _budget(amount, match[2].lower())
        if budget is None or not 0 < budget.amount <= LIMIT:
            raise InvalidInput(FIELD, value, ALLOWED)
        return budget

    def part(self, share: float) -> Budget:
        """A share of the budget, from 0 to 1."""
        return Budget(self.amount * share, self.unit)

    def __str__(self) -> str:
        return amount_text(self.amount, self.unit)


def amount_text(amount: float, unit: Unit) -> str:
    """An amount of a unit, for people: `2,000 denoiser rows`, `1 picture`, `30 min`."""
    if unit is Unit.SECONDS:
        return rough_duration(amount) if amount >= 10 else f"{amount:g} s"
    return counted(round(amount), "picture" if unit is Unit.PICTURES else "denoiser row")


def _budget(amount: float, word: str) -> Budget | None:
    if word in ("row", "rows"):
        return _whole(amount, Unit.ROWS)
    if word in ("picture", "pictures"):
        return _whole(amount, Unit.PICTURES)
    seconds = _SECONDS.get(word) or _SECONDS.get(word.removesuffix("s"))
    return Budget(amount * seconds, Unit.SECONDS) if seconds else None


def _whole(amount: float, unit: Unit) -> Budget | None:
    """A budget of things that are not divided; None for a part of one."""
    return Budget(amount, unit) if amount.is_integer() else None
