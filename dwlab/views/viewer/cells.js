// The cells of a sweep and what is known of each: fields by name, and texts for people.

class Cells {
  /** document: as `dwlab.views.viewer.document.document` makes it. */
  constructor(document) {
    this.document = document;
    this.count = document.count;
    this.fields = new Map(document.fields.map((field) => [field.name, field]));
    this.axes = document.fields.filter((field) => field.kind === "axis");
    const starts = new Set(document.keys.map((key) => key.slice(0, KEY_DIGITS)));
    this.keyDigits = starts.size === document.keys.length ? KEY_DIGITS : undefined; // undefined: all of them
    this.byKey = new Map(document.keys.map((_key, cell) => [this.key(cell), cell]));
  }

  /** A cell's number in a field; null if it has none. */
  number(field, cell) {
    if (field.numbers) return field.numbers[cell];
    return field.codes[cell] < 0 ? null : field.amounts?.[field.codes[cell]] ?? null;
  }

  /** A cell's value in a field as text; empty if it has none. */
  text(field, cell) {
    if (!field.numbers) return field.values[field.codes[cell]] ?? "";
    if (field.numbers[cell] === null) return "";
    return field.unit ? `${short(field.numbers[cell])} ${field.unit}` : short(field.numbers[cell]);
  }

  /** What orders cells by a field: numbers, else the position among the values; null comes last. */
  order(field, cell) {
    if (field.numbers || field.amounts) return this.number(field, cell);
    return field.codes[cell] < 0 ? null : field.codes[cell];
  }

  isNumeric(field) {
    return Boolean(field.numbers || field.amounts);
  }

  prompt(cell) {
    return this.text(this.document.prompts, cell);
  }

  /** Why a cell has no picture; empty if it has one. */
  problem(cell) {
    const state = this.text(this.document.states, cell);
    const error = this.text(this.document.errors, cell);
    return state && error ? `${state}: ${error}` : state;
  }

  key(cell) {
    return (this.document.keys[cell] ?? "").slice(0, this.keyDigits);
  }

  size(cell) {
    const [width, height] = ["width", "height"].map((name) => this.fields.get(name));
    return width && height ? [this.number(width, cell) || 1, this.number(height, cell) || 1] : [1, 1];
  }

  /** What sets a cell apart, in a sentence, for a line and for those who hear it. */
  sentence(cell) {
    const parts = this.axes.filter(({ name }) => name !== "prompt").map((axis) => `${isolated(axis.name)} ${isolated(this.text(axis, cell))}`);
    const metric = this.fields.get(this.document.metric);
    if (metric && this.text(metric, cell)) parts.push(`${metric.name} ${this.text(metric, cell)}`);
    return [isolated(this.prompt(cell)) || "(no prompt)", ...parts, this.problem(cell)].filter(Boolean).join(" · ");
  }
}

const KEY_DIGITS = 12; // enough to name a cell in a link

/** A number with as many digits as a reader needs. */
function short(number) {
  if (Number.isInteger(number)) return String(number);
  return Math.abs(number) < 10 ? String(Number(number.toFixed(3))) : String(Number(number.toPrecision(5)));
}
