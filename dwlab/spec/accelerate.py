"""The field `accelerate` of a recipe: which accelerators draw the picture, with their settings.

It is kept in one form for one meaning: `{deep_cache: {every: 3, branch: 0}}` is `{deep_cache: 3}`, and
settings that change nothing are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from .._util.checks import as_whole_number
from ..errors import InvalidInput
from .accelerators import BY_NAME, Accelerator, Setting, Settings, Value
from .value_rules import Interval, Number

if TYPE_CHECKING:
    from .accelerators import Step

FIELD = "accelerate"
NONE = "none"
Accelerate = Mapping[str, Settings]
EMPTY: Accelerate = MappingProxyType({})


def checked(field: str, value: object) -> Accelerate:
    """The accelerators in a map, the name of one, or `none`; raises InvalidInput, which names the setting."""
    # YAML reads `no` and `off` as False
    if value is None or value is False or value == NONE:
        return EMPTY
    if isinstance(value, str) and value not in BY_NAME:
        raise InvalidInput(field, value, f"{NONE}, one of {', '.join(BY_NAME)}, or a map of them")
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, Mapping):
        raise InvalidInput(field, value, f"{NONE}, or a map like {{guidance_interval: [0, 0.6]}}")
    for name in value:
        if name not in BY_NAME:
            raise InvalidInput(f"{field}.{name}", value[name], f"one of {', '.join(BY_NAME)}")
    kept: dict[str, Settings] = {}
    for name, accelerator in BY_NAME.items():
        settings = _settings(f"{field}.{name}", accelerator, value.get(name, accelerator.idle))
        if settings is not None:
            kept[name] = settings
    return MappingProxyType(kept) if kept else EMPTY


def _settings(field: str, accelerator: Accelerator, written: object) -> Settings:
    """The settings of an accelerator in the form in which they are kept; None if they are idle."""
    # as an axis may have it
    if written is None or written is False or written == NONE:
        return None
    if not isinstance(written, Mapping):
        written = {accelerator.main.name: written}
    known = {setting.name: setting for setting in accelerator.settings}
    for name in written:
        if name not in known:
            raise InvalidInput(f"{field}.{name}", written[name], f"one of {', '.join(known)}")
    values: dict[str, Value] = {}
    for setting in accelerator.settings:
        # a value alone is that of the accelerator
        is_alone = len(written) == 1 and setting is accelerator.main
        name = field if is_alone else f"{field}.{setting.name}"
        values[setting.name] = _value(name, setting, written.get(setting.name, setting.default))
    main = values[accelerator.main.name]
    if main == accelerator.idle:
        return None
    further = {each.name: values[each.name] for each in accelerator.others}
    unusual = {each.name for each in accelerator.others if further[each.name] != each.default}
    if not unusual:
        return main
    return {accelerator.main.name: main, **{name: further[name] for name in sorted(unusual)}}


def _value(field: str, setting: Setting, value: object) -> Value:
    rule = setting.rule
    if isinstance(rule, Number):
        value = as_whole_number(value) if rule.whole else value
        if rule.allows(value):
            # makes 0.0 of -0.0
            return value if rule.whole else float(value) + 0.0
    elif isinstance(rule, Interval):
        if rule.allows(value):
            return [float(end) + 0.0 for end in value]
    elif rule.allows(value) and isinstance(value, str | bool | None):
        return value
    raise InvalidInput(field, value, str(rule))


def main(name: str, settings: Settings) -> Value:
    """The main setting of an accelerator."""
    return settings[BY_NAME[name].main.name] if isinstance(settings, dict) else settings


def setting(name: str, settings: Settings, other: str) -> Value:
    """A setting of an accelerator besides the main one."""
    usual = {each.name: each.default for each in BY_NAME[name].others}
    return settings.get(other, usual[other]) if isinstance(settings, dict) else usual[other]


def is_guided(accelerate: Accelerate, step: Step) -> bool:
    """Whether a step asks for both answers of guidance, if the picture has guidance."""
    return all(BY_NAME[name].guided(each, step) for name, each in accelerate.items())


def share(accelerate: Accelerate, step: Step) -> float:
    """About which part of a row's work each row of a step takes."""
    part = 1.0
    for name, settings in accelerate.items():
        part *= BY_NAME[name].share(settings, step)
    return part


def runs_alone(accelerate: Accelerate) -> list[str]:
    """The accelerators whose cells share no forwards."""
    return [name for name in accelerate if not BY_NAME[name].packed]


def saving_guidance(accelerate: Accelerate) -> list[str]:
    """The accelerators that leave out answers of guidance."""
    return [name for name in accelerate if BY_NAME[name].saves_guidance]


def but_for_guidance(accelerate: Accelerate) -> Accelerate:
    """The accelerators that leave out other work than answers of guidance."""
    saving = saving_guidance(accelerate)
    return {name: settings for name, settings in accelerate.items() if name not in saving}


def in_denoiser(accelerate: Accelerate) -> list[str]:
    """The accelerators that keep what they remember in the denoiser itself."""
    return [name for name in accelerate if BY_NAME[name].in_denoiser]


def of_axis(name: str, value: object) -> Accelerate:
    """The accelerators that a value of the axis `accelerate`, or `accelerate.NAME`, stands for."""
    field, _, accelerator = name.partition(".")
    return checked(field, {accelerator: value} if accelerator else value)


def is_axis(name: str) -> bool:
    """Whether the values of an axis of this name are accelerators, or settings of one."""
    return name.partition(".")[0] == FIELD


def label(accelerate: Accelerate) -> str:
    """Accelerators as people read them: `deep_cache 3 + guidance_interval 0-0.6`."""
    shown = [f"{name} {_words(name, settings)}" for name, settings in accelerate.items()]
    return " + ".join(shown) or NONE


def axis_value(name: str, accelerate: Accelerate) -> float | str:
    """What a table shows for an axis like `accelerate.deep_cache`: a number if there is one."""
    settings = accelerate.get(name, BY_NAME[name].idle if name in BY_NAME else None)
    if isinstance(settings, int | float):
        return settings
    return _words(name, settings)


def _words(name: str, settings: Settings) -> str:
    if not isinstance(settings, dict):
        return _word(settings)
    words = [_word(main(name, settings))]
    for other, value in settings.items():
        if other != BY_NAME[name].main.name:
            words.append(f"{other} {_word(value)}")
    return " ".join(words)


def _word(value: Value) -> str:
    if isinstance(value, list):
        return "-".join(f"{end:g}" for end in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
