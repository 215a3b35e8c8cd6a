"""How statistics are written in sentences."""

from __future__ import annotations

import math


def signed(value: float) -> str:
    """A difference with its sign: +0.012."""
    return f"{value:+.{_digits(value)}f}"


def number_text(value: float) -> str:
    """A number with as many digits as a reader needs."""
    return f"{value:.{_digits(value)}f}"


def share_text(share: float) -> str:
    """A share below 1 as people say it: 1/5, or 43%."""
    part = round(1 / share)
    return f"1/{part}" if math.isclose(1 / share, part, rel_tol=0.02) else f"{share:.0%}"


def percent(share: float) -> str:
    """A share of the whole: 12%, or `under 1%`."""
    return "under 1%" if 0 < share < 0.005 else f"{share:.0%}"


def interval_text(low: float, high: float) -> str:
    """An interval in brackets: [-0.010, 0.018]."""
    if math.isinf(low):
        return "[not known]"
    if math.isinf(high):
        return f"[{number_text(low)}, not known]"
    digits = _digits(max(abs(low), abs(high)))
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def caveats(prompts: int, seeds: int) -> list[str]:
    """Sentences about what so few prompts or seeds cannot say."""
    sentences = []
    if prompts == 1:
        sentences.append("There is one prompt: nothing is known of other prompts.")
    if seeds == 1:
        sentences.append("There is one seed: nothing is known of other seeds.")
    return sentences


def _digits(value: float) -> int:
    """Three decimals for metrics from 0 to 1, fewer for large numbers."""
    return 3 if abs(value) < 10 else 1
