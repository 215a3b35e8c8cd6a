// What a person has chosen in the viewer. It is short text, which a link or a notebook keeps.

const PLACES = ["columns", "supercolumns", "rows", "superrows", "page"];
const FIT = "fit"; // as large as the width allows
const SIZES = [FIT, 32, 48, 64, 96, 128, 192, 256];
const THEMES = ["auto", "light", "dark"];

/** A value by its name, which may be any word: "constructor" is one of every object, but not its own. */
function own(values, name) {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

class ViewState {
  constructor(cells, onchange) {
    this.onchange = onchange;
    this.adopt(cells);
    this.values = { ...this.defaults };
  }

  /** Take in the cells as they are now; choices that they no longer allow go. */
  adopt(cells) {
    const { defaults: before, cells: old } = this;
    this.cells = cells;
    const layout = Object.fromEntries(PLACES.map((place) => [place, cells.document.layout[place] ?? ""]));
    const flow = cells.axes.length ? "table" : "wall";
    this.defaults = {
      ...layout, flow, at: {}, off: {}, filter: "", colour: cells.document.metric, sort: "", down: true,
      size: FIT, open: "", held: "", pair: "", mode: MODES[0], theme: THEMES[0],
    };
    if (this.values) this.values = this.allowed({ ...this.followed(before), ...this.moved(old) });
  }

  /** What is chosen of axes: values that came while a sweep ran have moved the positions of the others. */
  moved(old) {
    const code = (axis, before) => this.cells.fields.get(axis)?.values?.indexOf(old.fields.get(axis).values[before]);
    const { off, at } = this.values;
    return {
      off: Object.fromEntries(Object.entries(off).map(([axis, codes]) => [axis, codes.map((each) => code(axis, each))])),
      at: Object.fromEntries(Object.entries(at).map(([axis, each]) => [axis, code(axis, each)])),
    };
  }

  /** The values, with those that nobody has changed as they are at first now. */
  followed(before) {
    const isAsBefore = (name) => this.values[name] === before[name];
    const places = PLACES.every(isAsBefore) ? PLACES : [];
    const others = ["flow", "colour"].filter(isAsBefore);
    const fresh = [...places, ...others].map((name) => [name, this.defaults[name]]);
    return { ...this.values, ...Object.fromEntries(fresh) };
  }

  get(name) {
    return this.values[name];
  }

  set(changes) {
    this.values = this.allowed({ ...this.values, ...changes });
    this.onchange(this.values);
  }

  /** The codes of an axis that are switched off. */
  off(axis) {
    return own(this.values.off, axis) ?? [];
  }

  /** The axis whose values are pages comes with a value; so does one of which a single value is shown. */
  at(axis) {
    return own(this.values.at, axis);
  }

  /** The axes that no place of the table shows. */
  get inCell() {
    const placed = new Set(PLACES.map((place) => this.values[place]));
    return this.cells.axes.filter(({ name }) => !placed.has(name));
  }

  /** The values with everything that these cells do not allow replaced by the default. */
  allowed(values) {
    const { cells, defaults } = this;
    const kept = { ...defaults, ...values };
    const taken = new Set([""]);
    for (const place of PLACES) {
      const name = kept[place];
      if (taken.has(name) || cells.fields.get(name)?.kind !== "axis") kept[place] = "";
      taken.add(kept[place]);
    }
    for (const name of ["colour", "sort"]) if (kept[name] && !cells.fields.has(kept[name])) kept[name] = "";
    const oneOf = (name, list) => { if (!list.includes(kept[name])) kept[name] = defaults[name]; };
    oneOf("size", SIZES);
    oneOf("mode", MODES);
    oneOf("theme", THEMES);
    oneOf("flow", ["table", "wall"]);
    const isCode = (axis, code) => Number.isInteger(code) && code >= 0 && code < axis.values.length;
    const codes = (axis) => (own(kept.off, axis.name) ?? []).filter((code) => isCode(axis, code));
    kept.off = Object.fromEntries(cells.axes.map((axis) => [axis.name, codes(axis)]).filter(([, list]) => list.length));
    kept.at = Object.fromEntries(cells.axes.map((axis) => [axis.name, own(kept.at, axis.name)])
      .filter(([name, code]) => isCode(cells.fields.get(name), code)));
    const page = cells.fields.get(kept.page);
    if (page && own(kept.at, page.name) === undefined) kept.at = { ...kept.at, [page.name]: 0 };
    return kept;
  }

  /** The state as the text of a link; what is as at first is left out. */
  toText() {
    const words = new URLSearchParams();
    const { values, defaults } = this;
    for (const name of Object.keys(defaults)) {
      if (name !== "at" && name !== "off" && values[name] !== defaults[name]) words.set(name, String(values[name]));
    }
    const mark = (axis, code) => valueMark(this.cells.fields.get(axis).values[code]);
    for (const [axis, codes] of Object.entries(values.off)) {
      words.append("off", `${codes.map((code) => mark(axis, code)).join(",")} ${axis}`);
    }
    for (const [axis, code] of Object.entries(values.at)) {
      if (axis !== values.page || code) words.append("at", `${mark(axis, code)} ${axis}`);
    }
    return words.toString();
  }

  /** Take a state from the text of a link; anybody may have written it. */
  fromText(text) {
    const words = new URLSearchParams(text);
    const values = { ...this.defaults, at: {}, off: {} };
    for (const name of Object.keys(this.defaults)) {
      if (name !== "at" && name !== "off" && words.has(name)) values[name] = words.get(name);
    }
    if (values.size !== FIT) values.size = Number(values.size);
    values.down = String(values.down) === "true";
    const parted = (word) => [word.slice(word.indexOf(" ") + 1), word.slice(0, word.indexOf(" "))];
    const chosen = (name) => words.getAll(name).map(parted).map(([axis, marks]) => [axis, this.codesOf(axis, marks.split(","))]);
    values.off = Object.fromEntries(chosen("off"));
    values.at = Object.fromEntries(chosen("at").map(([axis, [code]]) => [axis, code]));
    this.values = this.allowed(values);
  }

  /** The positions of the values of an axis that a link names; those of unknown ones are undefined. */
  codesOf(axis, marks) {
    const values = this.cells.fields.get(axis)?.values ?? [];
    const codes = new Map(values.map((text, code) => [valueMark(text), code]));
    return marks.map((mark) => codes.get(mark));
  }
}

/** A value in a link: a short hash (FNV-1a), because prompts are long and positions change as a sweep grows. */
function valueMark(text) {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return hash.toString(36);
}
