"""Traces as lines: one for each value of an axis, the mean over everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._util.checks import is_number
from ..errors import InvalidInput
from .labels import label

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

STEP = "step"
SIGMA = "sigma"
SHARE = "share of the steps"


@dataclass(frozen=True)
class Curve:
    """The values of one picture, or a mean of several: [points] each."""

    x: Numbers
    y: Numbers


@dataclass(frozen=True)
class TraceLine:
    """Pictures with one value of an axis. label: the value. mean: None without pictures."""

    label: str
    pictures: list[Curve]
    mean: Curve | None


@dataclass(frozen=True)
class TraceLines:
    """The lines of a plot.

    along: what their x is: STEP, SHARE or SIGMA. arrays: whether values were arrays, of which each
    stands for its mean.
    """

    lines: list[TraceLine]
    along: str
    arrays: bool


def trace_lines(traces: pd.DataFrame, hue: str | None, along: str = STEP) -> TraceLines:
    """A line for each value of the axis `hue`, or one without it.

    traces: as `Results.traces` returns them. along: step or sigma. Pictures of one line that have
    different numbers of steps are compared at the same share of their steps; those whose noise levels
    differ, at the same sigma. In between, values are interpolated. Raises InvalidInput.
    """
    if along not in (STEP, SIGMA):
        raise InvalidInput("x", along, f"{STEP} or {SIGMA}")
    axes = traces.attrs.get("axes", ())
    if hue is not None and hue not in axes:
        raise InvalidInput("hue", hue, f"an axis that varies: {', '.join(axes) or '(none does)'}")
    groups = _by_value(_curves(traces, along), hue)
    if along == STEP and any(_is_mixed(curves) for curves in groups.values()):
        along = SHARE
        groups = {value: [_by_share(curve) for curve in curves] for value, curves in groups.items()}
    lines = [TraceLine(text, curves, _mean(curves, along)) for text, curves in groups.items()]
    is_array = any(isinstance(value, list) for value in traces["value"])
    return TraceLines(lines, along, is_array)


def _curves(traces: pd.DataFrame, along: str) -> list[tuple[pd.Series, Curve]]:
    """The curve of each picture, with its first row, which has its values of the axes."""
    curves = []
    for _, rows in traces.groupby(["experiment", "key"], sort=False):
        x = rows[along].to_numpy(float)
        y = np.array([_number(value) for value in rows["value"]], float)
        known = np.isfinite(x) & np.isfinite(y) & ((x > 0) | (along == STEP))
        if known.any():
            curves.append((rows.iloc[0], Curve(x[known], y[known])))
    return curves


def _number(value: object) -> float:
    return float(np.nanmean(np.array(value, float))) if isinstance(value, list) else float(value)  # type: ignore[arg-type]


def _by_value(curves: list[tuple[pd.Series, Curve]], hue: str | None) -> dict[str, list[Curve]]:
    """The curves of each value, numbers in ascending order, other values in that of the sweep."""
    groups: dict[object, list[Curve]] = {}
    for row, curve in curves:
        groups.setdefault(None if hue is None else row[hue], []).append(curve)
    values = list(groups)
    if all(is_number(value) for value in values):
        values.sort(key=float)  # type: ignore[arg-type]
    return {"" if hue is None else label(value): groups[value] for value in values}


def _is_mixed(curves: list[Curve]) -> bool:
    return len({curve.x[-1] for curve in curves}) > 1


def _by_share(curve: Curve) -> Curve:
    return Curve(curve.x / curve.x[-1], curve.y)


def _mean(curves: list[Curve], along: str) -> Curve | None:
    if not curves:
        return None
    first = curves[0].x
    if all(np.array_equal(curve.x, first) for curve in curves):
        return Curve(first, np.mean([curve.y for curve in curves], axis=0))
    low = max(float(curve.x.min()) for curve in curves)
    high = min(float(curve.x.max()) for curve in curves)
    if low > high:
        return None
    count = max(len(curve.x) for curve in curves)
    grid = np.geomspace(low, high, count) if along == SIGMA else np.linspace(low, high, count)
    return Curve(grid, np.mean([_at(curve, grid, along) for curve in curves], axis=0))


def _at(curve: Curve, grid: Numbers, along: str) -> Numbers:
    """A curve's values in between its own places; those of noise levels by their logarithm."""
    scale = np.log if along == SIGMA else np.asarray
    order = np.argsort(curve.x, kind="stable")
    values: Numbers = np.interp(scale(grid), scale(curve.x[order]), curve.y[order])
    return values
