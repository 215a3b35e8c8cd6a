"""How soon pictures stop changing with more steps: distance to those with the most steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._util.counted import counted
from ..errors import InvalidInput
from ..metrics.registry import is_known
from ..runs.results import MEASURED
from .axes import Axis, swept
from .crossed import crossed_means
from .metric_columns import numbers
from .picture_distances import PIXELS, pixel_distances
from .price import rows_per_picture
from .quality import is_higher_better
from .setting_grid import SAMPLED, check_target, setting_grid, setting_label
from .statistics_text import number_text

if TYPE_CHECKING:
    from .setting_grid import SettingGrid

TOLERANCE = 0.02  # of the full range; a PSNR of 34 dB
STEPS = ("steps",)


@dataclass(frozen=True)
class Point:
    """The distance to the reference at some steps.

    setting: like `scheduler DDIM, guidance 3`, empty if only steps vary. values: the same, as a
    label for each axis of `Convergence.axes`. rows: of the denoiser per picture. distance: the mean
    over pairs. low, high: its 95% interval.
    """

    setting: str
    values: tuple[str, ...]
    steps: int
    rows: float
    pairs: int
    distance: float
    low: float
    high: float


@dataclass(frozen=True)
class Fewest:
    """The fewest steps from which on the whole interval is within the tolerance; None if none are.

    rows: of the denoiser for these steps, NaN if the table does not tell. reference: the steps that
    count as converged.
    """

    setting: str
    steps: int | None
    rows: float | None
    reference: int

    @property
    def price(self) -> float:
        """The rows to compare settings by; infinite if they are not known."""
        return math.inf if self.rows is None or math.isnan(self.rows) else self.rows

    @property
    def text(self) -> str:
        """The steps with their setting: `8 steps (scheduler DDIM)`."""
        steps = counted(self.steps or 0, "step")
        return f"{steps} ({self.setting})" if self.setting else steps


@dataclass(frozen=True)
class Convergence:
    """Points by setting and steps, and for each setting the fewest steps that are enough.

    axes: those that make a setting, without steps. measure: the distance, in words.
    """

    measure: str
    tolerance: float
    target: str
    axes: tuple[str, ...]
    points: tuple[Point, ...]
    fewest: tuple[Fewest, ...]

    @property
    def sentence(self) -> str:
        """The settings that converge with the fewest rows of the denoiser, in words."""
        reached = [each for each in self.fewest if each.steps is not None]
        goal = f"within {number_text(self.tolerance)} of the reference"
        if not reached:
            return f"No setting is shown to come {goal} before the reference itself."
        first = min(reached, key=lambda each: each.price)
        verb = "comes" if first.steps == 1 else "come"
        price = ""
        if math.isfinite(first.price):
            price = f", at {counted(round(first.price), 'denoiser row')} per picture"
        ties = [each for each in reached if each.price == first.price and each is not first]
        also = f" (so do {', '.join(each.text for each in ties)})" if ties else ""
        do = "does" if len(reached) == 1 else "do"
        return (
            f"{first.text} {verb} {goal}, {counted(first.reference, 'step')}{price}{also}; "
            f"{len(reached)} of {counted(len(self.fewest), 'setting')} {do}."
        )

    def __str__(self) -> str:
        return self.sentence

    def table(self) -> pd.DataFrame:
        """One row per setting and steps."""
        return pd.DataFrame([vars(point) for point in self.points]).drop(columns="values")


def convergence(
    table: pd.DataFrame,
    *,
    distance: str | None = None,
    tolerance: float = TOLERANCE,
    target: str = SAMPLED,
) -> Convergence:
    """The distance of pictures to the one with the most steps, by scheduler, guidance and so on.

    table: as `dwlab table` or `Results.table` give it. A picture's reference has the same prompt,
    seed and settings, and the most steps of the sweep. distance: a column that holds it; by default
    the pictures are read, and it is the root mean square difference of their pixels, from 0 to 1.
    tolerance: what still counts as the same. target: "prompts like these" or "these prompts".
    Raises InvalidInput if steps are not an axis of their own, if no picture has its reference, or
    for a metric of which more is better.
    """
    check_target(target)
    if not 0 < tolerance < math.inf:
        raise InvalidInput("tolerance", tolerance, "a number above 0")
    steps = _steps_axis(swept(table))
    if distance and _is_known(table, distance) and is_higher_better(table, distance):
        allowed = "a distance, 0 for equal pictures, such as perceptual_distance"
        raise InvalidInput("distance", distance, allowed)
    others = [axis for axis in swept(table) if axis is not steps and axis.names != STEPS]
    most = max(steps.numbers)
    is_reference = steps.column.astype(float) == most
    if distance:
        # a reference is no distance away from itself, which says nothing
        distances = numbers(table, distance).where(~is_reference)
    else:
        distances = pixel_distances(table, is_reference, others)
    if distances.notna().sum() == 0:
        raise InvalidInput("table", f"{len(table)} rows", "pictures with at least two step counts")
    measured = table.assign(**{_COLUMN: distances})
    settings = [axis for axis in others if not axis.of_content]
    grid = setting_grid(measured, _COLUMN, [*settings, steps])
    points = _points(grid, rows_per_picture(table), target)
    return Convergence(
        measure=distance or PIXELS,
        tolerance=tolerance,
        target=target,
        axes=tuple(axis.name for axis in settings),
        points=points,
        fewest=_fewest(points, tolerance, int(most)),
    )


def _is_known(table: pd.DataFrame, metric: str) -> bool:
    """Whether it is known of a metric which way is better."""
    return is_known(metric) or metric in (table.attrs.get(MEASURED) or {})


_COLUMN = "distance to the reference"


def _steps_axis(axes: list[Axis]) -> Axis:
    for axis in axes:
        if axis.names == STEPS:
            return axis
    names = ", ".join(axis.name for axis in axes) or "(none)"
    raise InvalidInput("axes", names, "a sweep with steps as an axis of their own")


def _points(grid: SettingGrid, rows: pd.Series, target: str) -> tuple[Point, ...]:
    means = crossed_means(grid.values, prompts_vary=target == SAMPLED)
    prices = grid.mean_by_setting(rows)
    low, high = np.maximum(means.low(), 0.0), means.high()
    steps = grid.axes[-1]
    points = []
    for at, codes in enumerate(grid.codes):
        point = Point(
            setting=setting_label(grid.axes[:-1], [codes[:-1]]),
            values=_labels(grid, codes),
            steps=int(steps.numbers[codes[-1]]),
            rows=float(prices[at]),
            pairs=int(means.margins.pairs[at]),
            distance=float(means.mean[at]),
            low=float(low[at]),
            high=float(high[at]),
        )
        points.append(point)
    return tuple(points)


def _labels(grid: SettingGrid, codes: tuple[int, ...]) -> tuple[str, ...]:
    """The values of a setting, without the steps, which come last."""
    pairs = zip(grid.axes[:-1], codes[:-1], strict=True)
    return tuple(axis.label(axis.values[code]) for axis, code in pairs)


def _fewest(points: tuple[Point, ...], tolerance: float, reference: int) -> tuple[Fewest, ...]:
    by_setting: dict[str, list[Point]] = {}
    for point in points:
        by_setting.setdefault(point.setting, []).append(point)
    return tuple(
        _fewest_of(setting, curve, tolerance, reference) for setting, curve in by_setting.items()
    )


def _fewest_of(setting: str, curve: list[Point], tolerance: float, reference: int) -> Fewest:
    """The first of the points from which on all are within the tolerance."""
    first = None
    for point in sorted(curve, key=lambda point: point.steps, reverse=True):
        if point.high > tolerance:
            break
        first = point
    if first is None:
        return Fewest(setting, None, None, reference)
    return Fewest(setting, first.steps, first.rows, reference)
