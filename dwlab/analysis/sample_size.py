"""How many more prompts or seeds it would take to tell a difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.counted import counted
from ..errors import InvalidInput
from .comparison import paired
from .precision import more_needed
from .setting_grid import SAMPLED
from .statistics_text import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from .precision import More


@dataclass(frozen=True)
class Power:
    """How precise a comparison is, and what would make it precise enough.

    apart: the difference that it should tell from none. reach: how far its 95% interval reaches to
    each side now; infinite if nothing is known of it. more: None if it is precise enough.
    """

    metric: str
    a: str
    b: str
    apart: float
    reach: float
    prompts: int
    seeds: int
    target: str
    more: More | None

    @property
    def sentence(self) -> str:
        """The answer in words."""
        now = (
            f"{counted(self.prompts, 'prompt')} and {counted(self.seeds, 'seed')} tell {self.metric} at "
            f"{self.a} from {self.b}, for {self.target}, if they are {number_text(self.reach)} apart"
        )
        if self.more is None:
            return f"{now}: enough for {number_text(self.apart)}."
        return f"{now}; for {number_text(self.apart)} it would take {self.more}."

    def __str__(self) -> str:
        return self.sentence


def power(
    table: pd.DataFrame,
    metric: str,
    a: Mapping[str, object],
    b: Mapping[str, object],
    *,
    apart: float | None = None,
    target: str = SAMPLED,
) -> Power:
    """How many more prompts or seeds tell two values of a setting apart.

    apart: the smallest difference that matters; by default the one that the pairs show now. The
    95% interval has to reach no further than that to each side. The variances are taken for what
    they seem to be now, so the answer is rough. Other arguments and errors as for `compare`.
    """
    if apart is not None and not 0 < apart < float("inf"):
        raise InvalidInput("apart", apart, "a number above 0")
    pairs = paired(table, metric, a, b, target=target)
    means = pairs.means
    distance = abs(float(means.mean[0])) if apart is None else apart
    reach = float((means.high()[0] - means.low()[0]) / 2)
    prompts, seeds = int(means.margins.prompts[0]), int(means.margins.seeds[0])
    enough = reach <= distance
    return Power(
        metric=metric,
        a=pairs.a,
        b=pairs.b,
        apart=distance,
        reach=reach,
        prompts=prompts,
        seeds=seeds,
        target=pairs.target,
        more=None if enough else more_needed(means.spread.at(0), prompts, seeds, distance),
    )
