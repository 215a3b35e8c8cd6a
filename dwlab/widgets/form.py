"""The part of a sweep that can be edited: a field for the prompt and one for each axis, as YAML."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from .. import experimentfile, yamlfile
from ..errors import InvalidInput
from ..params import FIELDS, TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..sweep import SweepSpec

USUAL = ("seed", "steps", "guidance", "scheduler")  # offered even where an experiment says nothing of them
_EMPTY = {"seed": "0", "negative_prompt": "none", "model": "shapes"}  # what an empty field stands for
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


class Row:
    """One field: a text that is YAML in flow style (at first None: not said yet), and a line below it for what is wrong."""

    def __init__(self, name: str, text: str | None, changed: Callable[[object], None]):
        self.name, self.original = name, text
        self.text = widgets.Text(
            text or "",
            description=name,
            placeholder="a value or a list of values" if _is_placeholder(name) else _EMPTY.get(name, "the model's own"),
            style={"description_width": "120px"},
            layout={"width": "auto"},
        )
        self.text.observe(changed, "value")
        self.message = widgets.HTML()
        self.box = widgets.VBox([self.text, self.message])

    def value(self) -> Any:
        """What the text says; raises InvalidInput where it is not YAML, or empty and must not be."""
        text = self.text.value
        try:
            value = experimentfile.value(self.name, text)
        except InvalidInput as error:
            allowed = f"a value, or a list like [2, 4, 8], as plain YAML: {error.allowed}"
            raise InvalidInput(self.name, error.value, allowed) from error
        if value is None and _is_placeholder(self.name):
            raise InvalidInput(self.name, text, "a value or a list of values")
        return value


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
        self.name_box = widgets.VBox([self.name, self._name_message])  # the panel finds a place for it
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
        values = {**axes, **base, **{name: None for name in USUAL if name not in axes and name not in base}}
        values["model"] = axes.get("model", spec.model)
        self._rows = {name: Row(name, _as_yaml(value), self._edited) for name, value in values.items()}
        self._arrange()
        self._loading = False
        self._changed()

    def read(self) -> Any:
        """The sweep with what was edited; raises InvalidInput for the first text that is no value."""
        if self._spec is None:
            raise InvalidInput("experiment", None, "one of the list")
        changes = {name: row.value() for name, row in self._shown().items() if row.text.value != row.original}
        if "prompt" not in self._rows and self.prompt.value != str(self._spec.base["prompt"]):
            changes["prompt"] = self.prompt.value
        if self.name.value != self._spec.name:
            changes["name"] = self.name.value
        return self._spec.override(changes)

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
        """The row that an error's field means: `axes.steps[2]` and `axes.steps.range` are both steps."""
        field = re.sub(r"\[\d+\]", "", field).removeprefix("axes.").removeprefix("base.")
        field = re.sub(r" line \d+$", "", field)
        found = [name for name in self._shown() if field == name or field.startswith(f"{name}.")]
        if found:
            return max(found, key=len)
        return {"prompt": "prompt ", "name": "name"}.get(field, "")

    def _edited(self, _change: object) -> None:
        if not self._loading:
            self._arrange()
            self._changed()

    def _arrange(self) -> None:
        """Give each placeholder of the prompts a field, and show only the fields that are of use."""
        for name in self._placeholders():
            if name not in self._rows and name not in FIELDS:
                self._rows[name] = Row(name, None, self._edited)
        boxes = tuple(row.box for row in self._shown().values())
        if boxes != self._grid.children:
            self._grid.children = boxes

    def _placeholders(self) -> list[str]:
        texts = [self.prompt.value, *(row.text.value for name, row in self._rows.items() if name in TEXTS)]
        return [m[1] for text in texts for m in _PLACEHOLDER.finditer(text.replace("{{", "").replace("}}", ""))]

    def _shown(self) -> Mapping[str, Row]:
        present = set(self._placeholders())
        return {name: row for name, row in self._rows.items() if not _is_placeholder(name) or name in present}


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
