"""Numbers as the report shows them."""

from __future__ import annotations

import math


def short(value: float) -> str:
    """The number with as many digits as a reader needs; a dash for NaN."""
    if math.isnan(value):
        return "–"
    if abs(value) < 10:
        return f"{value:.2f}"
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"
