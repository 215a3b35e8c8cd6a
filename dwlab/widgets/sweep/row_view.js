// A row of the form: a parameter, its editor, how many values it has, and what is wrong with them.

class RowView {
  constructor(page, row) {
    this.page = page;
    this.name = row.name;
    this.message = makeMessage({ id: `${page.id}-${row.name}-message` });
    this.note = make("span", { className: "dwp-note" });
    this.kind = make("select", { className: "dwp-kind", ariaLabel: `How ${row.name} varies`, "data-name": `kind ${row.name}` },
      ...row.kinds.map((kind) => make("option", { value: kind }, KIND_NAMES[kind])));
    this.kind.addEventListener("change", () => page.ask("kind", { name: row.name, kind: this.kind.value }));
    this.remove = makeButton("×", () => page.removeRow(row.name),
      { className: "dw-quiet", hidden: row.fixed, title: `Leave ${row.name} to the model`, ariaLabel: `Remove ${row.name}` });
    this.place = make("div", { className: "dwp-editor" });
    this.element = make("div", { className: "dwp-row", role: "group", ariaLabel: `Parameter ${row.name}`, "data-row": row.name },
      make("div", { className: "dwp-row-name" }, make("bdi", {}, row.name)),
      this.place, this.kind, this.remove, make("div", { className: "dwp-row-below" }, this.note, this.message));
  }

  get values() {
    return { name: this.name, kind: this.shownKind, parts: this.editor.parts };
  }

  typed() {
    this.page.typed();
  }

  settle() {
    this.page.ask("settle", { name: this.name });
  }

  paint(row) {
    if (this.shownKind !== row.kind) {
      const hadFocus = this.place.contains(document.activeElement);
      this.shownKind = row.kind;
      this.options = undefined;
      this.editor = editorOf(this, row);
      this.place.replaceChildren(this.editor.element, ...(this.options ? [this.options] : []));
      this.element.dataset.kind = row.kind;
      if (hadFocus) this.editor.focus();
    }
    this.kind.value = row.kind;
    this.editor.paint(row);
    this.editor.describe(this.message.id);
    this.note.textContent = row.note;
  }

  /** problem: {row, part, text}, of this row or another. */
  paintProblem({ row, part, text }) {
    const isHere = row === this.name;
    if (isHere) this.editor.mark(part);
    else this.editor.unmark();
    say(this.message, isHere ? text : "");
  }
}
