"""The part of a sweep that can be edited: name, prompt, and a field per parameter and axis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ...errors import InvalidInput
from ...spec.names import TEXTS
from ...spec.params import FIELDS
from ..field_errors import field_meant, message_html
from ..panel import LABELLED
from .field import SweepField, is_placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...runs.sweep import Sweep

# These have a field even if the experiment does not mention them.
USUAL = ("seed", "steps", "guidance", "scheduler")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Control:
    """A field's widget, and the text that it showed at first (None: the field is new)."""

    original: str | None
    widget: widgets.Text | widgets.Textarea

    def restore(self, edit: object) -> None:
        """Make an edit [text before, text after] again, unless it was made to another text."""
        if not isinstance(edit, list) or len(edit) != 2:
            return
        before, after = edit
        if before == self.original and isinstance(after, str):
            self.widget.value = after


class SweepFields(widgets.VBox):
    """Fields for a sweep; `read` returns it as edited. edited: called after each edit."""

    def __init__(self, edited: Callable[[], None]) -> None:
        self._edited = edited
        self._sweep: Sweep | None = None
        self._fields: dict[str, SweepField] = {}
        self._is_loading = False
        tooltip = "The files go to results/NAME and replace those of an earlier run of that name."
        self.name = widgets.Text(description="name", tooltip=tooltip, **LABELLED)
        self.prompt = widgets.Textarea(description="prompt", rows=2, **LABELLED)
        for control in (self.name, self.prompt):
            control.observe(self._on_edit, "value")
        self._name_message = widgets.HTML()
        self._prompt_message = widgets.HTML()
        self._general_message = widgets.HTML()
        # The panel puts this one beside the list of experiments.
        self.name_box = widgets.VBox([self.name, self._name_message])
        self._prompt_box = widgets.VBox([self.prompt, self._prompt_message])
        self._field_boxes = widgets.Box().add_class("dwlab-fields")
        super().__init__([self._prompt_box, self._field_boxes, self._general_message])
        self.add_class("dwlab-form")

    def load(self, sweep: Sweep) -> None:
        """Show the fields of a sweep."""
        # Edits that are made here are not the user's.
        self._is_loading = True
        self._sweep = sweep
        base = dict(sweep.base)
        self.name.value = sweep.name
        self.prompt.value = str(base.pop("prompt", ""))
        self._prompt_box.layout.display = "none" if "prompt" in sweep.axes else ""
        values: dict[str, object] = {**sweep.axes, **base}
        for name in USUAL:
            values.setdefault(name, None)
        values["model"] = sweep.axes.get("model", sweep.model)
        self._fields = {
            name: SweepField(name, value, self._on_edit) for name, value in values.items()
        }
        self._arrange()
        self._is_loading = False
        self._edited()

    def read(self) -> Sweep:
        """The sweep with all edits; raises InvalidInput for the first field that is wrong."""
        if self._sweep is None:
            raise InvalidInput("experiment", None, "one in the list")
        changes = {}
        for name, field in self._shown().items():
            if field.is_edited:
                changes[name] = field.value()
        if "prompt" not in self._fields and self.prompt.value != str(self._sweep.base["prompt"]):
            changes["prompt"] = self.prompt.value
        if self.name.value != self._sweep.name:
            changes["name"] = self.name.value
        return self._sweep.override(changes)

    # -- edits that outlast the kernel ---------------------------------------------------------

    def edits(self) -> dict[str, list[str | None]]:
        """The edited fields: [text at first, text now]."""
        return {
            name: [control.original, control.widget.value]
            for name, control in self._controls().items()
            if control.widget.value != control.original
        }

    def restore(self, edits: Mapping[str, object]) -> None:
        """Make edits again, except of fields whose first text is another one now."""
        # The edited prompts may have new placeholders, whose fields are there the second time only.
        for _ in range(2):
            for name, control in self._controls().items():
                control.restore(edits.get(name))

    def _controls(self) -> dict[str, Control]:
        """All fields, by the names under which their edits are saved."""
        if self._sweep is None:
            return {}
        # A placeholder may be called name or prompt, so these two have names of their own.
        prompt = str(self._sweep.base.get("prompt", ""))
        controls = {
            "the name": Control(self._sweep.name, self.name),
            "the prompt": Control(prompt, self.prompt),
        }
        for name, field in self._fields.items():
            controls[name] = Control(field.original, field.text)
        return controls

    # -- errors --------------------------------------------------------------------------------

    def show_error(self, error: Exception | None) -> None:
        """Show an error below the field it is about, or below all fields; None takes it away."""
        target = None if error is None else self._message_for(error)
        text = "" if error is None else message_html(error)
        field_messages = [field.message for field in self._fields.values()]
        own_messages = [self._name_message, self._prompt_message, self._general_message]
        for message in own_messages + field_messages:
            message.value = text if message is target else ""

    def _message_for(self, error: Exception) -> widgets.HTML:
        """The line in which an error is shown."""
        if not isinstance(error, InvalidInput):
            return self._general_message
        lines = {"prompt": self._prompt_message}
        for name, field in self._shown().items():
            lines[name] = field.message
        lines["name"] = self._name_message
        return lines.get(field_meant(error.field, lines), self._general_message)

    # -- which fields there are ----------------------------------------------------------------

    def _on_edit(self, _change: object) -> None:
        if not self._is_loading:
            self._arrange()
            self._edited()

    def _arrange(self) -> None:
        """Make a field for each new placeholder of the prompts, and show only the fields in use."""
        for name in self._placeholders():
            if name not in self._fields and name not in FIELDS:
                self._fields[name] = SweepField(name, None, self._on_edit, is_new=True)
        boxes = tuple(field.box for field in self._shown().values())
        if boxes != self._field_boxes.children:
            self._field_boxes.children = boxes

    def _shown(self) -> dict[str, SweepField]:
        """The fields without those of placeholders that no prompt has any longer."""
        present = set(self._placeholders())
        return {
            name: field
            for name, field in self._fields.items()
            if name in present or not is_placeholder(name)
        }

    def _placeholders(self) -> list[str]:
        """The names in braces in the prompts."""
        texts = [self.prompt.value]
        texts += [field.text.value for name, field in self._fields.items() if name in TEXTS]
        placeholders = []
        for text in texts:
            without_escapes = text.replace("{{", "").replace("}}", "")
            placeholders += _PLACEHOLDER.findall(without_escapes)
        return placeholders
