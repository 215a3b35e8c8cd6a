"""How a page looks at the history: its layout, its search and filters, and the pair it compares.

A page, or who edits the saved state, may write anything; only what can be shown is taken.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from ..._util.checks import is_whole_number
from ...store.history_search import HistoryFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

CHOICES = {
    "layout": ("strip", "grid"),
    "mode": ("two-up", "wipe", "blink", "difference"),
}
# lowest and highest value; the size is that of a picture, in pixels
LIMITS = {"size": (48, 256), "stars": (0, 5), "run": (0, 2**53)}
TEXT_LIMIT = 500  # characters of a search
SELECTION_LIMIT = 5_000  # pictures
DEFAULTS: dict[str, Any] = {
    "layout": "strip",
    "size": 96,
    "by_run": True,
    "text": "",
    "stars": 0,
    "model": "",
    "sides": "",
    "since": "",
    "until": "",
    "run": 0,
    "hidden": False,
    "pair": [],
    "mode": "wipe",
}
_KEY = re.compile(r"[0-9a-f]{64}")
_SIDES = re.compile(r"(\d{1,5})x(\d{1,5})")


def checked_view(view: object) -> dict[str, Any]:
    """The view with every value that cannot be shown replaced by the default."""
    values = view if isinstance(view, dict) else {}
    return {name: _checked(name, values.get(name, default)) for name, default in DEFAULTS.items()}


def checked_keys(keys: object) -> list[str]:
    """Those of a list that can be keys of pictures, each once."""
    texts = keys if isinstance(keys, list | tuple) else []
    known = [key for key in texts if isinstance(key, str) and _KEY.fullmatch(key)]
    return list(dict.fromkeys(known))[:SELECTION_LIMIT]


def filter_of(view: Mapping[str, Any]) -> HistoryFilter:
    """What the view leaves out of the history."""
    sides = _SIDES.fullmatch(view["sides"])
    return HistoryFilter(
        text=view["text"],
        stars=view["stars"],
        model=view["model"],
        size=(int(sides[1]), int(sides[2])) if sides else None,
        since=_start_of_day(view["since"]),
        until=_start_of_day(view["until"], days=1),
        run=view["run"],
        hidden=view["hidden"],
    )


def _checked(name: str, value: object) -> object:
    default = DEFAULTS[name]
    if name in CHOICES:
        return value if value in CHOICES[name] else default
    if name in LIMITS:
        low, high = LIMITS[name]
        return min(high, max(low, value)) if is_whole_number(value) else default
    if name == "pair":
        return checked_keys(value)[:2]
    if name in ("since", "until"):
        return value if _date(value) else default
    if isinstance(default, bool):
        return value if isinstance(value, bool) else default
    return value[:TEXT_LIMIT] if isinstance(value, str) else default


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _start_of_day(text: str, days: int = 0) -> str:
    """When a day begins here, as the store has times; days: so many later."""
    day = _date(text)
    if day is None:
        return ""
    try:
        local = datetime.combine(day + timedelta(days=days), time())
        return local.astimezone().astimezone(UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError):
        return ""
