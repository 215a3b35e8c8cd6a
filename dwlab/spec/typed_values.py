"""Values as a person types them into a field or a command: one, or several with commas between."""

from __future__ import annotations

from ..errors import InvalidInput
from . import dotted, experiment_file
from .names import MAPS, TEXTS

BRACKETS = ("[", "{")


def typed_value(name: str, text: str, source: str | None = None) -> object:
    """What a text says about a parameter or a placeholder: a value, or a list or map for an axis.

    `2, 5` is the list `[2, 5]`. Commas in prompts, and between the words of a placeholder, belong to
    the text; there a list has brackets. source: what errors call the text, instead of the name.
    Raises InvalidInput for what is not plain YAML.
    """
    if not _has_list(name, text):
        return experiment_file.value(name, text, source)
    # the line break ends a comment
    values = experiment_file.value(name, f"[{text}\n]", source)
    is_single = len(values) == 1 and not text.rstrip().endswith(",")
    return values[0] if is_single else values


def typed_axis(name: str, text: str) -> object:
    """The axis that a text describes: a list, or a map like `{range: [0, 4]}`.

    A single value is an axis too. Raises InvalidInput for no value, and as `typed_value` does.
    """
    if not text.strip():
        raise InvalidInput(name, text, "one value or more, like 1, 2, 4")
    value = typed_value(name, text)
    is_form = isinstance(value, dict) and text.lstrip().startswith("{")
    return value if isinstance(value, list) or is_form else [value]


def _has_list(name: str, text: str) -> bool:
    """Whether the commas in a text stand between values, though no brackets say so."""
    if "," not in text or text.lstrip().startswith(BRACKETS) or name in MAPS:
        return False
    if dotted.is_parameter(name):
        return name not in TEXTS
    return all(_is_number(part) for part in text.strip(" ,").split(","))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
