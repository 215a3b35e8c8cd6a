"""How people write the value of a parameter."""

from __future__ import annotations

import math


def label(value: object) -> str:
    """The value as text: 7 rather than 7.0, `none` for an empty one."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
