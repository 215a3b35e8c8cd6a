"""The YAML of a sweep, whole or one value of it; refused where a prompt would not say what is written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._util import yamlfile
from ..errors import InvalidInput
from ..paths import check_name
from .names import SPELLINGS, TEXTS
from .params import FIELDS

if TYPE_CHECKING:
    from pathlib import Path

_PLACE = re.compile(r"(?:base|axes|skip\[\d+\])\.([^.\[]+)(?:\[\d+\])?")


def read(path: Path) -> yamlfile.Document:
    """The map that an experiment file holds, with its lines; its name is the file's if it says none.

    Raises InvalidInput with file and line.
    """
    document = yamlfile.document(path, in_prompt)
    values = {name: value for name, value in document.value.items() if value is not None}
    if "name" not in values:
        values["name"] = _name_of(path, document)
    return replace(document, value=values)


def _name_of(path: Path, document: yamlfile.Document) -> str:
    try:
        return check_name(path.stem)
    except InvalidInput as error:
        remedy = f"{error.allowed}; rename the file, or give it a line like `name: my-sweep`"
        raise InvalidInput(f"{document.source}: name", path.stem, remedy) from None


def parse(text: str, source: str, *, most: int | None = None) -> Any:
    """The value of a whole experiment's text; most: see `yamlfile.parse_document`."""
    return yamlfile.parse_document(text, source, stands_as_text=in_prompt, most=most).value


def value(name: str, text: str, source: str | None = None) -> Any:
    """The value that a text has for one parameter or placeholder, as a person types it into a field or a command."""
    return yamlfile.parse_document(
        text, source or name, place=f"axes.{name}", stands_as_text=in_prompt
    ).value


def in_prompt(place: str) -> bool:
    """Whether what stands at a place of an experiment comes to stand in a prompt: prompts, and values of placeholders."""
    match = _PLACE.fullmatch(place)
    return match is not None and (match[1] in TEXTS or match[1] not in FIELDS | SPELLINGS.keys())
