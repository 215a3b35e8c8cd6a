"""The fields of the prompt bench: how they show a recipe, and which recipe they ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..._util.checks import is_whole_number
from ...errors import DwlabError, InvalidInput
from ...spec import catalog, schedulers
from ...spec.accelerate import FIELD as ACCELERATE
from ...spec.inputs import NUMBERS, PICTURES
from ...spec.names import ARGUMENTS
from ...spec.params import FIELDS as PARAMETERS
from ...spec.params import GenerationParams
from . import accelerating
from .extras import shown
from .prompt_helps import takes_weights

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

FIELDS = (
    "prompt",
    "negative_prompt",
    "model",
    "scheduler",
    "steps",
    "guidance",
    "seed",
    "width",
    "height",
    "quantisation",
    *NUMBERS,
)
# The parameters without a control, besides those in maps; a picture's dtype is chosen anew.
OTHERS = PARAMETERS - {*FIELDS, *ARGUMENTS, *PICTURES, ACCELERATE, "dtype"}
# The controls that "Sweep this" can turn into axes.
AXES = (
    "prompt",
    "seed",
    "steps",
    "guidance",
    "scheduler",
    "width",
    "height",
    "negative_prompt",
    "strength",
    ACCELERATE,
)
MOST_PICTURES = 16  # per run


def offer_for(params: GenerationParams, models: Iterable[str] = ()) -> dict[str, object]:
    """What the page lets a user choose for the model of a recipe; `models` are offered too."""
    entry = catalog.lookup(params.model)
    return {
        "model": params.model,
        "models": _unique([*catalog.DRAWING, *models, params.model]),
        "schedulers": _unique([_scheduler_of(params), *schedulers.ALIASES]),
        "sides": [entry.side_min, entry.side_max],
        "ignores": sorted(entry.ignores),
        "weights": takes_weights(params.model),
        "accelerators": accelerating.offered(params.model, params.accelerate),
        "quantisations": accelerating.quantisations(params.quantisation),
        "most": MOST_PICTURES,
        "swept": swept(entry.ignores, from_picture=params.image is not None),
    }


def swept(ignored: Collection[str], *, from_picture: bool) -> list[str]:
    """The parameters that "Sweep this" can vary. from_picture: whether runs start from one."""
    return [name for name in AXES if name not in ignored and (from_picture or name != "strength")]


def controls_for(params: GenerationParams, *, count: object, locked: bool) -> dict[str, object]:
    """The controls that show a recipe.

    count: pictures per run. locked: whether runs keep the seed.
    """
    fields = {name: getattr(params, name) for name in FIELDS}
    fields["scheduler"] = _scheduler_of(params)
    # A page rounds numbers above 2^53, so seeds travel as text.
    fields["seed"] = str(params.seed)
    accelerators = accelerating.as_texts(params.accelerate)
    return {
        "count": count,
        **fields,
        ACCELERATE: accelerators,
        "locked": locked,
        "more": _more_for(params),
    }


def arguments_from(controls: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    """The arguments of `GenerationParams` that the controls stand for, without those `ignored`.

    An empty field is left out, so that the model's default applies.
    """
    arguments: dict[str, Any] = {}
    for name in FIELDS:
        value = controls.get(name)
        is_empty = value in ("", None) and name != "prompt"
        if not is_empty and name not in ignored:
            arguments[name] = value
    if str(arguments.get("seed")).isdecimal():
        arguments["seed"] = int(arguments["seed"])
    accelerators = accelerating.from_texts(controls.get(ACCELERATE))
    if accelerators:
        arguments[ACCELERATE] = accelerators
    extras = _without_field(controls)
    if arguments.get("negative_prompt"):
        # A recipe can carry an empty negative prompt in `call`; the one typed here replaces it.
        extras.get("call", {}).pop("negative_prompt", None)
    return {**extras, **arguments}


def problems_of(arguments: Mapping[str, Any], count: object) -> dict[str, str]:
    """What is wrong with each control, by its name."""
    problems: dict[str, str] = {}
    for name in FIELDS:
        checked_together = (name, "prompt", "model", *PICTURES)
        alone = {key: value for key, value in arguments.items() if key in checked_together}
        try:
            _check_side(name, alone)
            GenerationParams(**alone)
        except InvalidInput as error:
            problems.setdefault(error.field, sentence(error))
        except DwlabError as error:
            problems["model"] = str(error)
    for name, wrong in accelerating.problems_of(arguments).items():
        problems[name] = sentence(wrong)
    try:
        check_count(count)
    except InvalidInput as error:
        problems["count"] = sentence(error)
    return problems


def _check_side(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a side that the chosen model cannot draw, however wrong it is."""
    if name not in ("width", "height") or name not in arguments:
        return
    value = arguments[name]
    model = str(arguments["model"])
    # 0 stands for what is no number: no model can draw it either
    side = value if is_whole_number(value) else 0
    catalog.check_side(catalog.lookup(model), name, side, model)


def problem_of(error: InvalidInput) -> dict[str, str]:
    """A wrong value as one sentence by the control that it is about; "" stands for none of them."""
    name = accelerating.control_of(error.field) or error.field.partition(".")[0]
    is_shown = name in (*FIELDS, "count") or name.partition(".")[0] == ACCELERATE
    return {name: sentence(error)} if is_shown else {"": str(error)}


def check_count(count: object) -> int:
    """The number of pictures per run; raises InvalidInput if it is not allowed."""
    if not is_whole_number(count) or not 1 <= count <= MOST_PICTURES:
        raise InvalidInput("count", count, f"a whole number from 1 to {MOST_PICTURES}")
    return count


def sentence(error: InvalidInput) -> str:
    """What is allowed, as a sentence for people who see the control and its value."""
    # The rest is about recipes in files.
    text = error.allowed.partition("; ")[0] if error.field == "seed" else error.allowed
    return f"{text[0].upper()}{text[1:]}."


def _scheduler_of(params: GenerationParams) -> str:
    """The scheduler's name as the list shows it."""
    return schedulers.display_name(params.scheduler or "", dict(params.scheduler_options))


def _more_for(params: GenerationParams) -> dict[str, str]:
    """The parameters of a recipe that have no field, as JSON: a page would turn 1.0 into 1."""
    scheduler = _scheduler_of(params)
    call = dict(params.call)
    options = dict(params.scheduler_options)
    if scheduler in schedulers.ALIASES:
        # The name in the list stands for these options.
        options = {}
    others = {name: value for name, value in params.as_dict().items() if name in OTHERS}
    if not call and not options and not others:
        return {}
    more = {}
    if call:
        more["call"] = json.dumps(call)
    if options:
        more["scheduler_options"] = json.dumps(options)
    if others:
        more["others"] = json.dumps(others)
    return {**more, "scheduler": scheduler}


def extras_of(controls: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the controls have beside their fields, for the page (see `extras`)."""
    more = controls["more"]
    return shown(more, with_options=more.get("scheduler") == controls.get("scheduler"))


def _without_field(controls: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the control `more`, without options of a scheduler that is no longer chosen."""
    more = controls["more"]
    values = {name: json.loads(more[name]) for name in ARGUMENTS if name in more}
    others = json.loads(more.get("others", "{}"))
    values |= {name: value for name, value in others.items() if name in OTHERS}
    if more.get("scheduler") != controls.get("scheduler"):
        values.pop("scheduler_options", None)
    return values


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
