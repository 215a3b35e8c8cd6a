"""A sweep from pictures of the history: what differs between them varies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from ...spec.accelerate import FIELD, NONE
from ...spec.names import TEXTS
from ...spec.params import GenerationParams
from .controls import AXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class SweepForm:
    """What the form "Sweep this" is filled with. axes: parameter -> its values as one types them."""

    base: GenerationParams
    axes: dict[str, str]
    sentence: str


def sweep_form_of(recipes: Sequence[Mapping[str, Any]]) -> SweepForm:
    """The form that varies what differs between recipes; what cannot vary is the first one's."""
    names = dict.fromkeys(name for recipe in recipes for name in recipe)
    values = {name: _distinct(_value(recipe, name) for recipe in recipes) for name in names}
    differing = [name for name in names if len(values[name]) > 1]
    axes = {name: _typed(name, values[name]) for name in differing if _can_vary(name, values[name])}
    if not axes:
        raise InvalidInput(
            "selection", f"{len(recipes)} pictures", "pictures that differ in a field"
        )
    rest = [name for name in differing if name not in axes]
    sentence = f"The sweep varies {', '.join(axes)}: see below."
    if rest:
        sentence += f" Of {', '.join(rest)} it has the first picture's value."
    return SweepForm(GenerationParams(**recipes[0]), axes, sentence)


def _value(recipe: Mapping[str, Any], name: str) -> Any:
    """What a recipe says of a parameter; without accelerators it says nothing, which is one value too."""
    return recipe.get(name, NONE if name == FIELD else None)


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once; they may be maps."""
    return list({json.dumps(value, sort_keys=True): value for value in values}.values())


def _can_vary(name: str, values: list[Any]) -> bool:
    return name in AXES and None not in values


def _typed(name: str, values: list[Any]) -> str:
    if name in TEXTS:
        lines = [" ".join(value.split()) or '""' for value in values]
        return "\n".join(lines)
    if name == FIELD:
        return f"[{', '.join(_as_yaml(value) for value in values)}]"
    return ", ".join(_as_yaml(value) for value in sorted(values))


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
