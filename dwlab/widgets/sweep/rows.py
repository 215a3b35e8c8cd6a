"""A row of the sweep panel: a parameter, the kind of editor that it has, and the texts in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..._util.checks import is_number
from ..._util.counted import counted
from ...errors import InvalidInput
from ...spec import axes as axis_values
from ...spec.axes import RandomSeeds
from ...spec.dotted import is_parameter
from ...spec.names import TEXTS
from ...spec.typed_values import typed_axis, typed_value
from .row_texts import as_yaml, items_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

VALUE = "value"  # one for all pictures
LIST = "list"  # a part per value
RANGE = "range"  # start, stop, step
EVENLY = "linspace"  # start, stop, count
RANDOM = "random"  # how many seeds
LINES = "lines"  # one text per line
YAML = "yaml"  # anything else that an axis can be
NUMBERS = ("steps", "guidance", "width", "height", "strength", "mask_padding", "mask_blur")
# what the texts of a row are called in errors and on the page
FIELDS = {
    RANGE: ("start", "stop", "step"),
    EVENLY: ("start", "stop", "count"),
    RANDOM: ("count",),
}
MOST_CHIPS = 200  # values of a range that are written out
PARTS_LIMIT = 2000
TEXT_LIMIT = 200_000  # characters of all parts together


def kinds_of(name: str) -> tuple[str, ...]:
    """The editors that a parameter can have; the first one is the usual one of an axis."""
    if name in TEXTS:
        return (LINES, YAML, VALUE)
    if name == "seed":
        return (LIST, RANGE, RANDOM, YAML, VALUE)
    if not is_parameter(name):
        # a placeholder has its only value as a list of one
        return (LIST, RANGE, YAML)
    if name in NUMBERS or "." in name:
        return (LIST, RANGE, EVENLY, YAML, VALUE)
    return (LIST, YAML, VALUE)


@dataclass(frozen=True)
class Row:
    """A parameter as the panel shows it. parts: texts, as many as its kind has; see the kinds."""

    name: str
    kind: str
    parts: tuple[str, ...]

    @classmethod
    def of_base(cls, name: str, value: object) -> Row:
        """The row of a value that all pictures share; None is the model's own."""
        return cls(name, VALUE, (text_of(name, value),))

    @classmethod
    def of_axis(cls, name: str, description: object) -> Row:
        """The row of an axis, as `dwlab.spec.axes.values` reads it."""
        if isinstance(description, range):
            step = (description.start, description.stop, description.step)
            return cls(name, RANGE, tuple(map(str, step)))
        if isinstance(description, list | tuple):
            return _listed(name, description)
        return _formed(name, description)

    @property
    def is_axis(self) -> bool:
        """Whether it gives an axis rather than a base value."""
        return self.kind != VALUE

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not any(part.strip() for part in self.parts)

    def value(self) -> object:
        """The base value or the description of the axis; None for the model's own value.

        Raises InvalidInput, which names the row.
        """
        if self.kind in FIELDS:
            return self._form()
        if self.kind == YAML:
            return typed_axis(self.name, self.parts[0])
        if self.kind == VALUE:
            return self._base_value(self.parts[0])
        if self.kind == LINES:
            lines = [line.strip() for line in self.parts[0].splitlines() if line.strip()]
            values: list[object] = ["" if line == '""' else line for line in lines]
        else:
            values = [item for part in self.parts for item in items_of(self.name, part)]
        if not values:
            raise InvalidInput(self.name, "empty", "one value or more")
        return values

    def _base_value(self, text: str) -> object:
        if not text.strip():
            return None
        return text if self.name in TEXTS else typed_value(self.name, text)

    def _form(self) -> dict[str, object]:
        """The map of an axis that is counted rather than listed."""
        numbers = [
            self._number(field, text)
            for field, text in zip(FIELDS[self.kind], self.parts, strict=True)
        ]
        return {self.kind: numbers[0] if self.kind == RANDOM else numbers}

    def _number(self, field: str, text: str) -> object:
        value = typed_value(self.name, text)
        if not is_number(value):
            raise InvalidInput(f"{self.name}.{field}", text, "a number")
        return value

    def part_of(self, index: int) -> int | None:
        """Which part holds the value at a position of the list; None if there is no such part."""
        if self.kind != LIST:
            return None
        for position, part in enumerate(self.parts):
            index -= len(items_of(self.name, part))
            if index < 0:
                return position
        return None

    # -- changes --------------------------------------------------------------------------------

    def settled(self) -> Row:
        """The row once nobody types in it: each value in a part of its own, none of them empty.

        A list that was typed as the only value makes an axis. What is wrong stays as it is.
        """
        if self.kind == LIST:
            parts = [part for part in self.parts if part.strip()]
            return replace(self, parts=tuple(self._separated(parts)))
        if self.kind == VALUE and not self.is_empty and self.name not in TEXTS:
            try:
                value = self.value()
            except InvalidInput:
                return self
            is_list = isinstance(value, list) and LIST in kinds_of(self.name)
            if is_list or is_form(value):
                return Row.of_axis(self.name, value)
        return self

    def _separated(self, parts: Sequence[str]) -> list[str]:
        texts: list[str] = []
        for part in parts:
            try:
                items = items_of(self.name, part)
            except InvalidInput:
                items = []
            is_list = len(items) > 1
            texts += [text_of(self.name, item) for item in items] if is_list else [part]
        return texts

    def as_kind(self, kind: str) -> Row:
        """The row with another editor, with the same values as far as that one can show them."""
        values = self._values()
        if kind == VALUE:
            return Row.of_base(self.name, values[0] if values else None)
        if kind in FIELDS:
            return Row(self.name, kind, _counted(self.name, kind, values))
        if kind == YAML:
            shown = as_yaml(self.value()) if values and self.is_axis else as_yaml(values)
            return Row(self.name, YAML, (shown,))
        if kind == LINES:
            return Row(self.name, LINES, ("\n".join(str(value) or '""' for value in values),))
        return Row(self.name, LIST, tuple(text_of(self.name, value) for value in values))

    def _values(self) -> list[object]:
        """The values that it stands for, few enough to be written out; none if it is wrong."""
        try:
            value = self.value()
            if not self.is_axis:
                return [] if value is None else [value]
            if axis_values.length(self.name, value) > MOST_CHIPS:
                return []
            column = axis_values.values(self.name, value)
        except InvalidInput:
            return []
        return list(range(column.count)) if isinstance(column, RandomSeeds) else list(column)

    def note(self) -> str:
        """How many values an axis has, and the first ones if they are not written out.

        It is empty for a base value, and for an axis that is wrong.
        """
        if not self.is_axis:
            return ""
        try:
            count = axis_values.length(self.name, self.value())
        except InvalidInput:
            return ""
        text = counted(count, "value")
        shown = self._values() if self.kind in (RANGE, EVENLY, YAML) else []
        if not shown:
            return text
        first = ", ".join(text_of(self.name, value) for value in shown[:8])
        return f"{text}: {first}{' …' if len(shown) > 8 else ''}"

    # -- for pages and files --------------------------------------------------------------------

    def as_dict(self) -> dict[str, object]:
        """The row as plain values, from which `from_dict` makes it again."""
        return {"name": self.name, "kind": self.kind, "parts": list(self.parts)}

    @classmethod
    def from_dict(cls, values: object) -> Row | None:
        """The row that somebody kept or sent; None for anything that is none."""
        if not isinstance(values, Mapping):
            return None
        name = values.get("name")
        kind = values.get("kind")
        parts = values.get("parts")
        if not isinstance(name, str) or kind not in kinds_of(name) or not isinstance(parts, list):
            return None
        if not _are_texts(parts) or (kind != LIST and len(parts) != len(FIELDS.get(kind, "1"))):
            return None
        return cls(name, kind, tuple(parts))


def is_form(value: object) -> bool:
    """Whether a value describes an axis by a rule, like `{range: [0, 4]}`."""
    forms = (RANGE, EVENLY, RANDOM, axis_values.VARIANTS)
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in forms


def _are_texts(parts: list[object]) -> bool:
    texts = [part for part in parts if isinstance(part, str)]
    is_short = sum(len(text) for text in texts) <= TEXT_LIMIT
    return len(texts) == len(parts) <= PARTS_LIMIT and is_short


def _listed(name: str, values: Sequence[object]) -> Row:
    if name not in TEXTS:
        return Row(name, LIST, tuple(text_of(name, value) for value in values))
    lines = [str(value) or '""' for value in values]
    is_plain = all(line == line.strip() and "\n" not in line for line in lines)
    if is_plain:
        return Row(name, LINES, ("\n".join(lines),))
    return Row(name, YAML, (as_yaml(list(values)),))


def _formed(name: str, description: object) -> Row:
    if isinstance(description, Mapping) and len(description) == 1:
        ((form, argument),) = description.items()
        numbers = argument if isinstance(argument, list | tuple) else [argument]
        if form == RANGE and len(numbers) < 3:
            numbers = [0, *numbers] if len(numbers) == 1 else numbers
            numbers = [*numbers, 1]
        if form in kinds_of(name) and len(numbers) == len(FIELDS.get(form, ())):
            return Row(name, str(form), tuple(text_of(name, number) for number in numbers))
    return Row(name, YAML, (as_yaml(description),))


def _counted(name: str, kind: str, values: Sequence[object]) -> tuple[str, ...]:
    """The fields of a range, of even spacing or of random seeds that come near some values."""
    numbers = sorted(value for value in values if is_number(value))
    if kind == RANDOM:
        return (str(max(1, len(numbers))),)
    first = numbers[0] if numbers else 0
    last = numbers[-1] if len(numbers) > 1 else first + 4
    if kind == EVENLY:
        return (str(first), str(last), str(len(numbers) if len(numbers) > 1 else 5))
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    return (str(first), text_of(name, last + step), text_of(name, step))
