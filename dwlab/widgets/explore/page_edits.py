"""Edits of the fields that arrive too late: after what the page asked for when they were sent.

Jupyter holds back a change of a trait while an earlier one is under way, but no message. An edit
that was sent before a message can therefore arrive after it, and would take back what it did.
"""

from __future__ import annotations

from typing import Any

NUMBER = "edit"  # in what a page sends of its fields: its own id, and the number of the edit


class PageEdits:
    """The last edit of each page that its messages have already told of."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def overtake(self, number: object) -> None:
        """Take in the number of the last edit that a page sent before a message."""
        match number:
            case [str(page), int(last)]:
                self._last[page] = last

    def is_late(self, controls: dict[str, Any]) -> bool:
        """Whether a message that was sent after this edit has arrived already."""
        match controls.get(NUMBER):
            case [str(page), int(number)]:
                return number <= self._last.get(page, 0)
        return False
