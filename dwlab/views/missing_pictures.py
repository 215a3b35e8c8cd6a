"""Why a cell has no picture, in the words that people read."""

from __future__ import annotations

_REASONS = {
    "failed": "failed",
    "oom": "out of memory",
    # the row says that there is a picture, and there is none that can be shown
    "ok": "missing or damaged",
}


def reason(status: str) -> str:
    """The words for a cell's status."""
    return _REASONS.get(status, status)
