"""Why a row does not count, or not without a remark, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .measuring_limits import DIFFERENCE_TOLERANCE, REPEAT_TOLERANCE

if TYPE_CHECKING:
    from .file_rows import FileRow

QUIET = "measure again with nothing else running"


def why_not(row: FileRow) -> str | None:
    """Why the numbers of a row do not count; None if they do."""
    if row.status == "ok":
        return None
    if row.status == "suspect":
        return _suspect(row)
    if row.status == "invalid":
        return _invalid(row)
    return row.error or _REASONS.get(row.status, row.status)


_REASONS = {
    "oom": "not enough memory: try a smaller batch or size, or --memory",
    "nan": "not finite numbers: try another dtype, or attention: math",
    "black": "black pictures: try another dtype, or attention: math",
    "timeout": "it took too long: raise timeout in the benchmark's file, or use fewer steps",
    "unsupported": "this device cannot do that",
    "failed": "it failed",
}


def _suspect(row: FileRow) -> str:
    checks = row.checks or {}
    ratio = checks.get("repeat_ratio")
    difference = checks.get("difference")
    if difference is not None and difference > DIFFERENCE_TOLERANCE:
        return (
            f"after the timing the first picture came out {255 * difference:.1f} of 255 different, "
            f"so it may not have been computed the same way; {QUIET}, and if it stays, with "
            "attention: math and compile: none"
        )
    if ratio is not None and ratio < REPEAT_TOLERANCE:
        return (
            f"repeated calls took {ratio:.0%} of the time of fresh ones, so something may remember "
            f"results; {QUIET}, and if it stays, without caches"
        )
    return f"its self-checks failed; {QUIET}"


def _invalid(row: FileRow) -> str:
    parity = row.parity or {}
    tolerance = parity.get("denoiser_tolerance")
    limit = f", at most {tolerance:g} is allowed" if tolerance is not None else ""
    distance = "" if row.distance is None else f" (distance {row.distance:.2g}{limit})"
    _, _, settings = row.computed.partition(", ")
    remedy = f"without {settings}" if settings else "in float32"
    return f"its numbers are too far from the reference{distance}: other pictures; try it {remedy}"
