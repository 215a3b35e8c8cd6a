"""What in a YAML text is not plain data, or would be read as something else than a person wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from ..errors import InvalidInput
from .yaml_errors import QUOTES

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = [_TAG + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map")]
_COMMENT = re.compile(r"[ \t]+#[^\n\r]*")
_OLD_OCTAL = re.compile(r"[-+]?0\d")  # 017
_BARE_EXPONENT = re.compile(r"[-+]?[\d_.]+[eE][-+]?\d+")  # 1e3


@dataclass
class PlainDataCheck:
    """Walks through a tree of nodes, refuses what is not plain data, and notes the lines.

    text, source: what is read, and its name in errors.
    stands_as_text: whether the value at a place goes into a prompt, so that it must be written as
        it will be read there.
    lines: place -> line, filled by `node`.
    """

    text: str
    source: str
    stands_as_text: Callable[[str], bool]
    lines: dict[str, int] = field(default_factory=dict)

    def node(self, node: yaml.Node, place: str) -> None:
        """Check a node and all nodes below it; raises InvalidInput with the line."""
        self.lines[place] = node.start_mark.line + 1
        self._check_tag(node)
        if isinstance(node, yaml.ScalarNode):
            self._check_scalar(node, place)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.node(item, f"{place}[{index}]")
        if isinstance(node, yaml.MappingNode):
            self._check_mapping(node, place)

    def _check_tag(self, node: yaml.Node) -> None:
        if node.tag in _PLAIN_TAGS:
            return
        is_written = self.text.startswith("!", node.start_mark.index)
        if not is_written:  # YAML reads a tag into a date, or a lone =
            raise self._refusal(node, node.value, f'text in quotes: "{node.value}"')
        raise self._refusal(
            node,
            node.tag.replace(_TAG, "!!"),
            "text, numbers, true, false, null, lists and maps, no tags; "
            "text that begins with ! goes in quotes",
        )

    def _check_scalar(self, node: yaml.ScalarNode, place: str) -> None:
        self._check_number(node)
        self._check_constructible(node)
        is_bare = node.style is None
        if is_bare and self.stands_as_text(place):
            self._check_as_written(node, place)

    def _check_mapping(self, node: yaml.MappingNode, place: str) -> None:
        seen = set()
        for key, value in node.value:
            self._check_key(key)
            if key.value in seen:
                raise self._refusal(key, key.value, "each key once")
            seen.add(key.value)
            inside = f"{place}.{key.value}" if place else key.value
            self.node(value, inside)
            self.lines[inside] = key.start_mark.line + 1

    def _check_key(self, key: yaml.Node) -> None:
        if not isinstance(key, yaml.ScalarNode):
            raise self._refusal(key, "a list or map as a key", "text as a key")
        self._check_tag(key)
        if key.tag != f"{_TAG}str":
            allowed = f'text as a key; in quotes it is one: "{key.value}"'
            raise self._refusal(key, key.value, allowed)

    def _check_constructible(self, node: yaml.ScalarNode) -> None:
        """Refuse what its tag does not fit, like `!!int x`, and numbers of 5,000 digits."""
        try:
            str(_value_of(node))
        except (ValueError, LookupError):
            allowed = f"a value that is a {_kind(node)}"
            raise self._refusal(node, node.value, allowed) from None

    def _check_number(self, node: yaml.ScalarNode) -> None:
        """Refuse what YAML 1.1 reads as another number than a person does.

        There 12:30 is 750, 017 is 15, and 1e3 is a text.
        """
        kind = _kind(node)
        is_number = kind in ("int", "float")
        is_misread = is_number and (":" in node.value or _OLD_OCTAL.match(node.value))
        is_bare_text = kind == "str" and node.style is None
        if is_misread or (is_bare_text and _BARE_EXPONENT.fullmatch(node.value)):
            allowed = "a number like 15, 0.001 or 1.0e+3, or text in quotes"
            raise self._refusal(node, node.value, allowed)

    def _check_as_written(self, node: yaml.ScalarNode, place: str) -> None:
        """Refuse what a prompt would show in other words, and text that a comment cuts short."""
        kind = _kind(node)
        written = node.value
        comment = _COMMENT.match(self.text, node.end_mark.index)
        if comment and (kind == "str" or not written):
            raise InvalidInput(
                f"{self.source} line {node.end_mark.line + 1}",
                (written + comment[0]).strip(),
                f"{QUOTES}: a blank and # begin a comment, which goes behind the quotes or on a "
                "line of its own",
            )
        in_quotes = f'text in quotes: "{written}"'
        if kind in ("int", "float", "bool"):
            shown = str(_value_of(node))
            if shown != written:
                meaning = shown.lower()  # True and False are Python's words
                allowed = f"{in_quotes} (YAML reads it as {meaning} without them)"
                raise self._refusal(node, written, allowed)
        is_in_a_list = place.endswith("]")
        if kind == "null" and is_in_a_list:  # elsewhere it means that the name is left out
            allowed = f"{in_quotes} (YAML reads it as nothing without them)"
            raise self._refusal(node, written, allowed)

    def _refusal(self, node: yaml.Node, written: str, allowed: str) -> InvalidInput:
        return InvalidInput(line_of(self.source, node), written, allowed)


def line_of(source: str, node: yaml.Node | yaml.Event) -> str:
    """Where a node begins, as errors say it."""
    mark = node.start_mark
    return f"{source} line {mark.line + 1}" if mark else source


def _kind(node: yaml.Node) -> str:
    """What a node is: str, int, float, bool, null, seq or map."""
    return node.tag.removeprefix(_TAG)


def _value_of(node: yaml.ScalarNode) -> object:
    value: object = yaml.SafeLoader("").construct_object(node)
    return value
