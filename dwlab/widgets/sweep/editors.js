// The other editors of a row: one value, a range, one text per line, and YAML for everything else.

const KIND_NAMES = {
  value: "one value", list: "list", range: "range", linspace: "evenly spaced", random: "random", lines: "one per line", yaml: "YAML",
};
const PART_NAMES = {
  range: ["from", "up to, without", "step"],
  linspace: ["from", "to", "how many"],
  random: ["how many seeds"],
};

/** Fields with a label each, or one with none. */
class FieldsEditor {
  constructor(view, fields) {
    this.view = view;
    this.fields = fields;
    for (const { input } of fields) {
      input.addEventListener("input", () => view.typed());
      input.addEventListener("change", () => view.settle());
    }
    this.element = make("div", { className: "dwp-fields" }, ...fields.map(({ label, input }) =>
      (label ? make("label", {}, make("span", {}, label), input) : input)));
  }

  get parts() {
    return this.fields.map(({ input }) => input.value);
  }

  paint({ parts }) {
    this.fields.forEach(({ input }, index) => {
      const text = parts[index] ?? "";
      if (input.tagName === "SELECT" && ![...input.options].some(({ value }) => value === text)) input.append(make("option", { value: text }, text));
      if (input.value !== text) input.value = text;
      if (input.tagName === "TEXTAREA") grow(input);
    });
  }

  mark() {
    for (const { input } of this.fields) input.setAttribute("aria-invalid", "true");
  }

  unmark() {
    for (const { input } of this.fields) input.setAttribute("aria-invalid", "false");
  }

  describe(id) {
    for (const { input } of this.fields) input.setAttribute("aria-describedby", id);
  }

  focus() {
    this.fields[0].input.focus();
  }
}

/** An area that grows with its text. */
function area(name, properties) {
  const input = make("textarea", { rows: 1, spellcheck: false, ariaLabel: name, ...properties });
  input.addEventListener("input", () => grow(input));
  return [{ input }];
}

/** One value: words, a choice, or anything on a line. */
function valueFields(view, { name, choices, closed }) {
  if (name === "prompt" || name === "negative_prompt") return area(name, {});
  if (closed || name === "scheduler") {
    const options = ["", ...choices].map((value) => make("option", { value }, value || "the model's own"));
    return [{ input: make("select", { ariaLabel: name }, ...options) }];
  }
  const input = make("input", { type: "text", ariaLabel: name, placeholder: "the model's own", spellcheck: false, autocomplete: "off" });
  if (!choices.length) return [{ input }];
  const id = `${view.page.id}-${name}-values`;
  input.setAttribute("list", id);
  view.options = make("datalist", { id }, ...choices.map((value) => make("option", { value })));
  return [{ input }];
}

/** The editor of a row. */
function editorOf(view, row) {
  const { kind, name } = row;
  if (kind === "list") return new ChipsEditor(view, row);
  if (kind === "lines") return new FieldsEditor(view, area(name, { rows: 2, placeholder: 'one text per line; "" is the empty text' }));
  if (kind === "yaml") return new FieldsEditor(view, area(name, { placeholder: "[a, b] or {range: [0, 8]}" }));
  if (kind === "value") return new FieldsEditor(view, valueFields(view, row));
  const fields = PART_NAMES[kind].map((label) => (
    { label, input: make("input", { type: "text", inputMode: "decimal", ariaLabel: `${name}, ${label}`, autocomplete: "off" }) }));
  return new FieldsEditor(view, fields);
}
