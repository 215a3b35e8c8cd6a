"""Times as rows and logs carry them: UTC, ISO 8601, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The time now."""
    return _text(datetime.now(UTC))


def from_seconds(seconds: float) -> str:
    """The time that is `seconds` after the beginning of 1970, as files have it."""
    return _text(datetime.fromtimestamp(seconds, UTC))


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
