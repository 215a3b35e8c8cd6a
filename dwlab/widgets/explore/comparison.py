"""Two pictures of the history compared: what the page shows of both, and what differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...pictures import recipes
from ...spec import accelerate
from ...spec.inputs import PICTURES
from ...workflows.related_recipes import differences

if TYPE_CHECKING:
    from ...store.history_search import HistoryEntry


def compared(left: HistoryEntry, right: HistoryEntry) -> dict[str, Any]:
    """Two pictures as the page takes them, and the parameters in which their recipes differ."""
    return {"pictures": [_shown(left), _shown(right)], "changed": changed_parameters(left, right)}


def _shown(entry: HistoryEntry) -> dict[str, object]:
    params = json.loads(entry.params)
    inputs = [params[name] for name in PICTURES if name in params]
    return {"key": entry.key, "text": recipes.line(params), "inputs": inputs}


def changed_parameters(left: HistoryEntry, right: HistoryEntry) -> list[tuple[str, str, str]]:
    """The parameters in which two pictures of the history differ: name, left value, right value."""
    changes = differences(json.loads(left.params), json.loads(right.params))
    return [(name, _text(name, before), _text(name, after)) for name, before, after in changes]


def _text(name: str, value: object) -> str:
    """A value as the page shows it; nothing for an empty one."""
    if name == accelerate.FIELD:
        return accelerate.label(accelerate.checked(name, value))
    if value is None or value == {}:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
