"""Recipes that pictures carry: dwlab's own, and the `parameters` text that other tools write."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import catalog, schedulers
from .errors import InvalidInput
from .images import PIXEL_LIMIT, TEXT_LIMIT
from .params import FIELDS, GenerationParams

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_LIMIT = 9 << 20  # bytes; Jupyter takes no message above 10 MiB
PAIRS_LIMIT = 20_000  # characters of the line of pairs
_LAST_LINE = re.compile(r"Steps: \d+(,|$)")
_PAIR = re.compile(r'(?:^|,)\s*+(\w[\w /+-]{0,60}):\s*+("(?:\\.|[^"\\])*+"|[^,]*+)')


@dataclass
class Recipe:
    """What a picture says of its making: parameters under dwlab's names, and what has no place among them."""

    values: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def fit(self, model: str) -> tuple[GenerationParams, list[str]]:
        """What of it `model` can do, or the recipe's own model where that is in the catalog; and what was left out."""
        values, left_out = {"prompt": "", **self.values}, list(self.left_out)
        values.pop("dtype", None)  # resolved for the machine that made it
        named = values.pop("model", model)
        if named not in (model, *catalog.CATALOG):
            left_out.append(f"model: {named}")
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


def line(params: Mapping[str, Any]) -> str:
    """A recipe, as `GenerationParams.as_dict` gives it, on one line for people."""
    sampler = schedulers.display_name(params.get("scheduler") or "", dict(params.get("scheduler_options") or {}))
    facts = f"seed {params['seed']}, {params['steps']} steps, guidance {params['guidance']:g}, {sampler}"
    return f"{params['prompt'] or '(no prompt)'} · {facts}"


def read(data: bytes) -> Recipe:
    """The recipe in the bytes of a PNG; raises InvalidInput for anything else, and for a PNG without one."""
    from PIL import Image

    allowed = "a PNG that dwlab or another tool wrote its parameters into"
    if len(data) > FILE_LIMIT:
        raise InvalidInput(
            "picture", f"a file of {len(data) >> 20} MiB", f"{allowed}, of at most {FILE_LIMIT >> 20} MiB"
        )
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise InvalidInput("picture", f"{image.width}x{image.height} pixels", f"{PIXEL_LIMIT:,} pixels")
            texts = {name: image.info.get(name) for name in ("dwlab", "parameters")}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput("picture", "a file that is no readable PNG", allowed) from None
    own, other = (text if isinstance(text, str) and len(text) <= TEXT_LIMIT else None for text in texts.values())
    recipe = (_own(own) if own else None) or (parse(other) if other else None)
    if recipe is None:
        raise InvalidInput("picture", "a PNG without a recipe", allowed)
    return recipe


def _own(text: str) -> Recipe | None:
    try:
        values = json.loads(text)["params"]
        return Recipe({name: value for name, value in values.items() if name in FIELDS})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def parse(text: str) -> Recipe | None:
    """The recipe in a `parameters` text: prompt, `Negative prompt:`, then a line of `Name: value` pairs; None without it."""
    lines = text.strip().split("\n")
    last = next((k for k in reversed(range(len(lines))) if _LAST_LINE.match(lines[k])), None)
    if last is None:
        return None
    negative = next((k for k, line in enumerate(lines[:last]) if line.startswith("Negative prompt:")), last)
    recipe = Recipe({"prompt": "\n".join(lines[:negative])})
    if negative < last:
        recipe.values["negative_prompt"] = "\n".join(lines[negative:last]).removeprefix("Negative prompt:").strip()
    for name, value in _PAIR.findall(", ".join(lines[last:])[:PAIRS_LIMIT]):
        _take(recipe, name.strip(), value.strip().strip('"'))
    return recipe


def _take(recipe: Recipe, name: str, value: str) -> None:
    """One pair of the last line, into the values where dwlab has a word for it."""
    try:
        if name == "Steps":
            recipe.values["steps"] = int(value)
        elif name == "CFG scale":
            recipe.values["guidance"] = float(value)
        elif name == "Seed":
            recipe.values["seed"] = int(value)
        elif name == "Size":
            recipe.values["width"], recipe.values["height"] = (int(side) for side in value.split("x"))
        elif name == "Sampler":
            schedulers.resolve(value)
            recipe.values["scheduler"] = value
        elif name == "Model":
            recipe.values["model"] = value
        elif name == "Schedule type" and value == "Karras" and "scheduler" in recipe.values:
            recipe.values["scheduler"] = f"{recipe.values['scheduler'].removesuffix(' Karras')} Karras"
        elif name != "Model hash":
            recipe.left_out.append(f"{name}: {value}")
    except (ValueError, InvalidInput):  # a number that is none, a sampler of no name here
        recipe.left_out.append(f"{name}: {value}")
