"""Warnings before a sweep runs: axes, values and skip rules that cannot make a difference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import accelerate, catalog, schedulers
from .kinds import alike
from .names import TEXTS
from .prompt_text import stripped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .cells import Cell
    from .model_entry import Entry
    from .params import GenerationParams
    from .sweep import SweepSpec

    ByModel = Mapping[str, Sequence[GenerationParams]]
    Entries = Mapping[str, Entry]

_OUTER = re.compile(r"^\{(\w+)\}|\{(\w+)\}$")  # a placeholder that begins or ends a prompt
IDLE_RULES = 10  # that are named one by one
TEXT_SHOWN = 60  # characters
CFG_FAMILIES = ("sd", "sdxl", "sd3")  # families in which guidance of 1 or less is off


def warnings(
    spec: SweepSpec, cells: list[Cell], folders: Mapping[str, str] | None = None
) -> list[str]:
    """One line for each axis without effect, duplicate and idle skip rule.

    Such axes stay in keys and rows. folders: where models of the hub are on this machine, by name;
    what such a model ignores is read there.
    """
    return _warnings(spec, cells, spec.count() - len(cells), folders)


def stored_warnings(spec: SweepSpec) -> list[str]:
    """The warnings of a sweep that ran, which do not take longer for having many seeds."""
    example = spec.with_one_seed()
    cells = example.cells(limit=example.count())
    seeds = spec.count() // example.count()
    return _warnings(spec, cells, spec.count() - seeds * len(cells))


def _warnings(
    spec: SweepSpec,
    cells: list[Cell],
    repeated: int,
    folders: Mapping[str, str] | None = None,
) -> list[str]:
    # prompts and seeds always have an effect
    kinds = alike([cell.params for cell in cells])
    models = dict.fromkeys(example.model for example, _ in kinds)
    entries = {model: catalog.lookup((folders or {}).get(model, model)) for model in models}
    params = [example.with_defaults(entries[example.model]) for example, _ in kinds]
    by_model: dict[str, list[GenerationParams]] = {}
    for each in params:
        by_model.setdefault(each.model, []).append(each)
    return [
        *_duplicates(spec, repeated),
        *_white_space(spec),
        *_guidance_off(params, entries),
        *_unused_eta(params, entries),
        *_ignored_by_model(by_model, entries),
        *_guidance_without_negative_prompt(by_model, entries),
        *_empty_negative_prompt(by_model, entries),
        *_idle_rules(spec.idle_rules()),
    ]


def _duplicates(spec: SweepSpec, repeated: int) -> Iterator[str]:
    if repeated:
        yield f"{repeated} of {spec.count()} combinations repeat others and are computed once"


def _white_space(spec: SweepSpec) -> Iterator[str]:
    """Where the prompt that is drawn has less white space around it than the text in the file."""
    for name in TEXTS:
        texts = _texts(spec, name)
        for placeholder in _outer_placeholders(texts):
            texts = texts + _texts(spec, placeholder)
        trimmed = [text for text in texts if text != stripped(text)]
        if trimmed:
            others = f" and {len(trimmed) - 1:,} others" if len(trimmed) > 1 else ""
            yield f"{name}: the white space around {_short(trimmed[0])}{others} is left out"


def _texts(spec: SweepSpec, name: str) -> list[str]:
    """The texts that base or an axis gives for a name."""
    values = spec.axes.get(name, spec.base.get(name))
    if not isinstance(values, list | tuple):
        values = [values]
    return [value for value in values if isinstance(value, str)]


def _outer_placeholders(templates: list[str]) -> list[str]:
    """The placeholders whose values begin or end a prompt."""
    names: dict[str, None] = {}
    for template in templates:
        for match in _OUTER.finditer(template.strip()):
            names[match[1] or match[2]] = None
    return list(names)


def _short(text: str) -> str:
    shown = repr(text) if text.isprintable() else ascii(text)
    return shown if len(shown) <= TEXT_SHOWN else f"{shown[: TEXT_SHOWN - 3]}..."


def _guidance_off(params: list[GenerationParams], entries: Entries) -> Iterator[str]:
    unguided = [each for each in params if _is_unguided(each, entries[each.model])]
    values = sorted({each.guidance for each in unguided})
    if len(values) > 1:
        listed = ", ".join(f"{value:g}" for value in values)
        yield f"guidance {listed}: all of them switch guidance off, so their pictures are the same"
    idle = {name for each in unguided for name in accelerate.saving_guidance(each.accelerate)}
    for name in sorted(idle):
        yield f"accelerate.{name} has no effect where guidance is 1 or less"
    if _vary(each.negative_prompt for each in unguided):
        yield "negative_prompt has no effect where guidance is 1 or less"


def _is_unguided(params: GenerationParams, entry: Entry) -> bool:
    # a model that ignores negative_prompt gets its guidance in another way
    has_cfg = entry.family in CFG_FAMILIES and "negative_prompt" not in entry.ignores
    return has_cfg and not params.guided


def _unused_eta(params: list[GenerationParams], entries: Entries) -> Iterator[str]:
    etas: dict[str | None, list[object]] = {}
    for each in params:
        scheduler = each.scheduler or entries[each.model].scheduler
        etas.setdefault(scheduler, []).append(each.call.get("eta"))
    unused = [
        scheduler
        for scheduler, values in etas.items()
        if scheduler and scheduler not in schedulers.USES_ETA and _vary(values)
    ]
    if unused:
        yield f"call.eta has no effect on {', '.join(sorted(unused))}"


def _ignored_by_model(by_model: ByModel, entries: Entries) -> Iterator[str]:
    for model, params in sorted(by_model.items()):
        for name in sorted(entries[model].ignores):
            unaffected = params
            if name == "negative_prompt":
                unaffected = [each for each in params if not _has_true_cfg(each)]
            if _vary(getattr(each, name) for each in unaffected):
                yield f"{name} has no effect on model {model!r}"


def _has_true_cfg(params: GenerationParams) -> bool:
    """Whether a model that ignores the negative prompt uses it for this cell."""
    scale = params.call.get("true_cfg_scale")
    return isinstance(scale, int | float) and scale > 1


def _guidance_without_negative_prompt(by_model: ByModel, entries: Entries) -> Iterator[str]:
    """Models like Qwen-Image, whose guidance is a true CFG: it needs a negative prompt."""
    for model, params in sorted(by_model.items()):
        omission = entries[model].omission
        if omission is None or not omission.is_guidance:
            continue
        if _vary(each.guidance for each in params if each.negative is None):
            yield (
                f"guidance has no effect on model {model!r} without a negative_prompt; "
                '`call: {negative_prompt: ""}` passes an empty one'
            )


def _empty_negative_prompt(by_model: ByModel, entries: Entries) -> Iterator[str]:
    """Models for which a missing negative prompt is an empty one, so that asking for it is idle."""
    for model, params in sorted(by_model.items()):
        entry = entries[model]
        takes_it_for_empty = entry.local and entry.omission is None
        if takes_it_for_empty and _vary(each.call.get("negative_prompt") for each in params):
            yield (
                f"call.negative_prompt has no effect on model {model!r}, "
                "which treats a missing negative prompt like an empty one"
            )


def _idle_rules(rules: list[str]) -> Iterator[str]:
    for rule in rules[:IDLE_RULES]:
        yield f"skip rule {rule} drops nothing"
    more = len(rules) - IDLE_RULES
    if more > 0:
        yield f"{more:,} more skip rules drop nothing"


def _vary(values: Iterable[object]) -> bool:
    return len({repr(value) for value in values}) > 1
