"""The part of a sweep that can be edited: a field for the prompt and one for each axis, as YAML."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ..._util import yamlfile
from ..._util.checks import is_number
from ...errors import InvalidInput
from ...spec import experiment_file
from ...spec.names import TEXTS
from ...spec.params import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ...spec.sweep import SweepSpec

USUAL = (
    "seed",
    "steps",
    "guidance",
    "scheduler",
)  # offered even where an experiment says nothing of them
# what an empty field stands for
_EMPTY = {
    "seed": "0",
    "negative_prompt": 'none; several: ["blurry, dark", cropped]',
    "model": "shapes",
}
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


class Row:
    """One field and a line below it for what is wrong.

    value: what stands in the field at first. Numbers, maps and lists are shown and read as YAML in flow style, a text
    as it is. new: the sweep does not know the field yet, so that also an empty one is an edit.
    """

    def __init__(
        self, name: str, value: Any, changed: Callable[[object], None], *, new: bool = False
    ):
        shown = value if isinstance(value, str) and name in TEXTS else _as_yaml(value)
        self.name, self.original = name, None if new else shown
        self._was_list = isinstance(value, list | tuple)
        self.text = widgets.Text(
            shown,
            description=name,
            placeholder="a value or a list of values"
            if _is_placeholder(name)
            else _EMPTY.get(name, "the model's own"),
            style={"description_width": "120px"},
            layout={"width": "auto"},
        )
        self.text.observe(changed, "value")
        self.message = widgets.HTML()
        self.box = widgets.VBox([self.text, self.message])

    def value(self) -> Any:
        """What the field says; raises InvalidInput where it is no value, or empty and must not be."""
        text = self.text.value
        value = (
            self._words(text)
            if self.name in TEXTS or _is_placeholder(self.name)
            else self._yaml(text)
        )
        if value is None and _is_placeholder(self.name):
            raise InvalidInput(self.name, text, "a value or a list of values")
        return value

    def _yaml(self, text: str) -> Any:
        try:
            return experiment_file.value(self.name, text)
        except InvalidInput as error:
            allowed = f"a value, or a list like [2, 4, 8], as plain YAML: {error.allowed}"
            raise InvalidInput(self.name, error.value, allowed) from error

    def _words(self, text: str) -> Any:
        """A text as it stands, with its commas and colons, but for lists, maps and numbers; None if it is empty."""
        if not text.strip():
            return None
        try:
            value = self._yaml(text)
        except InvalidInput:
            if self.name not in TEXTS and text.lstrip()[0] in "[{":
                raise
            return text
        if isinstance(value, list) and (len(value) > 1 or self._was_list or self.name not in TEXTS):
            return value
        if self.name in TEXTS:
            return text
        described = isinstance(value, dict) and text.lstrip().startswith("{")
        return value if described or is_number(value) else text


class Form(widgets.VBox):
    """Fields for a sweep. `changed` is called at each edit; `read` gives the sweep as edited."""

    def __init__(self, changed: Callable[[], None]):
        self._changed = changed
        self._spec: SweepSpec | None = None
        self._rows: dict[str, Row] = {}
        wide = {"style": {"description_width": "120px"}, "layout": {"width": "auto"}}
        tooltip = "The files go to results/NAME; those of an earlier run of that name are replaced."
        self.name = widgets.Text(description="name", tooltip=tooltip, **wide)
        self.prompt = widgets.Textarea(description="prompt", rows=2, **wide)
        self._prompt_message, self._name_message = widgets.HTML(), widgets.HTML()
        self._general = widgets.HTML()
        self._grid = widgets.Box().add_class("dwlab-fields")
        for field in (self.name, self.prompt):
            field.observe(self._edited, "value")
        self.name_box = widgets.VBox(
            [self.name, self._name_message]
        )  # the panel finds a place for it
        self._prompt_box = widgets.VBox([self.prompt, self._prompt_message])
        super().__init__([self._prompt_box, self._grid, self._general])
        self.add_class("dwlab-form")
        self._loading = False

    def load(self, spec: SweepSpec) -> None:
        """Show the fields of a sweep."""
        self._loading = True  # edits made here are not the user's
        self._spec = spec
        base, axes = dict(spec.base), dict(spec.axes)
        self.name.value = spec.name
        self.prompt.value = str(base.pop("prompt", ""))
        self._prompt_box.layout.display = "none" if "prompt" in axes else ""
        values = {
            **axes,
            **base,
            **{name: None for name in USUAL if name not in axes and name not in base},
        }
        values["model"] = axes.get("model", spec.model)
        self._rows = {name: Row(name, value, self._edited) for name, value in values.items()}
        self._arrange()
        self._loading = False
        self._changed()

    def read(self) -> Any:
        """The sweep with what was edited; raises InvalidInput for the first text that is no value."""
        if self._spec is None:
            raise InvalidInput("experiment", None, "one of the list")
        changes = {
            name: row.value()
            for name, row in self._shown().items()
            if row.text.value != row.original
        }
        if "prompt" not in self._rows and self.prompt.value != str(self._spec.base["prompt"]):
            changes["prompt"] = self.prompt.value
        if self.name.value != self._spec.name:
            changes["name"] = self.name.value
        return self._spec.override(changes)

    def edits(self) -> dict[str, list[str | None]]:
        """The fields that were edited: [what stood there at first, what stands there now]."""
        return {
            name: [original, field.value]
            for name, (original, field) in self._fields().items()
            if field.value != original
        }

    def put_back(self, edits: Mapping[str, Any]) -> None:
        """Make edits again, but none of a field that says something else by now than it did before them."""
        for _ in range(2):  # the prompts, edited first, have new placeholders
            for name, (original, field) in self._fields().items():
                edit = edits.get(name)
                if (
                    isinstance(edit, list)
                    and len(edit) == 2
                    and edit[0] == original
                    and isinstance(edit[1], str)
                ):
                    field.value = edit[1]

    def _fields(self) -> dict[str, tuple[str | None, widgets.Text | widgets.Textarea]]:
        """All fields, and what stood in them at first."""
        if self._spec is None:
            return {}
        rows = {name: (row.original, row.text) for name, row in self._rows.items()}
        prompt = str(self._spec.base.get("prompt", ""))
        return {
            "the name": (self._spec.name, self.name),
            "the prompt": (prompt, self.prompt),
            **rows,
        }

    def complain(self, error: Exception | None) -> None:
        """Show an error below the field it is about, or below all of them; None takes it away."""
        where = self._place(error.field) if isinstance(error, InvalidInput) else ""
        text = "" if error is None else message_html(error)
        places = {name: row.message for name, row in self._rows.items()}
        for name, message in {
            **places,
            "name": self._name_message,
            "prompt ": self._prompt_message,
            "": self._general,
        }.items():
            message.value = text if name == where else ""

    def _place(self, field: str) -> str:
        """The row that an error's field means, "prompt " and "name" for the fields that are no rows, "" for none."""
        row = place(field, self._shown())
        return row or {"prompt": "prompt ", "name": "name"}.get(
            place(field, ("prompt", "name")), ""
        )

    def _edited(self, _change: object) -> None:
        if not self._loading:
            self._arrange()
            self._changed()

    def _arrange(self) -> None:
        """Give each placeholder of the prompts a field, and show only the fields that are of use."""
        for name in self._placeholders():
            if name not in self._rows and name not in FIELDS:
                self._rows[name] = Row(name, None, self._edited, new=True)
        boxes = tuple(row.box for row in self._shown().values())
        if boxes != self._grid.children:
            self._grid.children = boxes

    def _placeholders(self) -> list[str]:
        texts = [
            self.prompt.value,
            *(row.text.value for name, row in self._rows.items() if name in TEXTS),
        ]
        return [
            m[1]
            for text in texts
            for m in _PLACEHOLDER.finditer(text.replace("{{", "").replace("}}", ""))
        ]

    def _shown(self) -> Mapping[str, Row]:
        present = set(self._placeholders())
        return {
            name: row
            for name, row in self._rows.items()
            if not _is_placeholder(name) or name in present
        }


def place(field: str, names: Iterable[str]) -> str:
    """Which of `names` an error's field means, "" for none: `axes.steps[2]` and `axes.steps.range` are both steps."""
    field = re.sub(r"\[\d+\]", "", field).removeprefix("axes.").removeprefix("base.")
    field = re.sub(r" line \d+$", "", field)
    meant = [name for name in names if field == name or field.startswith(f"{name}.")]
    return max(meant, key=len, default="")


def message_html(error: Exception) -> str:
    """What went wrong, as the panel shows it."""
    return f'<div class="dwlab-message" role="alert">{html.escape(str(error))}</div>'


def _is_placeholder(name: str) -> bool:
    return name not in FIELDS and "." not in name


def _as_yaml(value: Any) -> str:
    """A value on one line, as YAML in flow style; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, range):
        value = {"range": [value.start, value.stop, value.step]}
    value = list(value) if isinstance(value, tuple) else value
    return yamlfile.dump(value, flow=True).removesuffix("...\n").strip()
