"""The models of the catalog as a Markdown table, for the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import catalog

if TYPE_CHECKING:
    from .model_entry import Entry, HubFacts

NOT_CHECKED = "not checked"
_HEAD = (
    "name",
    "task",
    "pixels",
    "steps",
    "guidance",
    "repository",
    "commit",
    "licence",
    "terms",
    "size",
)
_REVISION_DIGITS = 7


def markdown() -> str:
    """A table with a row for each model and part of the hub that has a name."""
    entries = [entry for entry in catalog.CATALOG.values() if entry.hub]
    rows = [_row(entry, entry.hub) for entry in (*entries, *catalog.PARTS.values()) if entry.hub]
    lines = [_HEAD, tuple("---" for _ in _HEAD), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _row(entry: Entry, facts: HubFacts) -> tuple[str, ...]:
    mirror = f" (mirror of {facts.mirror_of})" if facts.mirror_of else ""
    is_part = entry.name in catalog.PARTS
    return (
        f"`{entry.name}`",
        facts.task,
        "" if is_part else str(entry.width),
        "" if is_part else str(entry.steps),
        "" if is_part else f"{entry.guidance:g}",
        f"{entry.source}{mirror}",
        f"`{entry.revision[:_REVISION_DIGITS]}`" if entry.revision else NOT_CHECKED,
        facts.licence or NOT_CHECKED,
        facts.access or NOT_CHECKED,
        f"{facts.bytes / 1e9:.1f} GB" if facts.bytes else NOT_CHECKED,
    )
