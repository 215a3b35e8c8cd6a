"""Which values each parameter may have, and in which form they are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from .._util.checks import as_whole_number, check_whole_number, is_number, without_quotes
from ..errors import InvalidInput
from . import (
    accelerate,
    catalog,
    components,
    controls,
    embeddings,
    inputs,
    ip_adapters,
    layouts,
    loras,
    memory,
    refiners,
    side_limits,
)
from .long_prompts import LONG_PROMPTS
from .model_choice import checked_variant
from .names import ARGUMENTS, TEXTS
from .own_code.classes import PIPELINE, SCHEDULER_CODE, OwnClass, checked_class
from .own_code.recipe import Method, checked_method
from .prompt_text import checked_prompt
from .prompt_weights import WEIGHTINGS

PREDICTIONS = ("epsilon", "v_prediction", "sample")
DTYPES = ("auto", "float32", "float16", "bfloat16")
# CUDA_NOISE: the starting noise of AUTOMATIC1111 on an NVIDIA GPU
CUDA_NOISE = "a1111-cuda"
NOISES = ("cpu", CUDA_NOISE)
# parameters whose values are words; "" is the same as leaving one out
_WORDS = {
    "dtype": DTYPES,
    "quantisation": (memory.NONE, *memory.QUANTISATIONS),
    "noise": NOISES,
    "prediction": ("", *PREDICTIONS),
    "long_prompt": LONG_PROMPTS,
    "prompt_weighting": WEIGHTINGS,
}
SEED_LIMIT = 2**63 - 1
EMPTY_MAP: Mapping[str, object] = MappingProxyType({})
_SEED_HINT = "; leave it out for 0, or write `seed: random` in a sweep to draw one"


def check_model_name(model: object) -> None:
    """Raise InvalidInput unless a model's name is a text; `catalog.lookup` finds the model."""
    if not isinstance(model, str) or not model:
        allowed = "a catalog name, a folder, or a hub id like owner/name"
        raise InvalidInput("model", model, allowed)


def check_config(config: object) -> None:
    """Raise InvalidInput unless a config is a text; `catalog.lookup` finds the configs."""
    if not isinstance(config, str):
        raise InvalidInput("config", config, f"a folder, or one of {', '.join(layouts.LAYOUTS)}")


def checked(name: str, value: object, model: str) -> object:
    """The value of a parameter in the form in which it is kept; raises InvalidInput.

    model: limits width and height. Scheduler and model have checks of their own.
    """
    if name in ("width", "height"):
        return _checked_side(name, value, model)
    check = _CHECKS.get(name)
    return check(name, value) if check else value


def _checked_seed(name: str, value: object) -> int:
    return check_whole_number(name, as_whole_number(value), 0, SEED_LIMIT, _SEED_HINT)


def _checked_steps(name: str, value: object) -> int | None:
    return None if value is None else check_whole_number(name, as_whole_number(value), 1, 1000)


def _checked_word(name: str, value: object) -> object:
    if value not in _WORDS[name]:
        raise InvalidInput(name, value, f"one of {', '.join(filter(None, _WORDS[name]))}")
    return value


def _checked_guidance(name: str, value: object) -> float | None:
    if value is None:
        return None
    if not is_number(value) or not 0 <= value <= 100:  # NaN is not in this range either
        raise InvalidInput(name, value, f"a number from 0 to 100{without_quotes(value)}")
    return float(value) + 0.0  # makes 0.0 of -0.0


def _checked_side(name: str, value: object, model: str) -> int | None:
    if value is None:
        return None
    side = check_whole_number(
        name, as_whole_number(value), side_limits.SMALLEST, side_limits.LARGEST
    )
    catalog.check_side(catalog.lookup(model), name, side)
    return side


def _checked_map(name: str, value: object) -> Mapping[str, object]:
    if type(value) is dict and not value:  # most cells of a large sweep
        return EMPTY_MAP
    if not isinstance(value, Mapping) or not all(map(_is_argument_name, value)):
        raise InvalidInput(name, value, "a map from argument names to values")
    plain = {child: _plain(f"{name}.{child}", inner) for child, inner in value.items()}
    if name == "call":
        _check_negative_prompt_of_call(plain)
    return MappingProxyType(plain) if plain else EMPTY_MAP


def _is_argument_name(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier()


def _plain(field: str, value: object) -> object:
    """A copy of a value in the plain types of JSON."""
    try:
        copy: object = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(field, value, "values that JSON can hold (no NaN, no objects)") from None
    return copy


def _check_negative_prompt_of_call(call: dict[str, object]) -> None:
    """Allow an empty text in `call` only; null, as an axis may have it, is the same as nothing."""
    value = call.get("negative_prompt")
    if value is None:
        call.pop("negative_prompt", None)
    elif value != "":
        allowed = '"", to pass an empty text; any other text goes into negative_prompt'
        raise InvalidInput("call.negative_prompt", value, allowed)


def check_one_negative_prompt(negative_prompt: str, call: Mapping[str, object]) -> None:
    """Raise InvalidInput if `call` asks for an empty negative prompt and there is another one."""
    if negative_prompt and "negative_prompt" in call:
        allowed = f"left out, because negative_prompt is {negative_prompt!r}"
        raise InvalidInput("call.negative_prompt", "", allowed)


def check_own_code(method: Method | None, pipeline: OwnClass | None, refiner: object) -> None:
    """Raise InvalidInput for a parameter without a value, and for own code beside a refiner."""
    if method is not None:
        method.check_complete()
    # only the stock call hands over to a second stage
    if refiner and (method or pipeline):
        raise InvalidInput("refiner", "a second stage", "left out beside method and pipeline")


def check_accelerate(value: accelerate.Accelerate, params: Mapping[str, object]) -> None:
    """Raise InvalidInput for accelerators beside what draws in another way than one stock call."""
    for name in ("method", "pipeline", "refiner"):
        if value and params[name]:
            allowed = f"left out beside {name}; accelerators are for one call of a stock pipeline"
            raise InvalidInput(accelerate.FIELD, accelerate.label(value), allowed)
    caches = accelerate.in_denoiser(value)
    if len(caches) > 1:
        allowed = f"only one of {', '.join(caches)}: a denoiser keeps one cache"
        raise InvalidInput(accelerate.FIELD, accelerate.label(value), allowed)
    if caches and accelerate.saving_guidance(value):
        allowed = f"{caches[0]} without those of guidance: a cache counts the denoiser's calls"
        raise InvalidInput(accelerate.FIELD, accelerate.label(value), allowed)


_CHECKS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(TEXTS, checked_prompt),
    **dict.fromkeys(ARGUMENTS, _checked_map),
    **dict.fromkeys(inputs.FIELDS, inputs.checked),
    **dict.fromkeys(_WORDS, _checked_word),
    accelerate.FIELD: accelerate.checked,
    "loras": loras.checked_stack,
    "control": controls.checked_controls,
    "ip_adapter": ip_adapters.checked_ip_adapters,
    "refiner": refiners.checked_refiners,
    "embeddings": embeddings.checked_embeddings,
    "method": checked_method,
    PIPELINE: checked_class,
    SCHEDULER_CODE: checked_class,
    "vae": components.checked_vae,
    "components": components.checked_components,
    "seed": _checked_seed,
    "steps": _checked_steps,
    "guidance": _checked_guidance,
    "variant": checked_variant,
}
