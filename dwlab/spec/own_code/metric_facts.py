"""What a metric says of itself: its version, how it is called, and how its values are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..._util.checks import check_whole_number, is_finite_number
from ...errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

# where the decorator keeps the facts of a function
MARK = "_dwlab_metric"
HIGHER = "higher"
LOWER = "lower"
BATCH = 16
BATCH_LIMIT = 4096
VERSION_LIMIT = 1_000_000
UNIT_LIMIT = 20  # characters
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
# bounds are passed by that share of what is between them, for the rounding of floats
_ROUNDING = 1e-6


@dataclass(frozen=True)
class MetricFacts:
    """What a metric says of itself.

    version: raised when its values change for a reason that its code does not show, such as other
    weights. batch: how many pictures it is called with at most. device: `auto` for that of the
    sweep. better: `higher` or `lower`. bounds: the least and the largest value, None without limits.
    unit: of its values, for people. margin: how far behind the best is good enough, in its unit;
    None for the usual one. Raises InvalidInput, which names the option.
    """

    version: int = 1
    batch: int = BATCH
    device: str = "auto"
    better: str = HIGHER
    bounds: tuple[float, float] | None = None
    unit: str = ""
    margin: float | None = None

    def __post_init__(self) -> None:
        check_whole_number("metric.version", self.version, 1, VERSION_LIMIT)
        check_whole_number("metric.batch", self.batch, 1, BATCH_LIMIT)
        if not isinstance(self.device, str) or not _DEVICE.fullmatch(self.device):
            raise InvalidInput("metric.device", self.device, "auto, cpu, cuda, cuda:1 or mps")
        if self.better not in (HIGHER, LOWER):
            raise InvalidInput("metric.better", self.better, f"{HIGHER} or {LOWER}")
        object.__setattr__(self, "bounds", _checked_bounds(self.bounds))
        is_short = isinstance(self.unit, str) and len(self.unit) <= UNIT_LIMIT
        if not is_short or not self.unit.isprintable():
            allowed = f"at most {UNIT_LIMIT} characters"
            raise InvalidInput("metric.unit", self.unit, allowed)
        if self.margin is not None and not (is_finite_number(self.margin) and self.margin > 0):
            raise InvalidInput("metric.margin", self.margin, "a number above 0")

    @property
    def is_higher_better(self) -> bool:
        """Whether larger values are better."""
        return self.better == HIGHER

    @property
    def span(self) -> float | None:
        """The largest difference that two values can have; None without bounds."""
        if self.bounds is None:
            return None
        low, high = self.bounds
        return high - low

    def within_bounds(self, value: float) -> float:
        """The value, moved to a bound that rounding passed; raises ValueError for one outside."""
        if self.bounds is None:
            return value
        low, high = self.bounds
        rounding = _ROUNDING * (high - low)
        if not low - rounding <= value <= high + rounding:
            raise ValueError(f"{value:g} is outside of its bounds, {low:g} to {high:g}")
        return min(max(value, low), high)

    def as_dict(self) -> dict[str, object]:
        """The facts as plain values; those that are as usual are left out."""
        usual = MetricFacts()
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        kept = {name: value for name, value in values.items() if value != getattr(usual, name)}
        if self.bounds is not None:
            kept["bounds"] = list(self.bounds)
        return {"version": self.version, **kept}

    @classmethod
    def of_store(cls, values: Mapping[str, Any]) -> MetricFacts:
        """The facts that a store has; what is not understood is as usual."""
        names = [field.name for field in fields(cls)]
        try:
            return cls(**{name: value for name, value in values.items() if name in names})
        except InvalidInput:
            return cls()

    @classmethod
    def of_options(cls, options: Mapping[str, Any]) -> MetricFacts:
        """The facts that the decorator is given; raises InvalidInput for an unknown option."""
        names = [field.name for field in fields(cls)]
        for name, value in options.items():
            if name not in names:
                raise InvalidInput(f"metric.{name}", value, f"the options {', '.join(names)}")
        return cls(**options)


def _checked_bounds(bounds: object) -> tuple[float, float] | None:
    if bounds is None:
        return None
    if isinstance(bounds, list | tuple) and len(bounds) == 2 and all(map(is_finite_number, bounds)):
        low, high = bounds
        if low < high:
            return float(low), float(high)
    raise InvalidInput("metric.bounds", bounds, "two finite numbers, the smaller one first")
