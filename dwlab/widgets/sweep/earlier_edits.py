"""Edits as dwlab 1.0 kept them: the text of a field before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...spec.dotted import is_parameter
from ...spec.names import TEXTS
from .row_texts import as_yaml
from .rows import LIST, VALUE, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

PROMPT = "the prompt"


def row_after(name: str, edit: object, originals: Mapping[str, Row]) -> Row | None:
    """The row that an edit of an earlier version makes; None if it was made to another text."""
    if not isinstance(edit, list) or len(edit) != 2:
        return None
    before, after = edit
    if not isinstance(after, str) or not isinstance(before, str | None):
        return None
    parameter = "prompt" if name == PROMPT else name
    if _text_before(originals.get(parameter)) != before:
        return None
    kind = VALUE if is_parameter(parameter) else LIST
    return Row(parameter, kind, (after,)).settled()


def _text_before(row: Row | None) -> str | None:
    """The text that the field of a row showed; None for a placeholder that had no field."""
    if row is None:
        return None
    if row.name in TEXTS and not row.is_axis:
        return row.parts[0]
    try:
        value = row.value()
    except InvalidInput:
        return None
    return "" if value is None else as_yaml(value)
