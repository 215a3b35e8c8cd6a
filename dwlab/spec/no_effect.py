"""What a sweep's author should hear before it runs: axes and values that cannot matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import catalog, schedulers
from .kinds import alike
from .names import TEXTS
from .prompt_text import stripped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .cells import Cell
    from .params import GenerationParams
    from .sweep import SweepSpec

_OUTER = re.compile(r"^\{(\w+)\}|\{(\w+)\}$")  # a placeholder that begins or ends a prompt
IDLE_RULES = 10  # that are named one by one
CFG_FAMILIES = ("sd", "sdxl", "sd3")  # where guidance of 1 or less is none


def warnings(
    spec: SweepSpec, cells: list[Cell], folders: Mapping[str, str] | None = None
) -> list[str]:
    """One line for each axis without effect, duplicate and idle skip rule; such axes stay in keys and rows.

    folders: where models of the hub lie on this machine, by name; what they ignore is read there.
    """
    params = [
        one for one, _ in alike([cell.params for cell in cells])
    ]  # prompts and seeds are never idle
    entries = {
        name: catalog.lookup((folders or {}).get(name, name))
        for name in {one.model for one in params}
    }
    lines = [
        *_duplicates(spec, cells),
        *_trimmed(spec),
        *_guidance(params, entries),
        *_eta(params, entries),
        *_ignored(params, entries),
        *_empty_negative(params, entries),
    ]
    return [*lines, *_idle(spec.idle_rules())]


def _idle(rules: list[str]) -> list[str]:
    lines = [f"skip rule {rule} drops nothing" for rule in rules[:IDLE_RULES]]
    more = len(rules) - len(lines)
    return [*lines, f"{more:,} more skip rules drop nothing"] if more else lines


def _duplicates(spec: SweepSpec, cells: list[Cell]) -> list[str]:
    twice = spec.count() - len(cells)
    return (
        [f"{twice} of {spec.count()} combinations repeat others and are computed once"]
        if twice
        else []
    )


def _trimmed(spec: SweepSpec) -> list[str]:
    """Where a prompt that is drawn differs from the text that was written: in the white space around it."""
    lines = []
    for name in TEXTS:
        templates = _texts(spec, name)
        values = [value for placeholder in _outer(templates) for value in _texts(spec, placeholder)]
        trimmed = [text for text in (*templates, *values) if text != stripped(text)]
        if trimmed:
            more = f" and of {len(trimmed) - 1:,} more" if len(trimmed) > 1 else ""
            lines.append(f"{name}: the white space around {_short(trimmed[0])}{more} is left out")
    return lines


def _outer(templates: list[str]) -> list[str]:
    """The placeholders whose values begin or end a prompt."""
    names = [
        match[1] or match[2]
        for template in templates
        for match in _OUTER.finditer(template.strip())
    ]
    return list(dict.fromkeys(names))


def _texts(spec: SweepSpec, name: str) -> list[str]:
    """What base or an axis says of a name, as far as it is text."""
    values = spec.axes.get(name, spec.base.get(name))
    values = values if isinstance(values, list | tuple) else [values]
    return [value for value in values if isinstance(value, str)]


def _short(text: str) -> str:
    shown = ascii(text) if not text.isprintable() else repr(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _guidance(params: list[GenerationParams], entries: Mapping[str, catalog.Entry]) -> list[str]:
    def unguided(one: GenerationParams) -> bool:
        entry = entries[
            one.model
        ]  # a model that ignores negative_prompt is told its guidance in another way
        return (
            entry.family in CFG_FAMILIES
            and "negative_prompt" not in entry.ignores
            and not one.guided
        )

    lines = []
    off = [one for one in params if unguided(one)]
    values = sorted({one.guidance for one in off})
    if len(values) > 1:
        listed = ", ".join(f"{g:g}" for g in values)
        lines.append(
            f"guidance {listed}: all of them switch guidance off, so their pictures are the same"
        )
    if _varies(one.negative_prompt for one in off):
        lines.append("negative_prompt has no effect where guidance is 1 or less")
    return lines


def _eta(params: list[GenerationParams], entries: Mapping[str, catalog.Entry]) -> list[str]:
    asked: dict[str | None, list[Any]] = {}
    for one in params:
        asked.setdefault(one.scheduler or entries[one.model].scheduler, []).append(
            one.call.get("eta")
        )
    deaf = sorted(
        name
        for name, etas in asked.items()
        if name and name not in schedulers.USES_ETA and _varies(etas)
    )
    return [f"call.eta has no effect on {', '.join(deaf)}"] if deaf else []


def _ignored(params: list[GenerationParams], entries: Mapping[str, catalog.Entry]) -> list[str]:
    return [
        f"{name} has no effect on model {model!r}"
        for model, entry in sorted(entries.items())
        for name in sorted(entry.ignores)
        if _varies(
            getattr(one, name) for one in params if one.model == model and not _heard(name, one)
        )
    ]


def _empty_negative(
    params: list[GenerationParams], entries: Mapping[str, catalog.Entry]
) -> list[str]:
    """Models for which an empty negative prompt is what they take anyway."""
    lines = []
    for model, entry in sorted(entries.items()):
        known = entry.local and entry.omission is None
        if known and _varies(
            one.call.get("negative_prompt") for one in params if one.model == model
        ):
            lines.append(
                f"call.negative_prompt has no effect on model {model!r}, which takes none for an empty text"
            )
    return lines


def _heard(name: str, one: GenerationParams) -> bool:
    """Whether a model that ignores a parameter makes something of it in this cell."""
    scale = one.call.get("true_cfg_scale")
    return name == "negative_prompt" and isinstance(scale, int | float) and scale > 1


def _varies(values: Iterable[Any]) -> bool:
    return len({repr(value) for value in values}) > 1
