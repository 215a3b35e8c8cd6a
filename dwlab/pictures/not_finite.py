"""What to say of pictures whose values were not finite (NaN)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def nan_warning(shares: Sequence[float], total: int) -> str | None:
    """One line about pictures with values that were not finite; None if there are none.

    shares: of such values, 0..1, in each of `total` pictures or in some of them.
    """
    bad = [share for share in shares if share > 0]
    if not bad:
        return None
    pictures = "the picture is" if total == 1 else f"{len(bad):,} of {total:,} pictures are"
    worst = "under 1%" if max(bad) < 0.01 else f"{max(bad):.0%}"
    share = f"{worst} of its values" if len(bad) == 1 else f"up to {worst} of their values"
    return (
        f"{pictures} black or broken: {share} were not finite numbers (NaN); try dtype float32 or "
        "bfloat16 instead of float16, a VAE made for float16, or another scheduler or other options"
    )
