"""Recipes that pictures carry: dwlab's own, and those that other tools write."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .._util.checks import is_number
from ..errors import InvalidInput, shortened
from ..spec import catalog, schedulers
from ..spec.params import FIELDS, GenerationParams
from ..spec.prompt_text import stripped
from . import infotext, other_tools, png_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FILE_LIMIT = 9 << 20  # bytes; Jupyter takes no message above 10 MiB
VALUE_SHOWN = 120  # characters of a value that is left out
OWN = "dwlab"
_INFOTEXT_WORDS = {"prompt": "prompt", "negative_prompt": "negative_prompt", **infotext.WORDS}


@dataclass
class Recipe:
    """What a picture says of its making: parameters under dwlab's names, and what has no place among them.

    tool: who wrote it. weights: the beginning of the hash that it gives for its model.
    """

    values: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    tool: str = OWN
    weights: str = ""

    def fit(
        self, model: str, weights_of: Callable[[str], str] | None = None
    ) -> tuple[GenerationParams, list[str]]:
        """What of it `model` can do, and what was left out; the recipe's own model if that is surely in the catalog.

        Another tool means another model by the same name, so its name changes nothing unless `weights_of`, which
        gives the hash of a model's weights here ("" if it is not here), agrees with the recipe.
        """
        values, left_out = {"prompt": "", **self.values}, list(self.left_out)
        values.pop("dtype", None)  # resolved for the machine that made it
        named = values.pop("model", model)
        if named != model and not self._is_here(named, weights_of):
            left_out.append(f"model: {named} ({model} stays; choose another in the controls)")
            named = model
        kept: dict[str, Any] = {"model": named, "prompt": values.pop("prompt")}
        idle = {name: values.pop(name) for name in catalog.lookup(named).ignores & values.keys()}
        if named != self.values.get("model"):  # a model's own pictures hold what it ignores, too
            left_out += [f"{name}: {value}" for name, value in idle.items() if value]
        for name, value in values.items():
            try:
                GenerationParams(**kept, **{name: value})
                kept[name] = value
            except InvalidInput as error:
                left_out.append(f"{name}: {value} (allowed: {error.allowed})")
        return GenerationParams(**kept), left_out

    def _is_here(self, named: Any, weights_of: Callable[[str], str] | None) -> bool:
        if not isinstance(named, str) or named not in catalog.CATALOG:
            return False
        if self.tool == OWN:
            return True
        return bool(
            weights_of and len(self.weights) >= 10 and weights_of(named).startswith(self.weights)
        )


def line(params: Mapping[str, Any]) -> str:
    """A recipe, as `GenerationParams.as_dict` gives it, on one line for people."""
    sampler = schedulers.display_name(
        params.get("scheduler") or "", dict(params.get("scheduler_options") or {})
    )
    facts = f"seed {params['seed']}, {params['steps']} steps, guidance {params['guidance']:g}, {sampler}"
    return f"{params['prompt'] or '(no prompt)'} · {facts}"


def read(data: bytes) -> Recipe:
    """The recipe in the bytes of a PNG; raises InvalidInput for anything else, and for a PNG without one."""
    allowed = "a PNG that dwlab or another tool wrote its parameters into"
    if len(data) > FILE_LIMIT:
        raise InvalidInput(
            "picture",
            f"a file of {len(data) >> 20} MiB",
            f"{allowed}, of at most {FILE_LIMIT >> 20} MiB",
        )
    texts = png_text.texts(data)
    recipe = _own(texts.get("dwlab", "")) or _of_other_tools(texts)
    if recipe is None:
        raise InvalidInput("picture", "a PNG without a recipe", allowed)
    return recipe


def _own(text: str) -> Recipe | None:
    try:
        values = json.loads(text)["params"]
        recipe = Recipe({name: value for name, value in values.items() if name in FIELDS})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    recipe.left_out = [
        _said(name, value) for name, value in values.items() if name not in FIELDS
    ]  # of a later dwlab
    return recipe


def _of_other_tools(texts: Mapping[str, str]) -> Recipe | None:
    written = other_tools.read(texts)
    if written is None:
        return parse(texts.get("parameters", ""))
    recipe = _recipe(*written)
    if not recipe.values:
        raise other_tools.unreadable(recipe.tool, "parameters that cannot be read")
    return recipe


def parse(text: str) -> Recipe | None:
    """The recipe in a `parameters` text of AUTOMATIC1111's form; None without one."""
    pairs = infotext.parse(text)
    return None if pairs is None else _recipe("another tool", pairs, _INFOTEXT_WORDS)


def _recipe(tool: str, pairs: Iterable[tuple[str, Any]], words: Mapping[str, str]) -> Recipe:
    """Another tool's names and values under dwlab's; of a name that stands twice the first counts."""
    recipe, schedule = Recipe(tool=tool), None
    taken: set[str] = set()
    for name, value in pairs:
        word = words.get(name)
        if value is None:
            continue
        if word is None or word in taken:
            recipe.left_out.append(_said(name, value))
        elif word == "schedule":
            schedule = (name, value)
        elif word == "hash":
            recipe.weights = str(value)
        elif converted := _converted(word, value):
            recipe.values |= converted
            taken.add(word)
        else:
            recipe.left_out.append(_said(name, value))
    if schedule and not _join(recipe, str(schedule[1])):
        recipe.left_out.append(_said(*schedule))
    return recipe


def _converted(word: str, value: Any) -> dict[str, Any] | None:
    """What a value under a word says, in dwlab's names; None if it says nothing: a number that is none, an unknown sampler."""
    try:
        return _CONVERTED[word](value)
    except (ValueError, InvalidInput):
        return None


def _join(recipe: Recipe, schedule: str) -> bool:
    """Put a schedule of noise beside its sampler, as one name; whether there is such a name."""
    sampler = recipe.values.get("scheduler")
    if sampler is None or schedule.lower() != "karras":
        return False
    name = f"{sampler.removesuffix(' Karras')} Karras"
    if name not in schedulers.ALIASES:
        return False
    recipe.values["scheduler"] = name
    return True


def _said(name: str, value: Any) -> str:
    return f"{name}: {shortened(str(value), VALUE_SHOWN)}"


def _whole(value: Any) -> int:
    """7, 7.0, "7" or "7.0"; raises ValueError for anything else."""
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError(value)
    return int(number)


def _number(value: Any) -> Decimal:
    """A finite number, also as text, also with a decimal comma; exact, for seeds are large."""
    if not (is_number(value) or isinstance(value, str)) or len(str(value)) > 40:
        raise ValueError(value)
    try:
        number = Decimal(str(value).replace(",", "."))
    except InvalidOperation:
        raise ValueError(value) from None
    if not number.is_finite() or abs(number.adjusted()) > 40:
        raise ValueError(value)
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004  # as all that are not converted
    return stripped(value)


def _size(value: Any) -> dict[str, int]:
    """64x64, 64 x 64 or (64, 64)."""
    match = re.fullmatch(r"\(?\s*(\d{1,5})\s*[x×,]\s*(\d{1,5})\s*\)?", str(value))
    if not match:
        raise ValueError(value)
    return {"width": int(match[1]), "height": int(match[2])}


def _sampler(value: Any) -> str:
    """The name here of a sampler: other tools write `dpmpp_2m`, `k_euler_ancestral` or `dpmpp_2m_sde_gpu` for it."""
    name = _text(value)
    if name in schedulers.ALIASES:
        return name
    try:
        return _alias(name)
    except InvalidInput:
        plain = re.sub(r"^k_|_gpu$", "", name).replace("dpmpp", "dpm++").replace("kdpm_2", "dpm2")
        return _alias(re.sub(r"_k$", " karras", plain.replace("_ancestral", " a")))


def _alias(name: str) -> str:
    """The spelling of ALIASES for a name in other letters, or the class itself."""
    scheduler, options = schedulers.resolve(name)
    return schedulers.display_name(scheduler, dict(options))


# a word -> what a value under it says, in dwlab's names; raises ValueError or InvalidInput for a value that says nothing
_CONVERTED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "prompt": lambda value: {"prompt": _text(value)},
    "negative_prompt": lambda value: {"negative_prompt": _text(value)},
    "steps": lambda value: {"steps": _whole(value)},
    "seed": lambda value: {"seed": _whole(value)},
    "width": lambda value: {"width": _whole(value)},
    "height": lambda value: {"height": _whole(value)},
    "size": _size,
    "guidance": lambda value: {"guidance": float(_number(value))},
    "sampler": lambda value: {"scheduler": _sampler(value)},
    "model": lambda value: {"model": _text(value)},
}
