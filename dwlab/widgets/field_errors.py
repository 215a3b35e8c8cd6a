"""Errors in a panel: as HTML, and which of its fields they are about."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def message_html(error: Exception) -> str:
    """An error as a panel shows it."""
    return f'<div class="dwlab-message" role="alert">{html.escape(str(error))}</div>'


def field_meant(error_field: str, names: Iterable[str]) -> str:
    """Which of `names` an error's field belongs to; empty if it is none of them.

    Both `axes.steps[2]` and `axes.steps.range` belong to `steps`.
    """
    field = re.sub(r"\[\d+\]", "", error_field)
    field = field.removeprefix("axes.").removeprefix("base.")
    field = re.sub(r" line \d+$", "", field)
    matching = [name for name in names if field == name or field.startswith(f"{name}.")]
    return max(matching, key=len, default="")
