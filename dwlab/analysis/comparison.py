"""Two values of a setting compared in pairs of pictures that are alike in everything else."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._util.counted import counted
from ..errors import InvalidInput
from ..spec.names import own_name
from .axes import Axis, named_axis, swept
from .axis_columns import value_in_table
from .crossed import crossed_means
from .quality import possible_difference
from .setting_grid import (
    FIXED,
    SAMPLED,
    SettingGrid,
    check_target,
    setting_grid,
    setting_label,
    typical_jump,
)
from .statistics_text import caveats, interval_text, signed

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from .crossed import CrossedMeans
    from .margins import Floats

# positions of values on axes
Codes = tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """How far a metric is apart at two values of a setting, in pairs.

    difference: mean of a minus b. low, high: its 95% interval, infinite if nothing is known of it.
    p: two-sided, against no difference. pairs: of pictures that are alike in everything else. wins:
    pairs in which a is higher. losses, ties: the others. target: what the interval is about,
    "prompts like these" or "these prompts".
    """

    metric: str
    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    pairs: int
    wins: int
    losses: int
    ties: int
    prompts: int
    seeds: int
    target: str

    @property
    def is_apart(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0

    @property
    def sentence(self) -> str:
        """What the pairs say, in words."""
        numbers = f"{signed(self.difference)} {interval_text(self.low, self.high)}"
        if self.is_apart:
            way = "higher" if self.difference > 0 else "lower"
            claim = f"{self.metric} is {way} at {self.a} than at {self.b}: {numbers}"
        else:
            claim = f"{self.metric} at {self.a} minus {self.b} may be nothing: {numbers}"
        pairs = (
            f"95% interval for {self.target}; {counted(self.pairs, 'pair')} of "
            f"{counted(self.prompts, 'prompt')} and {counted(self.seeds, 'seed')}, higher in "
            f"{self.wins:,}, lower in {self.losses:,}, equal in {self.ties:,}; p = {self.p:.2g}"
        )
        return " ".join([f"{claim} ({pairs}).", *caveats(self.prompts, self.seeds)])

    def __str__(self) -> str:
        return self.sentence


def compare(
    table: pd.DataFrame,
    metric: str,
    a: Mapping[str, object],
    b: Mapping[str, object],
    *,
    target: str = SAMPLED,
) -> Comparison:
    """Compare a metric at two values of a setting, such as `a={"steps": 20}, b={"steps": 5}`.

    table: as `dwlab table` or `Results.table` give it. Pictures are paired that have the same
    prompt, the same seed and the same values on all axes that `a` and `b` do not name; if several
    pairs have one prompt and seed, their mean counts once. target: "prompts like these", for which
    the prompts are a sample, or "these prompts", for which only the seeds are. With one prompt
    nothing is known of others. Raises InvalidInput for an unknown metric, axis or value, or if no
    pictures can be paired.
    """
    pairs = paired(table, metric, a, b, target=target)
    means, differences = pairs.means, pairs.differences
    return Comparison(
        metric=metric,
        a=pairs.a,
        b=pairs.b,
        difference=float(means.mean[0]),
        low=possible_difference(table, metric, float(means.low()[0])),
        high=possible_difference(table, metric, float(means.high()[0])),
        p=float(means.p_zero()[0]),
        pairs=int(np.sum(~np.isnan(differences))),
        wins=int(np.sum(differences > 0)),
        losses=int(np.sum(differences < 0)),
        ties=int(np.sum(differences == 0)),
        prompts=int(means.margins.prompts[0]),
        seeds=int(means.margins.seeds[0]),
        target=pairs.target,
    )


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs behind a comparison.

    a, b: what is compared, as text. differences: a minus b, (contexts, prompts, seeds), where a
    context is what the other settings are. means: one, of their mean over contexts.
    """

    a: str
    b: str
    differences: Floats
    means: CrossedMeans
    target: str


def paired(
    table: pd.DataFrame,
    metric: str,
    a: Mapping[str, object],
    b: Mapping[str, object],
    *,
    target: str = SAMPLED,
) -> Pairs:
    """The pairs of two values of a setting; arguments and errors as for `compare`."""
    check_target(target)
    if set(a) != set(b) or not a:
        raise InvalidInput("b", dict(b), f"values for the same axes as a: {', '.join(a) or 'one'}")
    axes = swept(table)
    treated = _named_axes(a, axes)
    others = [axis for axis in axes if axis not in treated and not axis.of_content]
    grid = setting_grid(table, metric, [*treated, *others])
    codes_of_a, codes_of_b = _codes("a", a, treated), _codes("b", b, treated)
    differences = _differences(grid, codes_of_a, codes_of_b)
    if np.isnan(differences).all():
        raise InvalidInput("b", dict(b), "a value that was tried with a's prompts and seeds")
    means = crossed_means(
        _mean_of_contexts(differences)[None],
        prompts_vary=target == SAMPLED,
        jump=typical_jump(grid.values),
    )
    return Pairs(
        a=setting_label(treated, [codes_of_a]),
        b=setting_label(treated, [codes_of_b]),
        differences=differences,
        means=means,
        target=target if means.margins.prompts[0] > 1 else FIXED,
    )


def _named_axes(values: Mapping[str, object], axes: list[Axis]) -> list[Axis]:
    """The axes that are named, each once, in the table's order."""
    named = [named_axis("a", own_name(name), axes) for name in values]
    return [axis for axis in axes if axis in named]


def _codes(side: str, values: Mapping[str, object], treated: list[Axis]) -> Codes:
    """The positions of the named values on their axes."""
    wanted = {own_name(name): value_in_table(own_name(name), values[name]) for name in values}
    return tuple(_code(side, axis, wanted) for axis in treated)


def _code(side: str, axis: Axis, wanted: Mapping[str, Hashable]) -> int:
    for is_same in (operator.eq, _is_same_in_csv):
        for code, value in enumerate(axis.values):
            parts = value if isinstance(value, tuple) else (value,)
            known = dict(zip(axis.names, parts, strict=True))
            if all(is_same(part, wanted.get(name, part)) for name, part in known.items()):
                return code
    named = {name: wanted[name] for name in axis.names if name in wanted}
    known_values = ", ".join(axis.label(value) for value in axis.values)
    raise InvalidInput(side, named, f"a value of {axis.name}: {known_values}")


def _is_same_in_csv(part: Hashable, wanted: Hashable) -> bool:
    """Whether a value of a table that was read from CSV is the one that is wanted.

    An empty text is read as no value, and texts that a spreadsheet takes for formulas have an
    apostrophe before them.
    """
    if part in (None, ""):
        return wanted in (None, "")
    return part == (f"'{wanted}" if isinstance(wanted, str) else wanted)


def _differences(grid: SettingGrid, a: Codes, b: Codes) -> Floats:
    """The differences a - b: (contexts, prompts, seeds).

    A context is what the other settings are.
    """
    width = len(a)
    positions = {codes: position for position, codes in enumerate(grid.codes)}
    contexts = [codes[width:] for codes in grid.codes if codes[:width] == a]
    pairs = [
        (positions[a + context], positions[b + context])
        for context in contexts
        if b + context in positions
    ]
    rows_of_a = [row for row, _ in pairs]
    rows_of_b = [row for _, row in pairs]
    return grid.values[rows_of_a] - grid.values[rows_of_b]


def _mean_of_contexts(differences: Floats) -> Floats:
    """One difference for each prompt and seed, NaN if there is none."""
    counts = np.sum(~np.isnan(differences), axis=0)
    sums = np.nansum(differences, axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
