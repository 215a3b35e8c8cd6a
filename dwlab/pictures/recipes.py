"""Reads the recipe in a picture: dwlab's own, or one that another tool wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._util.isolated import isolated
from ..errors import InvalidInput, shortened
from ..spec import accelerate, catalog, components, controls, inputs, refiners, schedulers
from ..spec.entries import is_portable
from ..spec.loras import SHIPPED
from ..spec.names import CODE, PARTS
from ..spec.own_code.files import is_reference
from ..spec.params import FIELDS, GenerationParams
from ..spec.prompt_encoders import SD, encoding_of
from . import foreign_files, other_tools, parameters_text, png_text
from .recipe_values import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FILE_LIMIT = 9 << 20  # bytes; Jupyter takes no message above 10 MiB
VALUE_LIMIT = 120  # characters to show of a value that is left out
HASH_DIGITS = 10  # that a recipe must give to name a model
OWN = "dwlab"
_ALLOWED = "a PNG that dwlab or another tool wrote its parameters into"
_INFOTEXT_WORDS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    **parameters_text.WORDS,
}


@dataclass
class Recipe:
    """What a picture says of how it was made.

    values: parameters under dwlab's names. left_out: what has no place among them, as texts. tool:
    that wrote it. weights: the beginning of the hash that it gives for its model. hashes: what it
    says of those of other files (see `foreign_files`).
    """

    values: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    tool: str = OWN
    weights: str = ""
    hashes: dict[str, str] = field(default_factory=dict)

    def fit(
        self, model: str, weights_of: Callable[[str], str] | None = None
    ) -> tuple[GenerationParams, list[str]]:
        """The recipe as parameters that a model can use, and what was left out.

        model: used unless the recipe names another one that is certainly in the catalog. Other
        tools may mean another model by the same name, so their names count only if `weights_of`
        agrees; it returns the hash of a model's weights, or "" if the model is not here.
        """
        values = {"prompt": "", **self.values}
        left_out = list(self.left_out)
        # it was resolved for the machine that made the picture
        values.pop("dtype", None)
        chosen = values.pop("model", model)
        if chosen != model and not self._is_in_catalog(chosen, weights_of):
            left_out.append(f"model: {chosen} ({model} stays; choose another in the controls)")
            chosen = model
            # it is a form of the other model's weights
            values.pop("variant", None)
        left_out += self._drop_ignored(values, chosen)
        left_out += self._drop_clip_skip(values, chosen)
        kept: dict[str, Any] = {"model": chosen, "prompt": values.pop("prompt")}
        for name, value in values.items():
            try:
                GenerationParams(**kept, **{name: value})
            except InvalidInput as error:
                left_out.append(f"{name}: {value} (allowed: {error.allowed})")
            else:
                kept[name] = value
        return GenerationParams(**kept), left_out

    def _drop_ignored(self, values: dict[str, Any], model: str) -> list[str]:
        """Remove what a model ignores; returns what is worth telling of it."""
        dropped = {}
        for name in catalog.lookup(model).ignores & values.keys():
            dropped[name] = values.pop(name)
        # a model's own pictures contain what it ignores, too
        if model == self.values.get("model"):
            return []
        return [f"{name}: {value}" for name, value in dropped.items() if value]

    def _drop_clip_skip(self, values: dict[str, Any], model: str) -> list[str]:
        """Remove another tool's clip skip where it is none of dwlab's; returns what to tell of it."""
        is_foreign = self.tool != OWN and "call" in values
        if not is_foreign or encoding_of(catalog.lookup(model)) == SD:
            return []
        return [f"clip_skip: {values.pop('call')['clip_skip']}"]

    def _is_in_catalog(self, model: object, weights_of: Callable[[str], str] | None) -> bool:
        if not isinstance(model, str) or model not in catalog.CATALOG:
            return False
        if self.tool == OWN:
            return True
        if weights_of is None or len(self.weights) < HASH_DIGITS:
            return False
        return weights_of(model).startswith(self.weights)


def line(params: Mapping[str, Any]) -> str:
    """A recipe from `GenerationParams.as_dict` on one line, for people (see `facts`)."""
    words = facts(params)
    prompt = words.pop("prompt")
    return f"{prompt} · {', '.join(words.values())}"


def facts(params: Mapping[str, Any]) -> dict[str, str]:
    """What people want to know of a recipe from `GenerationParams.as_dict`, in words, by name.

    Steps and guidance are left out while only the files of a model that is not here tell them. A
    prompt that runs from right to left does not turn around what is written beside it.
    """
    options = dict(params.get("scheduler_options") or {})
    prompt = isolated(params["prompt"]) or "(no prompt)"
    words = {"prompt": prompt, "seed": f"seed {params['seed']}"}
    if params.get("steps") is not None:
        words["steps"] = f"{params['steps']} steps"
    if params.get("guidance") is not None:
        words["guidance"] = f"guidance {params['guidance']:g}"
    words["scheduler"] = schedulers.display_name(params.get("scheduler") or "", options)
    words["start"] = _start(params)
    if params.get("accelerate"):
        accelerators = accelerate.checked(accelerate.FIELD, params["accelerate"])
        words["accelerate"] = accelerate.label(accelerators)
    words["quantisation"] = params.get("quantisation") or ""
    return {name: text for name, text in words.items() if text}


def _start(params: Mapping[str, Any]) -> str:
    """What a recipe starts from, for people; nothing if that is noise."""
    if params.get("image") is None:
        return ""
    strength = params.get("strength")
    at_strength = "" if strength is None else f" at strength {strength:g}"
    under_mask = "" if params.get("mask") is None else " under a mask"
    return f"from a picture{at_strength}{under_mask}"


def read(data: bytes) -> Recipe:
    """The recipe in the bytes of a PNG; raises InvalidInput if there is none."""
    if len(data) > FILE_LIMIT:
        size = f"a file of {len(data) >> 20} MiB"
        raise InvalidInput("picture", size, f"{_ALLOWED}, of at most {FILE_LIMIT >> 20} MiB")
    texts = png_text.texts(data)
    recipe = _own(texts.get("dwlab", "")) or _of_other_tools(texts)
    if recipe is None:
        raise InvalidInput("picture", "a PNG without a recipe", _ALLOWED)
    return recipe


def _own(text: str) -> Recipe | None:
    try:
        values = json.loads(text)["params"]
        known = {name: value for name, value in values.items() if is_safe(name, value)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    # from a later version of dwlab
    unknown = [_described(name, value) for name, value in values.items() if name not in known]
    return Recipe(known, unknown)


def is_safe(name: str, value: object) -> bool:
    """Whether a picture may say this: of files, only the hashes of what is here."""
    # a picture never makes code run
    if name in CODE or (name == "scheduler" and is_reference(value)):
        return False
    if name == "control":
        return controls.is_portable(value)
    if name in ("loras", "embeddings"):
        return isinstance(value, list) and all(is_portable(entry, SHIPPED) for entry in value)
    if name in PARTS:
        return components.is_portable(name, value)
    if name == "refiner":
        return refiners.is_portable(value)
    if name == "ip_adapter":
        return isinstance(value, list) and all(map(_is_safe_ip_adapter, value))
    if name in inputs.PICTURES:
        return inputs.digest_of(value) is not None
    return name in FIELDS


def _is_safe_ip_adapter(entry: object) -> bool:
    """Whether an entry names no files, but the hashes of what was read here."""
    if not isinstance(entry, dict) or not entry.keys().isdisjoint(("file", "encoder")):
        return False
    pictures = entry.get("image")
    pictures = pictures if isinstance(pictures, list) else [pictures]
    return all(inputs.digest_of(picture) is not None for picture in pictures)


def _of_other_tools(texts: Mapping[str, str]) -> Recipe | None:
    written = other_tools.read(texts)
    if written is None:
        return parse(texts.get("parameters", ""))
    recipe = _recipe(written.tool, written.pairs, written.words)
    if not recipe.values:
        raise other_tools.unreadable(recipe.tool, "parameters that cannot be read")
    return recipe


def parse(text: str) -> Recipe | None:
    """The recipe in a `parameters` text of AUTOMATIC1111's form; None if there is none."""
    pairs = parameters_text.parse(text)
    if pairs is None:
        return None
    return _recipe(parameters_text.tool(pairs), pairs, _INFOTEXT_WORDS)


def _recipe(tool: str, pairs: Iterable[tuple[str, Any]], words: Mapping[str, str]) -> Recipe:
    """Another tool's names and values under dwlab's; the first value of a name counts."""
    recipe = Recipe(tool=tool)
    schedule: tuple[str, Any] | None = None
    taken: set[str] = set()
    for name, value in pairs:
        word = words.get(name)
        if value is None:
            continue
        if name in foreign_files.NAMES:
            recipe.hashes.setdefault(name, str(value))
        if word is None or word in taken:
            recipe.left_out.append(_described(name, value))
        elif word == "schedule":
            schedule = (name, value)
        elif word == "hash":
            recipe.weights = str(value)
        elif (converted := convert(word, value)) is not None:
            recipe.values |= converted
            taken.add(word)
        else:
            recipe.left_out.append(_described(name, value))
    if schedule and not _join_schedule(recipe, str(schedule[1])):
        recipe.left_out.append(_described(*schedule))
    return recipe


def _join_schedule(recipe: Recipe, schedule: str) -> bool:
    """Join a schedule of noise with its sampler to one name; False if there is no such name."""
    sampler = recipe.values.get("scheduler")
    if sampler is None or schedule.lower() != "karras":
        return False
    name = f"{sampler.removesuffix(' Karras')} Karras"
    if name not in schedulers.ALIASES:
        return False
    recipe.values["scheduler"] = name
    return True


def _described(name: str, value: object) -> str:
    return f"{name}: {shortened(str(value), VALUE_LIMIT)}"
