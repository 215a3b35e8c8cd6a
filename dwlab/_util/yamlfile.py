"""Reading and writing YAML as data only: no tags, no anchors, no double keys.

Errors name the line. What is not plain data is refused by `yaml_check`; `yaml_errors` explains a
text that is not YAML.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, shortened
from .yaml_errors import explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import yaml

SIZE_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 20  # levels of lists and maps
NAME_SHOWN = 60  # characters of a file's name in a message


@dataclass(frozen=True)
class Document:
    """What a YAML text holds, and the line of each place in it (`axes.seed`, `skip[0].steps`)."""

    source: str
    value: Any
    lines: dict[str, int] = field(repr=False)

    def located(self, error: InvalidInput) -> InvalidInput:
        """The same error with the file, and with the line of the nearest place its field names."""
        place = error.field
        while place and place not in self.lines:
            place = _without_last_part(place)
        line = f" line {self.lines[place]}" if place else ""
        return error.at(f"{self.source}{line}: {error.field}")


def _without_last_part(place: str) -> str:
    return re.sub(r"(^|\.)[^.\[]*$|\[\d+\]$", "", place)


def read(path: Path) -> dict[str, Any]:
    """The map in a YAML file; raises InvalidInput with file and line."""
    mapping: dict[str, Any] = document(path).value
    return mapping


def document(path: Path, stands_as_text: Callable[[str], bool] | None = None) -> Document:
    """The map in a YAML file, with its lines. stands_as_text: see `parse_document`."""
    source = shortened(path.name, NAME_SHOWN)
    parsed = parse_document(_text_of(path), source, stands_as_text=stands_as_text)
    if not isinstance(parsed.value, dict):
        value = "an empty file" if parsed.value is None else parsed.value
        allowed = "a map with name, base, axes and more, one `key: value` per line"
        raise InvalidInput(source, value, allowed)
    return parsed


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(SIZE_LIMIT + 1).decode()  # limited: what is opened may have no end
    except (OSError, ValueError) as error:  # ValueError: NUL in the name, or not UTF-8
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InvalidInput("file", str(path), f"a readable YAML file ({reason})") from error
    if len(text) > SIZE_LIMIT:
        raise InvalidInput("file", str(path), "a file of at most 1 MiB")
    return text


def parse(text: str, source: str = "YAML") -> Any:
    """The value of a YAML text, built from plain maps, lists and scalars."""
    return parse_document(text, source).value


def parse_document(
    text: str,
    source: str,
    *,
    place: str = "",
    stands_as_text: Callable[[str], bool] | None = None,
    most: int | None = None,
) -> Document:
    """The value of a YAML text, and its lines.

    source: what errors call the text.
    place: where the text is the value, if it is not a whole file.
    stands_as_text: whether the value at a place goes into a prompt; it must then be written as it
        will be read there.
    most: how many scalars, lists and maps there may be in all.

    Raises InvalidInput with the line.
    """
    import yaml

    from .yaml_check import PlainDataCheck

    try:
        root = _compose(text, source, most)
        if root is None:
            return Document(source, None, {})
        check = PlainDataCheck(text, source, stands_as_text or _never)
        check.node(root, place)
        return Document(source, yaml.SafeLoader("").construct_document(root), check.lines)
    except yaml.YAMLError as error:
        raise explained(error, text, source) from None
    except RecursionError:
        raise InvalidInput(source, "deeply nested text", f"at most {DEPTH_LIMIT} levels") from None


def _never(_place: str) -> bool:
    return False


def _compose(text: str, source: str, most: int | None) -> yaml.Node | None:
    """The tree of nodes; anchors are refused while reading, before they can multiply."""
    import yaml

    from .yaml_check import line_of

    depth = 0
    nodes = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            _check_no_anchor(event, source)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_LIMIT:
            allowed = f"at most {DEPTH_LIMIT} levels"
            raise InvalidInput(line_of(source, event), "deeply nested text", allowed)
        if most is not None and nodes > most:
            allowed = f"at most {most:,} of them"
            raise InvalidInput(line_of(source, event), "too many names and values", allowed)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _check_no_anchor(event: yaml.NodeEvent, source: str) -> None:
    import yaml

    from .yaml_check import line_of

    if event.anchor is None:
        return
    sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
    raise InvalidInput(
        line_of(source, event),
        f"{sign}{event.anchor}",
        f"values written out, no anchors or aliases; text that begins with {sign} goes in quotes",
    )


def dump(value: object, *, flow: bool | None = None) -> str:
    """A plain value as YAML that `parse` reads back; hidden characters are written as escapes.

    flow: whether in flow style; None writes only the innermost lists and maps so.
    """
    text = _dump(value, flow, readable=True)
    is_readable = text.replace("\n", "").isprintable()
    return text if is_readable else _dump(value, flow, readable=False)


def _dump(value: object, flow: bool | None, *, readable: bool) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes texts that begin like a number: PyYAML writes 1e3 bare, which `parse` refuses."""

        def text(self, data: str) -> yaml.ScalarNode:
            style = "'" if re.match(r"[-+._\d]", data) else None
            return self.represent_scalar("tag:yaml.org,2002:str", data, style)

    Dumper.add_representer(str, Dumper.text)
    dumped: str = yaml.dump(
        value,
        Dumper=Dumper,
        default_flow_style=flow,
        allow_unicode=readable,
        sort_keys=False,
        width=math.inf,
    )
    return dumped
