// A list of values: each is a small field of its own, and an empty one at the end takes the next.

class ChipsEditor {
  /** view: the row. offered: values to pick from. isClosed: whether there are no others. */
  constructor(view, { choices, closed }) {
    this.view = view;
    this.choices = choices;
    this.chips = [];
    const names = `${view.page.id}-${view.name}-choices`;
    this.options = make("datalist", { id: names }, ...choices.map((value) => make("option", { value })));
    this.next = make("input", {
      type: "text", className: "dwp-next", placeholder: choices.length ? "add, or type" : "add a value", spellcheck: false,
      autocomplete: "off", hidden: closed, ariaLabel: `Add a value of ${view.name}`, "data-name": "next", list: names,
      title: "Enter adds it; 2, 5 adds two",
    });
    if (choices.length) this.next.setAttribute("list", names);
    this.pick = make("select", { ariaLabel: `Pick a value of ${view.name}`, hidden: !choices.length });
    this.pick.addEventListener("change", () => this.picked());
    this.listen(this.next);
    this.element = make("div", { className: "dwp-chips", role: "group", ariaLabel: `Values of ${view.name}` },
      this.next, this.pick, this.options);
  }

  get parts() {
    return [...this.chips, { input: this.next }].map(({ input }) => input.value).filter((text, index) => text || index < this.chips.length);
  }

  get inputs() {
    return [...this.chips.map(({ input }) => input), this.next];
  }

  listen(input) {
    input.addEventListener("input", () => { this.fit(input); this.view.typed(); });
    input.addEventListener("change", () => this.view.settle());
    input.addEventListener("keydown", (event) => this.pressed(event, input));
  }

  pressed(event, input) {
    const at = this.inputs.indexOf(input);
    const isEmpty = input.value === "";
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.takeNext();
      this.next.focus();
      this.view.settle();
    } else if (event.key === "Backspace" && isEmpty && at > 0) {
      event.preventDefault();
      this.leave(input, this.inputs[at - 1]);
    } else if (event.key === "Delete" && isEmpty && input !== this.next) {
      event.preventDefault();
      this.leave(input, this.inputs[at + 1]);
    }
  }

  /** From an empty field to the one beside it; an empty chip goes. */
  leave(input, neighbour) {
    neighbour.focus();
    if (input !== this.next) this.view.settle();
  }

  /** What was typed at the end is a value; what is typed now is the next one. */
  takeNext() {
    if (this.next.value) this.addChip(this.next.value);
    this.next.value = "";
  }

  picked() {
    this.addChip(this.pick.value);
    this.pick.value = "";
    this.view.settle();
  }

  addChip(text) {
    const input = make("input", { type: "text", value: text, spellcheck: false, autocomplete: "off", ariaLabel: `A value of ${this.view.name}` });
    const remove = makeButton("×", () => {
      input.value = "";
      this.next.focus();
      this.view.settle();
    }, { className: "dw-quiet", tabIndex: -1, ariaLabel: `Remove ${text || "the empty value"}`, title: "Remove (or empty the field)" });
    const element = make("span", { className: "dwp-chip" }, input, remove);
    const chip = { element, input };
    this.listen(input);
    this.fit(input);
    this.chips.push(chip);
    this.next.before(element);
  }

  fit(input) {
    if (input !== this.next) input.style.width = `${Math.min(60, Math.max(2, [...input.value].length + 1))}ch`;
  }

  paint({ parts }) {
    if (JSON.stringify(parts) !== JSON.stringify(this.parts)) this.rebuild(parts);
    const fresh = this.choices.filter((value) => !parts.includes(value));
    const options = [make("option", { value: "" }, "pick …"), ...fresh.map((value) => make("option", { value }, value))];
    this.pick.replaceChildren(...options);
  }

  rebuild(parts) {
    const focused = this.inputs.indexOf(document.activeElement);
    const wasNext = document.activeElement === this.next;
    for (const { element } of this.chips) element.remove();
    this.chips = [];
    this.next.value = "";
    for (const text of parts) this.addChip(text);
    if (wasNext) this.next.focus();
    else if (focused >= 0) this.inputs[Math.min(focused, this.inputs.length - 1)].focus();
  }

  mark(part) {
    const isWhole = part === null || part === undefined;
    this.inputs.forEach((input, index) => input.setAttribute("aria-invalid", String(isWhole ? input === this.next : index === part)));
  }

  unmark() {
    for (const input of this.inputs) input.setAttribute("aria-invalid", "false");
  }

  describe(id) {
    for (const input of this.inputs) input.setAttribute("aria-describedby", id);
  }

  focus() {
    (this.next.hidden ? this.pick : this.next).focus();
  }
}
