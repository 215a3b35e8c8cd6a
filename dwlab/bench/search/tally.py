"""How searches went on many tables or in many orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .replay import Outcome


THE_TABLE = "the table"
RESAMPLED = "resampled"


@dataclass(frozen=True)
class Choices:
    """How often a method chose right.

    tables: the table itself, or others that are resampled of it. right, within: shares of the searches. rows: the mean share of
    the grid's rows; rows_90: what 9 of 10 searches stay below.
    """

    metric: str
    tables: str
    method: str
    searches: int
    right: float
    within: float
    rows: float
    rows_90: float
    pictures: float

    @classmethod
    def of(cls, metric: str, tables: str, method: str, outcomes: Sequence[Outcome]) -> Choices:
        """The tally of some searches."""
        shares = [each.share for each in outcomes]
        return cls(
            metric=metric,
            tables=tables,
            method=method,
            searches=len(outcomes),
            right=float(np.mean([each.is_right for each in outcomes])),
            within=float(np.mean([each.is_within for each in outcomes])),
            rows=float(np.mean(shares)),
            rows_90=float(np.quantile(shares, 0.9)),
            pictures=float(np.mean([each.pictures for each in outcomes])),
        )


@dataclass(frozen=True)
class Claims:
    """How often a method claims something, and how often that is wrong.

    held_out: pictures per setting of the claim. shown: the share of searches that say that the
    chosen setting is within the margin. wrong: the share in which that is not true. open: those that
    say that it cannot be told. within: those whose choice is within the margin, shown or not.
    """

    metric: str
    method: str
    held_out: int
    searches: int
    shown: float
    wrong: float
    open: float
    within: float
    rows: float

    @classmethod
    def of(cls, metric: str, method: str, held_out: int, outcomes: Sequence[Outcome]) -> Claims:
        """The tally of some searches."""
        shown = np.array([each.is_shown for each in outcomes])
        within = np.array([each.is_within for each in outcomes])
        return cls(
            metric=metric,
            method=method,
            held_out=held_out,
            searches=len(outcomes),
            shown=float(shown.mean()),
            wrong=float((shown & ~within).mean()),
            open=float((~shown).mean()),
            within=float(within.mean()),
            rows=float(np.mean([each.share for each in outcomes])),
        )
