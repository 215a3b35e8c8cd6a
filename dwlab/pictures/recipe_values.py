"""Values of other tools' recipes under dwlab's names: numbers, sizes and samplers as they write them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeAlias

from .._util.checks import is_number
from ..errors import InvalidInput
from ..spec import schedulers
from ..spec.param_checks import CUDA_NOISE
from ..spec.prompt_text import stripped

if TYPE_CHECKING:
    from collections.abc import Callable

Converted: TypeAlias = dict[str, object]
DIGITS_LIMIT = 40  # of a number
_SIZE = re.compile(r"\(?\s*(\d{1,5})\s*[x×,]\s*(\d{1,5})\s*\)?")


def convert(word: str, value: object) -> Converted | None:
    """A value as parameters of dwlab; None if it cannot be read, such as an unknown sampler.

    word: a key of CONVERTERS.
    """
    try:
        return CONVERTERS[word](value)
    except (ValueError, KeyError, InvalidInput):
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004  # as for all that cannot be converted
    return stripped(value)


def _whole_number(value: object) -> int:
    """7, 7.0, "7" or "7.0"."""
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError(value)
    return int(number)


def _number(value: object) -> Decimal:
    """A finite number, also as text and with a decimal comma; exact, because seeds are large."""
    text = str(value)
    if not (is_number(value) or isinstance(value, str)) or len(text) > DIGITS_LIMIT:
        raise ValueError(value)
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ValueError(value) from None
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_LIMIT:
        raise ValueError(value)
    return number


def _prompt(value: object) -> Converted:
    return {"prompt": _text(value)}


def _negative_prompt(value: object) -> Converted:
    return {"negative_prompt": _text(value)}


def _seed(value: object) -> Converted:
    return {"seed": _whole_number(value)}


def _steps(value: object) -> Converted:
    return {"steps": _whole_number(value)}


def _guidance(value: object) -> Converted:
    return {"guidance": float(_number(value))}


def _width(value: object) -> Converted:
    return {"width": _whole_number(value)}


def _height(value: object) -> Converted:
    return {"height": _whole_number(value)}


def _size(value: object) -> Converted:
    """64x64, 64 x 64 or (64, 64)."""
    match = _SIZE.fullmatch(str(value))
    if not match:
        raise ValueError(value)
    return {"width": int(match[1]), "height": int(match[2])}


def _clip_skip(value: object) -> Converted:
    """Layers from the last one, which other tools count as 1."""
    layers = _whole_number(value) - 1
    if layers < 0:
        raise ValueError(value)
    return {"call": {"clip_skip": layers}} if layers else {}


def _model(value: object) -> Converted:
    return {"model": _text(value)}


def _noise(value: object) -> Converted:
    """CUDA's noise, on any device (AUTOMATIC1111's NV) or on its own; or the CPU's."""
    return {"noise": {"NV": CUDA_NOISE, "CUDA": CUDA_NOISE, "CPU": "cpu"}[_text(value).upper()]}


def _sampler(value: object) -> Converted:
    """A sampler, also as `dpmpp_2m`, `k_euler_ancestral` or `dpmpp_2m_sde_gpu`."""
    name = _text(value)
    if name in schedulers.ALIASES:
        return {"scheduler": name}
    try:
        return {"scheduler": _alias(name)}
    except InvalidInput:
        return {"scheduler": _alias(_spelled_out(name))}


def _spelled_out(name: str) -> str:
    """A sampler's short name in the form that dwlab knows."""
    name = re.sub(r"^k_|_gpu$", "", name)
    name = name.replace("dpmpp", "dpm++").replace("kdpm_2", "dpm2").replace("_ancestral", " a")
    return re.sub(r"_k$", " karras", name)


def _alias(name: str) -> str:
    """The spelling of ALIASES for a name in other letters, or the class itself."""
    scheduler, options = schedulers.resolve(name)
    return schedulers.display_name(scheduler, dict(options))


# Each takes a value and raises ValueError or InvalidInput for one that cannot be read.
CONVERTERS: dict[str, Callable[[object], Converted]] = {
    "prompt": _prompt,
    "negative_prompt": _negative_prompt,
    "steps": _steps,
    "seed": _seed,
    "width": _width,
    "height": _height,
    "size": _size,
    "guidance": _guidance,
    "sampler": _sampler,
    "clip_skip": _clip_skip,
    "model": _model,
    "noise": _noise,
}
