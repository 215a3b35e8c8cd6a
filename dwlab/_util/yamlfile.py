"""YAML as data only, in and out: no tags, no anchors, no double keys, and errors that name the line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, shortened
from .yaml_errors import QUOTES, explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import yaml

SIZE_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 20
NAME_SHOWN = 60  # characters of a file's name in a message
_TAG = "tag:yaml.org,2002:"
_COMMENT = re.compile(r"[ \t]+#[^\n\r]*")
_PLAIN = ("str", "int", "float", "bool", "null", "seq", "map")


@dataclass(frozen=True)
class Document:
    """What a YAML text holds, and on which line each name of it stands (`axes.seed`, `skip[0].steps`)."""

    source: str
    value: Any
    lines: dict[str, int] = field(repr=False)

    def located(self, error: InvalidInput) -> InvalidInput:
        """The same error, with the file and the line of what its field names."""
        name = error.field
        while name and name not in self.lines:
            name = re.sub(r"(^|\.)[^.\[]*$|\[\d+\]$", "", name)
        line = f" line {self.lines[name]}" if name else ""
        return error.at(f"{self.source}{line}: {error.field}")


def read(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds; raises InvalidInput with file and line."""
    mapping: dict[str, Any] = document(path).value
    return mapping


def document(path: Path, stands_as_text: Callable[[str], bool] | None = None) -> Document:
    """As `read`, with the lines. stands_as_text: see `parse_document`."""
    try:
        with path.open("rb") as file:
            text = file.read(SIZE_LIMIT + 1).decode()  # bounded: what is opened may have no end
    except (OSError, ValueError) as error:  # ValueError: NUL in the name, or not UTF-8
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InvalidInput("file", str(path), f"a readable YAML file ({reason})") from error
    if len(text) > SIZE_LIMIT:
        raise InvalidInput("file", str(path), "a file of at most 1 MiB")
    source = shortened(path.name, NAME_SHOWN)
    read = parse_document(text, source, stands_as_text=stands_as_text)
    if not isinstance(read.value, dict):
        value = "an empty file" if read.value is None else read.value
        raise InvalidInput(
            source, value, "a map with name, base, axes and more, one `key: value` a line"
        )
    return read


def parse(text: str, source: str = "YAML") -> Any:
    """The value that a YAML text holds, built from plain maps, lists and scalars."""
    return parse_document(text, source).value


def parse_document(
    text: str,
    source: str,
    *,
    place: str = "",
    stands_as_text: Callable[[str], bool] | None = None,
    most: int | None = None,
) -> Document:
    """The value that a YAML text holds, and its lines.

    place: what the text is the value of, if it is not a whole file. stands_as_text: whether the value at a place
    comes to stand in a prompt; it must then be written as it will stand there. most: how many scalars, lists and maps it
    may have in all. Raises InvalidInput with the line.
    """
    import yaml

    try:
        root = _compose(text, source, most)
        if root is None:
            return Document(source, None, {})
        check = _Check(text, source, stands_as_text or (lambda _place: False))
        check.node(root, place)
        return Document(source, yaml.SafeLoader("").construct_document(root), check.lines)
    except yaml.YAMLError as error:
        raise explained(error, text, source) from None
    except RecursionError:
        raise InvalidInput(source, "deeply nested text", f"at most {DEPTH_LIMIT} levels") from None


def dump(value: object, *, flow: bool | None = None) -> str:
    """A plain value as YAML that `parse` reads back, in flow style (None: its leaves only); hidden characters are escapes."""
    text = _dump(value, flow, readable=True)
    return text if text.replace("\n", "").isprintable() else _dump(value, flow, readable=False)


def _dump(value: object, flow: bool | None, *, readable: bool) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes a text that begins like a number: PyYAML leaves 1e3 bare, which `parse` refuses as ambiguous."""

        def text(self, data: str) -> yaml.ScalarNode:
            style = "'" if re.match(r"[-+._\d]", data) else None
            return self.represent_scalar("tag:yaml.org,2002:str", data, style)

    Dumper.add_representer(str, Dumper.text)
    options: dict[str, Any] = {"allow_unicode": readable, "sort_keys": False, "width": math.inf}
    dumped: str = yaml.dump(value, Dumper=Dumper, default_flow_style=flow, **options)
    return dumped


def _compose(text: str, source: str, most: int | None) -> yaml.Node | None:
    """The tree of nodes; anchors and aliases are refused while reading, before they can multiply."""
    import yaml

    depth = nodes = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            raise InvalidInput(
                _line(source, event),
                f"{sign}{event.anchor}",
                f"values written out, no anchors or aliases; text that begins with {sign} goes in quotes",
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > DEPTH_LIMIT:
            raise InvalidInput(
                _line(source, event), "deeply nested text", f"at most {DEPTH_LIMIT} levels"
            )
        nodes += isinstance(event, yaml.NodeEvent)
        if most is not None and nodes > most:
            raise InvalidInput(
                _line(source, event), "too many names and values", f"at most {most:,} of them"
            )
    return yaml.compose(text, Loader=yaml.SafeLoader)


@dataclass
class _Check:
    """Walks a tree of nodes, refuses what is not plain data, and notes the lines."""

    text: str
    source: str
    stands_as_text: Callable[[str], bool]
    lines: dict[str, int] = field(default_factory=dict)

    def node(self, node: yaml.Node, place: str) -> None:
        """Raise InvalidInput for a tag that is not plain data, or for what is wrong with a scalar or a key."""
        import yaml

        self.lines[place] = node.start_mark.line + 1
        self._tag(node)
        if isinstance(node, yaml.ScalarNode):
            self._number(node)
            self._constructible(node)
            if node.style is None and self.stands_as_text(place):
                self._as_written(node, place)
        if isinstance(node, yaml.SequenceNode):
            for k, item in enumerate(node.value):
                self.node(item, f"{place}[{k}]")
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, place)

    def _refuse(self, node: yaml.Node, written: str, allowed: str) -> InvalidInput:
        return InvalidInput(_line(self.source, node), written, allowed)

    def _tag(self, node: yaml.Node) -> None:
        if node.tag in [_TAG + kind for kind in _PLAIN]:
            return
        bare = not self.text.startswith("!", node.start_mark.index)  # a date, or a lone =
        written = node.value if bare else node.tag.replace(_TAG, "!!")
        allowed = "text, numbers, true, false, null, lists and maps, no tags; text that begins with ! goes in quotes"
        raise self._refuse(node, written, f'text in quotes: "{node.value}"' if bare else allowed)

    def _mapping(self, node: yaml.MappingNode, place: str) -> None:
        import yaml

        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._refuse(key, "a list or map as a key", "text as a key")
            if key.value in seen:
                raise self._refuse(key, key.value, "each key once")
            seen.add(key.value)
            self._tag(key)
            if key.tag != f"{_TAG}str":
                raise self._refuse(
                    key, key.value, f'text as a key; in quotes it is one: "{key.value}"'
                )
            inside = f"{place}.{key.value}" if place else key.value
            self.node(value, inside)
            self.lines[inside] = key.start_mark.line + 1

    def _constructible(self, node: yaml.ScalarNode) -> None:
        import yaml

        try:
            str(yaml.SafeLoader("").construct_object(node))
        except (
            ValueError,
            LookupError,
        ):  # as for !!int x, or a number of 5,000 digits, also a hexadecimal one
            allowed = f"a value that is a {node.tag.removeprefix(_TAG)}"
            raise self._refuse(node, node.value, allowed) from None

    def _number(self, node: yaml.ScalarNode) -> None:
        """Refuse what YAML 1.1 reads as another number than a person does: 12:30 is 750 there, 017 is 15, 1e3 a text."""
        kind = node.tag.removeprefix(_TAG)
        strange = kind in ("int", "float") and (
            ":" in node.value or re.match(r"[-+]?0\d", node.value)
        )
        if strange or (
            kind == "str"
            and node.style is None
            and re.fullmatch(r"[-+]?[\d_.]+[eE][-+]?\d+", node.value)
        ):
            raise self._refuse(
                node, node.value, "a number like 15, 0.001 or 1.0e+3, or text in quotes"
            )

    def _as_written(self, node: yaml.ScalarNode, place: str) -> None:
        """Refuse, for a prompt, what would stand there in other words, and text that a comment cuts short."""
        import yaml

        kind, written = node.tag.removeprefix(_TAG), node.value
        comment = _COMMENT.match(self.text, node.end_mark.index)
        if comment and (kind == "str" or not written):
            allowed = f"{QUOTES}: a blank and # begin a comment, which goes behind the quotes or on a line of its own"
            raise InvalidInput(
                f"{self.source} line {node.end_mark.line + 1}",
                (written + comment[0]).strip(),
                allowed,
            )
        if kind in ("int", "float", "bool"):
            value = str(yaml.SafeLoader("").construct_object(node))
            if value != written:
                meant = value.lower()  # True and False are Python's words
                allowed = f'text in quotes: "{written}" (YAML takes it for {meant} without them)'
                raise self._refuse(node, written, allowed)
        if kind == "null" and place.endswith("]"):  # elsewhere it means: left out
            raise self._refuse(
                node,
                written,
                f'text in quotes: "{written}" (YAML takes it for nothing without them)',
            )


def _line(source: str, node: Any) -> str:
    return f"{source} line {node.start_mark.line + 1}"
