"""Explains why two pictures differ, or what of another tool's picture dwlab can make again."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ..._util.text_table import text_table
from ...errors import InvalidInput, printable, shortened
from ...paths import results_folder
from ...pictures.distance import distance
from ...pictures.foreign_settings import Group, verdicts
from ..related_recipes import differences
from .evidence import Evidence, gather
from .ladder import climb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

VALUE_SHOWN = 60  # characters
LINE_WIDTH = 96


def explain(
    path: Path,
    other: Path | None = None,
    *,
    model: str | None = None,
    device: str = "auto",
    results: Path | None = None,
) -> str:
    """Say what of a picture can be made again here, or why two pictures differ.

    path, other: PNGs with a recipe of dwlab's or of another tool's. model: one that stands for the
    other tool's; then the picture is drawn with one switch of dwlab's after the other, and the
    distance is measured each time. results: the folder whose rows say how dwlab's pictures were
    made. Raises InvalidInput for a picture without a recipe, and for a model without need.
    """
    root = results_folder(results)
    first = gather(path, root)
    if other is not None:
        if model is not None:
            raise InvalidInput("model", model, "left out when two pictures are compared")
        return _pair(first, gather(other, root))
    if not first.is_own:
        return _foreign(first, model, device)
    if model is not None:
        raise InvalidInput("model", model, "left out for a picture that dwlab made")
    return _own(first)


def _own(evidence: Evidence) -> str:
    """What made a picture of dwlab's."""
    facts = [*evidence.recipe.values.items(), ("key", evidence.key), *evidence.record.items()]
    rows = [(name, _shown(value)) for name, value in facts if value is not None]
    advice = "Name a second picture to compare the two."
    return f"{_name(evidence)} was made by dwlab with\n{_indented(rows)}\n{advice}"


def _foreign(evidence: Evidence, model: str | None, device: str) -> str:
    """What becomes of another tool's settings, and how near the switches come."""
    parts = [f"{_name(evidence)} was made by {evidence.recipe.tool}.", *_settings(evidence)]
    if model is None:
        parts.append(
            "With --model NAME, the model that stands for it, dwlab draws it and measures how near "
            "each switch comes."
        )
    else:
        parts.append(_ladder(evidence, model, device))
    return "\n\n".join(parts)


def _settings(evidence: Evidence) -> list[str]:
    """A paragraph for each group of verdicts on another tool's settings."""
    judged = verdicts(evidence.recipe)
    paragraphs = []
    for group in Group:
        members = [verdict for verdict in judged if verdict.group is group]
        if members:
            rows = [(_shown(verdict.setting), verdict.text) for verdict in members]
            paragraphs.append(f"{group.value[0].upper()}{group.value[1:]}:\n{_wrapped(rows)}")
    return paragraphs


def _ladder(evidence: Evidence, model: str, device: str) -> str:
    rows = [
        (rung.label, str(rung.distance) if rung.distance else rung.reason)
        for rung in climb(evidence, model, device)
    ]
    return (
        f"Drawn with {model}, the distance from the picture after each switch:\n{_indented(rows)}"
    )


def _pair(first: Evidence, second: Evidence) -> str:
    """Why two pictures differ."""
    parts = [_measured(first, second)]
    recipes_differ = differences(first.recipe.values, second.recipe.values)
    records_differ = differences(first.record, second.record)
    if recipes_differ:
        parts.append(f"The recipes differ in\n{_table(first, second, recipes_differ)}")
    if records_differ and first.is_own and second.is_own:
        parts.append(f"They were made with different\n{_table(first, second, records_differ)}")
    if not recipes_differ:
        parts.append(_same_recipe(first, second, bool(records_differ)))
    for evidence in (first, second):
        if not evidence.is_own:
            parts += [
                f"{_name(evidence)} was made by {evidence.recipe.tool}.",
                *_settings(evidence),
            ]
    return "\n\n".join(parts)


def _measured(first: Evidence, second: Evidence) -> str:
    measured = distance(first.image, second.image)
    if measured is None:
        sizes = ["{}x{}".format(*evidence.image.size) for evidence in (first, second)]
        return f"The pictures have different sizes: {' and '.join(sizes)}."
    return f"The distance of the pictures: {measured}."


def _same_recipe(first: Evidence, second: Evidence, records_differ: bool) -> str:
    if first.key and first.key == second.key:
        text = "They have the same key: whatever differs is rounding of another device, version or company"
    elif first.is_own and second.is_own:
        text = "The recipes say the same of both; their keys differ by weights, dtype or mode"
    else:
        text = "The recipes say the same of both"
    if not records_differ and first.is_own:
        text += "; how each was computed is not in the results folder (--results names another one)"
    return f"{text}."


def _table(first: Evidence, second: Evidence, pairs: Iterable[Any]) -> str:
    rows = [(pair.name, _shown(pair.left), _shown(pair.right)) for pair in pairs]
    head = ("", _name(first), _name(second))
    return textwrap.indent(text_table(rows, head), "  ")


def _name(evidence: Evidence) -> str:
    return shortened(printable(evidence.path.name), VALUE_SHOWN)


def _shown(value: object) -> str:
    """A value of a stranger's file, on one line."""
    return "(not named)" if value is None else shortened(printable(str(value)), VALUE_SHOWN)


def _indented(rows: Sequence[tuple[str, str]]) -> str:
    return textwrap.indent(text_table(rows), "  ")


def _wrapped(rows: Sequence[tuple[str, str]]) -> str:
    """Settings, each with its text below it."""
    lines = []
    for setting, text in rows:
        lines.append(f"  {setting}")
        lines += textwrap.wrap(text, LINE_WIDTH, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)
