"""Ways to draw with less work on the prompt bench: what it offers, and what is typed there.

The control `accelerate` is a map from the accelerators that are ticked to their settings as typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import DwlabError, InvalidInput
from ...models import quantisation
from ...models.accelerators_fit import unfit
from ...models.identity import entry_here
from ...spec import accelerate
from ...spec.accelerate import FIELD
from ...spec.accelerators import BY_NAME
from ...spec.memory import NONE, QUANTISATIONS
from ...spec.params import GenerationParams
from ...spec.rows import rows_of
from ...spec.typed_accelerators import as_typed, typed_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...spec.accelerators import Accelerator, Setting


def offered(model: str, chosen: Mapping[str, object]) -> list[dict[str, str]]:
    """The accelerators that a page offers: those that fit a model, and what a recipe has chosen.

    Of a model whose files are not here, nothing is known: all are offered, and a run says what fits.
    """
    return [
        _offer(accelerator)
        for name, accelerator in BY_NAME.items()
        if name in chosen or not _reason(model, accelerator)
    ]


def quantisations(chosen: str) -> list[str]:
    """The ways to keep weights that this machine has, and the one that a recipe has chosen."""
    return [
        name
        for name in (NONE, *QUANTISATIONS)
        if name in (NONE, chosen) or quantisation.is_here(name)
    ]


def as_texts(settings: accelerate.Accelerate) -> dict[str, str]:
    """The control that shows a recipe's accelerators."""
    return {name: as_typed(each) for name, each in settings.items()}


def from_texts(texts: object) -> dict[str, object]:
    """What the control stands for; a text that cannot be read stands for itself, and is refused."""
    if not isinstance(texts, dict):
        return {}
    values: dict[str, object] = {}
    for name, text in texts.items():
        try:
            values[name] = typed_settings(name, str(text))
        except DwlabError:
            values[name] = str(text)
    return values


def problems_of(arguments: Mapping[str, Any]) -> dict[str, InvalidInput]:
    """What is wrong with each accelerator, or with all together, by the page's name for it."""
    values = arguments.get(FIELD, {})
    problems: dict[str, InvalidInput] = {}
    for name, value in values.items():
        try:
            accelerate.checked(FIELD, {name: value})
            _check_fits(str(arguments["model"]), name, value)
        except InvalidInput as error:
            problems[f"{FIELD}.{name}"] = error
    if problems:
        return problems
    try:
        GenerationParams("", model=arguments["model"], accelerate=values)
    except InvalidInput as error:
        # one about the model is said at the model
        if error.field == FIELD:
            problems[FIELD] = error
    except DwlabError:
        pass
    return problems


def control_of(field: str) -> str | None:
    """The page's name of what an error is about: `accelerate.deep_cache`; None if it is another field."""
    parts = field.split(".")
    return ".".join(parts[:2]) if parts[0] == FIELD else None


def work_in_words(arguments: Mapping[str, Any]) -> str:
    """About how much of the denoiser's work is left, as `about 43% of the work`; empty without any.

    It is counted in rows, as plans count them. Empty also while a field is wrong.
    """
    if not arguments.get(FIELD):
        return ""
    try:
        params = GenerationParams(**arguments)
    except DwlabError:
        return ""
    if not params.accelerate:
        return "changes nothing"
    if accelerate.runs_alone(params.accelerate):
        return "how much it saves depends on the picture; each one runs alone"
    plain = rows_of(params.replace(accelerate={}))
    return f"about {rows_of(params) / plain:.0%} of the denoiser's work"


def _offer(accelerator: Accelerator) -> dict[str, str]:
    main = accelerator.main
    setting = _in_words(main)
    if accelerator.others:
        others = [_in_words(each) for each in accelerator.others]
        example = as_typed({each.name: each.default for each in accelerator.settings})
        setting += f". Or {example}, with {'; '.join(others)}"
    return {
        "name": accelerator.name,
        "means": accelerator.means,
        "setting": f"{setting}.",
        "usual": as_typed(main.default),
    }


def _in_words(setting: Setting) -> str:
    return f"{setting.name} ({setting.means}): {setting.rule}"


def _check_fits(model: str, name: str, value: object) -> None:
    reason = _reason(model, BY_NAME[name])
    if reason:
        raise InvalidInput(f"{FIELD}.{name}", value, f"left out for {reason}")


def _reason(model: str, accelerator: Accelerator) -> str | None:
    """Why an accelerator does not fit a model; None also if its files are not here."""
    try:
        entry = entry_here(model)
    except DwlabError:
        return None
    return unfit(accelerator, entry) if entry.pipeline else None
