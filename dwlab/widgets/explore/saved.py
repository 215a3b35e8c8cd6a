"""What the prompt bench takes from its saved state: only what its page can show.

Anybody may have edited that file.
"""

from __future__ import annotations

import json
from typing import Any

from ...spec.accelerate import FIELD
from ...spec.accelerators import BY_NAME
from ...spec.inputs import PICTURES, digest_of
from ...spec.names import ARGUMENTS

PLAIN = (str, int, float, bool, type(None))


def saved_controls(state: dict[str, object], present: dict[str, Any]) -> dict[str, Any]:
    """The controls of a saved state; a control that it lacks or garbles is taken from `present`."""
    saved = state.get("controls")
    if not isinstance(saved, dict):
        return present
    controls = dict(present)
    for name in present:
        if name in saved and isinstance(saved[name], PLAIN):
            controls[name] = saved[name]
    accelerators = _accelerators(saved.get(FIELD))
    return {**controls, FIELD: accelerators, "more": _more(saved.get("more"))}


def _accelerators(saved: object) -> dict[str, str]:
    """The control `accelerate`: the settings that were typed, by accelerator."""
    if not isinstance(saved, dict):
        return {}
    return {name: saved[name] for name in BY_NAME if isinstance(saved.get(name), str)}


def _more(saved: object) -> dict[str, object]:
    """The control `more`: parameters without a field, as JSON."""
    if not isinstance(saved, dict):
        return {}
    more = {name: saved[name] for name in (*ARGUMENTS, "others") if _is_map(saved.get(name))}
    if "scheduler_options" in more and isinstance(saved.get("scheduler"), str):
        more["scheduler"] = saved["scheduler"]
    return more


def _is_map(text: object) -> bool:
    """Whether a text is the JSON of a map."""
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def saved_start(state: dict[str, object]) -> dict[str, str]:
    """The start picture and its mask in a saved state, by their hashes."""
    saved = state.get("start")
    if not isinstance(saved, dict):
        return {}
    references = {name: saved[name] for name in PICTURES if digest_of(saved.get(name))}
    return references if "image" in references else {}


def saved_page(state: dict[str, object]) -> dict[str, object]:
    """The trait `page` of a saved state: the chosen picture, and the sweep's form."""
    saved = state.get("page")
    if not isinstance(saved, dict):
        return {}
    texts = ("chosen", "name")
    page: dict[str, object] = {
        name: saved[name] for name in texts if isinstance(saved.get(name), str)
    }
    page["axes"] = _axes(saved.get("axes"))
    page["open"] = bool(saved.get("open"))
    if saved.get("settings"):
        page["settings"] = True
    return page


def _axes(saved: object) -> dict[str, dict[str, object]]:
    if not isinstance(saved, dict):
        return {}
    return {str(name): _axis(axis) for name, axis in saved.items()}


def _axis(saved: object) -> dict[str, object]:
    axis = saved if isinstance(saved, dict) else {}
    return {"on": bool(axis.get("on")), "values": str(axis.get("values", ""))}
