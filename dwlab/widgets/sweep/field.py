"""One field of the sweep panel: a value, or a list of values that makes an axis, as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from ..._util import yamlfile
from ..._util.checks import is_number
from ...errors import InvalidInput
from ...spec import experiment_file
from ...spec.names import TEXTS
from ...spec.params import FIELDS
from ..panel import LABELLED

if TYPE_CHECKING:
    from collections.abc import Callable

# What is shown in an empty field; other parameters have the model's own default.
PLACEHOLDERS = {
    "seed": "0",
    "negative_prompt": 'none; several: ["blurry, dark", cropped]',
    "model": "shapes",
}


class SweepField:
    """A text field, and a line below it for what is wrong.

    value: what the field shows at first. Numbers, lists and maps are shown and read as YAML in flow
    style, texts as they are. edited: called after each edit. is_new: the sweep does not know the
    field yet, so even an empty one counts as edited.
    """

    def __init__(
        self, name: str, value: object, edited: Callable[[object], None], *, is_new: bool = False
    ) -> None:
        self.name = name
        self._is_text = name in TEXTS
        self._was_list = isinstance(value, list | tuple)
        shown = value if isinstance(value, str) and self._is_text else _as_yaml(value)
        self.original = None if is_new else shown
        default = "model's default"
        if is_placeholder(name):
            default = "a value or a list of values"
        self.text = widgets.Text(
            shown,
            description=name,
            placeholder=PLACEHOLDERS.get(name, default),
            **LABELLED,
        )
        self.text.observe(edited, "value")
        self.message = widgets.HTML()
        self.box = widgets.VBox([self.text, self.message])

    @property
    def is_edited(self) -> bool:
        """Whether the field no longer shows what it showed at first."""
        return self.text.value != self.original

    def value(self) -> object:
        """The value in the field; None for the default. Raises InvalidInput for anything else."""
        text = self.text.value
        if not self._is_text and not is_placeholder(self.name):
            return self._yaml(text)
        if text.strip():
            return self._words(text)
        if is_placeholder(self.name):
            raise InvalidInput(self.name, text, "a value or a list of values")
        return None

    def _yaml(self, text: str) -> object:
        try:
            return experiment_file.value(self.name, text)
        except InvalidInput as error:
            allowed = f"a value, or a list like [2, 4, 8], as plain YAML: {error.allowed}"
            raise InvalidInput(self.name, error.value, allowed) from error

    def _words(self, text: str) -> object:
        """A text as it is, with its commas and colons, unless it is a list, a map or a number."""
        try:
            value = self._yaml(text)
        except InvalidInput:
            if not self._is_text and text.lstrip()[0] in "[{":
                raise
            return text
        if self._is_text:
            # [blurry] is a text, unless the field showed a list before.
            is_list = isinstance(value, list) and (len(value) > 1 or self._was_list)
            return value if is_list else text
        is_map = isinstance(value, dict) and text.lstrip().startswith("{")
        return value if isinstance(value, list) or is_map or is_number(value) else text


def is_placeholder(name: str) -> bool:
    """Whether a field is for a placeholder of the prompts rather than for a parameter."""
    return name not in FIELDS and "." not in name


def _as_yaml(value: object) -> str:
    """A value on one line, as YAML in flow style; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, range):
        value = {"range": [value.start, value.stop, value.step]}
    if isinstance(value, tuple):
        value = list(value)
    return yamlfile.dump(value, flow=True).removesuffix("...\n").strip()
