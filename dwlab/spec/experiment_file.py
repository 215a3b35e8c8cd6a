"""The YAML of a sweep: a whole file, or the value of one name.

YAML that a prompt would show in other words than written is refused.
"""

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

# a place like `axes.prompt[2]`; the group is the name
_PLACE = re.compile(r"(?:base|axes|skip\[\d+\])\.([^.\[]+)(?:\[\d+\])?")


def read(path: Path) -> yamlfile.Document:
    """The map in an experiment file, with its lines; its name is the file's if none is given.

    Raises InvalidInput with file and line.
    """
    document = yamlfile.document(path, goes_into_prompt)
    values = {name: value for name, value in document.value.items() if value is not None}
    if "name" not in values:
        values["name"] = _name_of_file(path, document)
    return replace(document, value=values)


def _name_of_file(path: Path, document: yamlfile.Document) -> str:
    try:
        return check_name(path.stem)
    except InvalidInput as error:
        remedy = f"{error.allowed}; rename the file, or give it a line like `name: my-sweep`"
        raise InvalidInput(f"{document.source}: name", path.stem, remedy) from None


def parse(text: str, source: str, *, most: int | None = None) -> Any:
    """The value of a whole experiment's text. most: see `yamlfile.parse_document`."""
    return yamlfile.parse_document(text, source, stands_as_text=goes_into_prompt, most=most).value


def value(name: str, text: str, source: str | None = None) -> Any:
    """The value of one parameter or placeholder, as a person types it into a field or a command."""
    document = yamlfile.parse_document(
        text,
        source or name,
        place=f"axes.{name}",
        stands_as_text=goes_into_prompt,
    )
    return document.value


def goes_into_prompt(place: str) -> bool:
    """Whether the value at a place of an experiment goes into a prompt.

    These are the prompts themselves, and the values of placeholders.
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        return False
    name = match[1]
    is_other_parameter = name in FIELDS or name in SPELLINGS
    return name in TEXTS or not is_other_parameter
