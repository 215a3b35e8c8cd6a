"""A sweep around one recipe: some of its parameters get several values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...runs.sweep import Sweep
from ...spec.names import TEXTS
from ...spec.typed_values import typed_axis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...spec.params import GenerationParams


def sweep_around(recipe: GenerationParams, name: str, axes: Mapping[str, str]) -> Sweep:
    """The sweep called `name` around a recipe; axes: parameter -> its values as typed.

    The values of a text are one per line, and `""` is the empty one. Those of other parameters are a
    YAML list with or without its brackets, like `1, 2`, or a map like `{range: [0, 4]}`. Raises
    InvalidInput for the field that is wrong.
    """
    if not axes:
        raise InvalidInput("axes", "none", "one ticked control or more, with its values")
    values = {axis: _values(axis, text) for axis, text in axes.items()}
    base = {key: value for key, value in recipe.as_dict().items() if key not in values}
    model = base.pop("model")
    if "scheduler" in values:
        # The options belong to the recipe's own scheduler.
        base.pop("scheduler_options", None)
    for name_of_text in set(TEXTS) & base.keys():
        base[name_of_text] = _without_placeholders(base[name_of_text])
    return Sweep(name, model=model, base=base, axes=values)


def _values(axis: str, text: str) -> object:
    return _lines(axis, text) if axis in TEXTS else typed_axis(axis, text)


def _lines(axis: str, text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InvalidInput(
            axis, text, 'one text or more, each on its own line; "" is the empty text'
        )
    return ["" if line == '""' else _without_placeholders(line) for line in lines]


def _without_placeholders(text: str) -> str:
    """A text whose braces are only braces."""
    return text.replace("{", "{{").replace("}", "}}")
