// What changed between two pictures: a table of values, and of texts the words.

class ChangesView {
  constructor() {
    this.table = make("table", { className: "dwc-changes" });
    this.nothing = make("p", { className: "dwc-nothing" }, "Both have the same recipe.");
    this.element = make("div", { className: "dwc-what-changed", role: "region", ariaLabel: "What changed", tabIndex: 0 }, this.table, this.nothing);
  }

  /** changes: {name, before, after, isText}; a value may be an element. */
  show(changes) {
    this.nothing.hidden = changes.length > 0;
    this.table.hidden = !changes.length;
    const heads = ["what changed", "A", "B"].map((text) => make("th", { scope: "col" }, text));
    const texts = changes.filter(({ isText }) => isText); // prompts first: they are what people look for
    const rows = [...texts, ...changes.filter(({ isText }) => !isText)].map((change) => this.row(change));
    this.table.replaceChildren(make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  }

  row({ name, before, after, isText }) {
    const head = make("th", { scope: "row" }, make("bdi", {}, name));
    const words = isText && before && after ? wordChanges(before, after) : null;
    if (words) return make("tr", { className: "dwc-words" }, head, make("td", { colSpan: 2 }, make("bdi", {}, ...words.flatMap(wordPart))));
    return make("tr", {}, head, ...[before, after].map((value) => make("td", {}, make("bdi", {}, value || "–"))));
  }
}

/** A part of a text; what went is struck out, what came is underlined: colour alone would not tell everybody. */
function wordPart([kind, text], index, parts) {
  if (kind === "same") return [text];
  const part = make(kind === "gone" ? "del" : "ins", { title: kind === "gone" ? "in A only" : "in B only" }, text);
  // a word and the one in its place would be read as one
  return index && parts[index - 1][0] !== "same" ? [" ", part] : [part];
}
