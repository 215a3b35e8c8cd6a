"""Two pictures of the history side by side: what differs between their recipes, in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...workflows.related_recipes import differences

if TYPE_CHECKING:
    from ...store.history_search import HistoryEntry


def changed_parameters(left: HistoryEntry, right: HistoryEntry) -> list[tuple[str, str, str]]:
    """The parameters in which two pictures of the history differ: name, left value, right value."""
    changes = differences(json.loads(left.params), json.loads(right.params))
    return [(name, _text(before), _text(after)) for name, before, after in changes]


def _text(value: object) -> str:
    """A value as the page shows it; nothing for an empty one."""
    if value is None or value == {}:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
