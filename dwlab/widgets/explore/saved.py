"""What the prompt bench takes back from its file, which anybody may have edited: only what its page can show."""

from __future__ import annotations

import json
from typing import Any

PLAIN = (str, int, float, bool, type(None))
MAPS = ("call", "scheduler_options")  # in `more`


def controls(state: dict[str, Any], standing: dict[str, Any]) -> dict[str, Any]:
    """The controls of a state; what is missing in it, or no value of a field, stays as it is."""
    saved = state.get("controls")
    if not isinstance(saved, dict):
        return standing
    plain = {
        name: saved[name] for name in standing if name in saved and isinstance(saved[name], PLAIN)
    }
    return {**standing, **plain, "more": _more(saved.get("more"))}


def _more(saved: Any) -> dict[str, Any]:
    if not isinstance(saved, dict):
        return {}
    more = {name: saved[name] for name in MAPS if _is_map(saved.get(name))}
    if "scheduler_options" in more and isinstance(saved.get("scheduler"), str):
        more["scheduler"] = saved["scheduler"]
    return more


def _is_map(text: Any) -> bool:
    """Whether a text is the JSON of a map, as `more` holds them."""
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError, RecursionError):
        return False


def page(state: dict[str, Any]) -> dict[str, Any]:
    """What only the page decides: the entries of the history that are chosen or held, and the form of the sweep."""
    saved = state.get("page")
    if not isinstance(saved, dict):
        return {}
    texts = {
        name: saved[name] for name in ("chosen", "held", "name") if isinstance(saved.get(name), str)
    }
    axes = saved.get("axes")
    ticks = (
        {str(name): _axis(axis) for name, axis in axes.items()} if isinstance(axes, dict) else {}
    )
    return {**texts, "axes": ticks, "open": bool(saved.get("open"))}


def _axis(saved: Any) -> dict[str, Any]:
    axis = saved if isinstance(saved, dict) else {}
    return {"on": bool(axis.get("on")), "values": str(axis.get("values", ""))}
