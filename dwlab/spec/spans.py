"""Continuous axes: `{from: 1.0, to: 12.0}`, of which a search may try any value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._util.checks import is_finite_number, is_whole_number
from ..errors import InvalidInput

WORDS = frozenset({"from", "to", "step", "log"})
# parameters that are counted
WHOLE = frozenset({"steps", "width", "height"})
_FORM = "{from: 1.0, to: 12.0}, both numbers, and if you like step: 0.5 or log: true"


@dataclass(frozen=True)
class Span:
    """The values of a continuous axis: all from `low` to `high`, both included.

    step: their distance, None for any. log: whether small values are tried as finely as large ones,
    in proportion. whole: whole numbers only.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest value."""
        if self.whole:
            return int(self.low), int(self.high)
        return self.low, self.high


def is_span(description: object) -> bool:
    """Whether an axis is described as a continuous one."""
    return isinstance(description, Mapping) and {"from", "to"} <= description.keys()


def parse(name: str, description: Mapping[str, object]) -> Span:
    """The values of a continuous axis; raises InvalidInput, which names the axis."""
    field = f"axes.{name}"
    unknown = [word for word in description if word not in WORDS]
    if unknown:
        raise InvalidInput(f"{field}.{unknown[0]}", description[unknown[0]], _FORM)
    if name == "seed":
        allowed = "a list, {range: [start, stop]} or {random: n}: seeds are no amounts"
        raise InvalidInput(field, dict(description), allowed)
    low = _number(field, description, "from")
    high = _number(field, description, "to")
    if low >= high:
        raise InvalidInput(f"{field}.to", high, f"a number above from ({low:g})")
    whole = name in WHOLE
    step = description.get("step")
    log = description.get("log", False)
    if not isinstance(log, bool):
        raise InvalidInput(f"{field}.log", log, "true or false")
    if log and low <= 0:
        raise InvalidInput(f"{field}.from", low, "a number above 0, because of log: true")
    if step is not None:
        if log:
            raise InvalidInput(f"{field}.step", step, "left out, because of log: true")
        if not is_finite_number(step) or not 0 < step <= high - low:
            raise InvalidInput(f"{field}.step", step, "a number above 0, at most to minus from")
    if whole and not all(map(_is_whole, (low, high, step or 1))):
        raise InvalidInput(field, dict(description), f"whole numbers for {name}")
    return Span(low, high, None if step is None else float(step), log, whole)


def _number(field: str, description: Mapping[str, object], word: str) -> float:
    value = description[word]
    if not is_finite_number(value):
        raise InvalidInput(f"{field}.{word}", value, _FORM)
    return float(value)


def _is_whole(value: float) -> bool:
    return is_whole_number(value) or float(value).is_integer()
