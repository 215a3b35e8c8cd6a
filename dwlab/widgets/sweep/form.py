"""What the sweep panel's form holds: a name, and a row per parameter that varies or is fixed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...errors import InvalidInput, MissingExtra, RenderError
from ...spec.dotted import is_parameter
from ...spec.names import TEXTS, own_name
from ...spec.params import FIELDS
from ..field_errors import field_meant
from .earlier_edits import row_after
from .place import FIELD as WHERE
from .row_choices import choices_for, usual_axis
from .rows import LIST, VALUE, Row, kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...runs.sweep import Sweep

# These have a row even if the experiment does not mention them.
USUAL = ("prompt", "model", "seed", "steps", "guidance", "scheduler")
NAME = "name"
ROWS_LIMIT = 300
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_ADDABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_][\w-]*)*")


class SweepForm:
    """The fields of a sweep; `read` returns the sweep as edited."""

    def __init__(self) -> None:
        self._sweep: Sweep | None = None
        self.name = ""
        self._rows: dict[str, Row] = {}
        self._originals: dict[str, Row] = {}

    def load(self, sweep: Sweep) -> None:
        """Show a sweep."""
        self._sweep = sweep
        self.name = sweep.name
        axes = {name: Row.of_axis(name, values) for name, values in sweep.axes.items()}
        base = {"model": sweep.model, **sweep.base}
        shown = dict.fromkeys([*USUAL, *base])
        fixed = {name: Row.of_base(name, base.get(name)) for name in shown if name not in axes}
        self._originals = {**axes, **fixed}
        self._rows = dict(self._originals)

    def read(self) -> Sweep:
        """The sweep with all edits; raises InvalidInput for the first field that is wrong."""
        if self._sweep is None:
            raise InvalidInput("experiment", None, "one in the list")
        changes: dict[str, object] = {}
        for name, row in self.rows().items():
            if row != self._originals.get(name):
                changes[name] = row.value()
        for name in self._originals:
            if name not in self._rows:
                changes[name] = None
        if self.name != self._sweep.name:
            changes[NAME] = self.name
        return self._sweep.override(changes)

    # -- rows -----------------------------------------------------------------------------------

    def rows(self) -> dict[str, Row]:
        """The rows in use: those of axes first, without placeholders that no prompt names."""
        for name in self._placeholders():
            if name not in self._rows and name not in FIELDS:
                self._rows[name] = Row(name, LIST, ())
        present = set(self._placeholders())
        used = [row for row in self._rows.values() if is_parameter(row.name) or row.name in present]
        used.sort(key=lambda row: not row.is_axis)
        return {row.name: row for row in used}

    def _placeholders(self) -> list[str]:
        """The names in braces in the prompts."""
        placeholders = []
        for name in TEXTS:
            for text in self._rows[name].parts if name in self._rows else ():
                without_escapes = text.replace("{{", "").replace("}}", "")
                placeholders += _PLACEHOLDER.findall(without_escapes)
        return placeholders

    def take(self, name: object, rows: object) -> None:
        """Take over what a page holds; a row that there is not is passed over."""
        if isinstance(name, str):
            self.name = name
        for values in rows if isinstance(rows, list) else []:
            row = Row.from_dict(values)
            # an edit that crossed a change of the editor is late
            if row and row.name in self._rows and row.kind == self._rows[row.name].kind:
                self._rows[row.name] = row

    def add(self, name: str) -> str:
        """Add an axis over a parameter, or make one of its value; returns the parameter's own name.

        Raises InvalidInput for a name that is no parameter.
        """
        name = own_name(name.strip())
        if not _ADDABLE.fullmatch(name) or not (is_parameter(name) or name in self._rows):
            allowed = "a parameter, like steps, or one with a dot, like call.eta"
            raise InvalidInput("parameter", name, f"{allowed}; a placeholder comes with its prompt")
        if len(self._rows) >= ROWS_LIMIT:
            raise InvalidInput("parameter", name, f"at most {ROWS_LIMIT} rows")
        row = self._rows.get(name)
        if row is None or not row.is_axis:
            self._rows[name] = self._as_axis(row or Row(name, VALUE, ("",)))
        return name

    def _as_axis(self, row: Row) -> Row:
        """The row as an axis: with its own value, or with usual ones if it has none."""
        original = self._originals.get(row.name)
        if original and original.is_axis:
            return original
        usual = usual_axis(row.name)
        if usual is not None and (row.is_empty or row.name == "seed"):
            return Row.of_axis(row.name, usual)
        return row.as_kind(kinds_of(row.name)[0])

    def remove(self, name: str) -> None:
        """Leave a parameter to the model."""
        row = self._rows.get(name)
        if row is None or name == "prompt":
            return
        if name in USUAL:
            self._rows[name] = Row(name, VALUE, ("",))
        else:
            del self._rows[name]

    def change_kind(self, name: str, kind: str) -> None:
        """Give a row another editor, with the same values as far as possible."""
        row = self._rows.get(name)
        if row is None or kind == row.kind or kind not in kinds_of(name):
            return
        self._rows[name] = self._as_axis(row) if row.is_empty else row.as_kind(kind)
        if self._rows[name].kind != kind:
            self._rows[name] = self._rows[name].as_kind(kind)

    def settle(self, name: str) -> None:
        """Tidy a row that nobody types in any more."""
        if name in self._rows:
            self._rows[name] = self._rows[name].settled()

    # -- edits that outlast the kernel ------------------------------------------------------------

    def edits(self) -> dict[str, list[object]]:
        """What is edited: [at first, now], each a row, a name, or None for no row."""
        if self._sweep is None:
            return {}
        edits: dict[str, list[object]] = {}
        if self.name != self._sweep.name:
            edits["the name"] = [self._sweep.name, self.name]
        for name in dict.fromkeys([*self._originals, *self._rows]):
            before = self._originals.get(name)
            after = self._rows.get(name)
            if before != after:
                edits[name] = [before and before.as_dict(), after and after.as_dict()]
        return edits

    def restore(self, edits: Mapping[str, object]) -> None:
        """Make edits again, except of what is another one now."""
        for name, edit in edits.items():
            if not isinstance(edit, list) or len(edit) != 2:
                continue
            before, after = edit
            if name == "the name":
                if before == self.name and isinstance(after, str):
                    self.name = after
                continue
            earlier = row_after(name, edit, self._originals)
            if earlier:
                self._rows[earlier.name] = earlier
                continue
            original = self._originals.get(name)
            if (original and original.as_dict()) == before:
                self._restore_row(name, after)

    def _restore_row(self, name: str, after: object) -> None:
        row = Row.from_dict(after)
        if row and row.name == name:
            self._rows[name] = row
        elif after is None:
            self._rows.pop(name, None)

    # -- for a page -----------------------------------------------------------------------------

    def for_page(self) -> dict[str, object]:
        """Name and rows as the page shows them."""
        return {"name": self.name, "rows": [self._for_page(row) for row in self.rows().values()]}

    def _for_page(self, row: Row) -> dict[str, object]:
        choices, is_closed = choices_for(row.name)
        return {
            **row.as_dict(),
            "kinds": list(kinds_of(row.name)),
            "choices": choices,
            "closed": is_closed,
            "note": row.note(),
            "fixed": row.name == "prompt" or not is_parameter(row.name),
        }

    def also(self) -> list[str]:
        """What the sweep has besides rows, in words."""
        if self._sweep is None:
            return []
        rows = self.rows()
        sentences = []
        for group in self._sweep.zip:
            moving = [name for name in group if name in rows and rows[name].is_axis]
            if len(moving) > 1:
                sentences.append(f"{' and '.join(moving)} move together.")
        if self._sweep.skip:
            count = len(self._sweep.skip)
            rules = "1 rule leaves" if count == 1 else f"{count} rules leave"
            sentences.append(f"{rules} combinations out.")
        if self._sweep.request:
            most = f", at most {self._sweep.most}" if self._sweep.most else ""
            sentences.append(f"A search ({self._sweep.request.method}) chooses the cells{most}.")
        return sentences

    def problem(self, error: Exception) -> dict[str, object]:
        """Where an error belongs: `row` (a row's name, "name", or empty) and `part` of it."""
        # what a sweep lacks before it runs are its workers
        if isinstance(error, RenderError | MissingExtra):
            return {"row": WHERE, "part": None, "text": str(error)}
        if not isinstance(error, InvalidInput):
            return {"row": "", "part": None, "text": str(error)}
        rows = self.rows()
        row = field_meant(error.field, [*rows, NAME, "parameter", WHERE])
        return {"row": row, "part": self._part(error.field, rows.get(row)), "text": str(error)}

    @staticmethod
    def _part(field: str, row: Row | None) -> int | None:
        index = re.search(r"\[(\d+)\]$", field)
        try:
            return row.part_of(int(index[1])) if row and index else None
        except InvalidInput:
            return None
