"""YAML as data only, in and out: no tags, no aliases, no double keys, and errors that name the line."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from .errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    import yaml

SIZE_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 20
_TAG = "tag:yaml.org,2002:"
_PLAIN = ("str", "int", "float", "bool", "null", "seq", "map")


def read(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds; raises InvalidInput with file and line."""
    try:
        with path.open("rb") as file:
            text = file.read(SIZE_LIMIT + 1).decode()  # bounded: what is opened may have no end
    except (OSError, ValueError) as error:  # ValueError: NUL in the name, or not UTF-8
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InvalidInput("file", str(path), f"a readable YAML file ({reason})") from error
    if len(text) > SIZE_LIMIT:
        raise InvalidInput("file", str(path), "a file of at most 1 MiB")
    value = parse(text, path.name)
    if not isinstance(value, dict):
        raise InvalidInput(path.name, value, "a map with name, model, base, axes, zip, skip, metrics, metric")
    return value


def parse(text: str, source: str = "YAML") -> Any:
    """The value that a YAML text holds, built from plain maps, lists and scalars."""
    import yaml

    try:
        root = _compose(text, source)
        if root is None:
            return None
        _check(root, source)
        return yaml.SafeLoader("").construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not YAML"
        line = f" line {mark.line + 1}" if mark else ""
        raise InvalidInput(f"{source}{line}", problem, "plain YAML") from None
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


def _compose(text: str, source: str) -> yaml.Node | None:
    """The tree of nodes; aliases are refused while reading, before they can multiply."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInput(_line(source, event), f"*{event.anchor}", "values written out (no aliases)")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise InvalidInput(_line(source, event), "deeply nested text", f"at most {DEPTH_LIMIT} levels")
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _check(node: yaml.Node, source: str) -> None:
    """Raise InvalidInput for a tag that is not plain data, or a key that stands twice in a map."""
    import yaml

    if node.tag not in [_TAG + kind for kind in _PLAIN]:
        raise InvalidInput(
            _line(source, node),
            node.tag,
            "text, numbers, true, false, null, lists and maps (no other tags; a date needs quotes)",
        )
    if isinstance(node, yaml.ScalarNode):
        _check_number(node, source)
        try:
            str(yaml.SafeLoader("").construct_object(node))
        except (ValueError, LookupError):  # as for !!int x, or a number of 5,000 digits, also a hexadecimal one
            raise InvalidInput(
                _line(source, node), node.value, f"a value that is a {node.tag.removeprefix(_TAG)}"
            ) from None
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, source)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InvalidInput(_line(source, key), "a list or map as a key", "text as a key")
            if key.value in seen:
                raise InvalidInput(_line(source, key), key.value, "each key once")
            seen.add(key.value)
            _check(key, source)
            _check(value, source)


def _check_number(node: yaml.ScalarNode, source: str) -> None:
    """Refuse what YAML 1.1 reads as another number than a person does: 12:30 is 750 there, 017 is 15, 1e3 a text."""
    kind = node.tag.removeprefix(_TAG)
    strange = kind in ("int", "float") and (":" in node.value or re.match(r"[-+]?0\d", node.value))
    if strange or (kind == "str" and node.style is None and re.fullmatch(r"[-+]?[\d_.]+[eE][-+]?\d+", node.value)):
        raise InvalidInput(_line(source, node), node.value, "a number like 15, 0.001 or 1.0e+3, or text in quotes")


def _line(source: str, node: Any) -> str:
    return f"{source} line {node.start_mark.line + 1}"
