// The controls above the pictures: where axes go, what is kept, how it is sorted and coloured.

const PLACE_NAMES = { columns: "Columns", supercolumns: "Super-columns", rows: "Rows", superrows: "Super-rows", page: "Pages" };
const CHARACTERS = 3; // that the filter's field of a number shows at least

class BarView {
  constructor(viewer) {
    this.viewer = viewer;
    const set = (name) => (value) => viewer.change({ [name]: value });
    this.filter = make("input", {
      type: "search", className: "dwv-filter", placeholder: "words, or steps>5 scheduler:euler", spellcheck: false,
      ariaLabel: "Filter", title: "key /", oninput: () => viewer.changeSoon({ filter: this.filter.value }),
    });
    this.filter.setAttribute("aria-keyshortcuts", "/");
    this.problem = makeMessage({ className: "dwv-problem" });
    this.colour = choice("Colour", "o", set("colour"));
    this.sort = choice("Sort", "s", (value) => viewer.change({ sort: value }));
    this.down = keyedButton("", "d", () => viewer.change({ down: !viewer.state.get("down") }));
    this.size = choice("Size", "z", (value) => viewer.change({ size: value === FIT ? FIT : Number(value) }));
    this.flow = choice("View", "w", set("flow"));
    this.theme = choice("Theme", "t", set("theme"));
    this.places = Object.entries(PLACE_NAMES).map(([place, name], index) =>
      [place, choice(name, String(index + 1), (value) => this.move(place, value))]);
    this.fixed = make("div", { className: "dwv-fixed" });
    this.pages = make("div", { className: "dwv-pages", role: "group", ariaLabel: "Page shown" });
    this.csv = keyedButton("CSV", "e", () => viewer.saveCsv(), { title: "a table of what is shown (key e)" });
    this.help = keyedButton("Keys", "?", () => viewer.toggleHelp(), { ariaExpanded: "false" });
    this.legend = make("div", { className: "dwv-legend", role: "group", ariaLabel: "Colours" });
    this.builder = this.makeBuilder();
    this.reset = keyedButton("Reset", "0", () => viewer.reset());
    this.arrangement = group("Layout", ...this.places.map(([, { element }]) => element), this.fixed);
    this.axes = make("details", { className: "dwv-axes", open: viewer.isWide && !viewer.source.isInPanel },
      make("summary", {}, "Layout, colour and sorting"),
      make("div", { className: "dwv-row-of-controls" },
        group("How it looks", this.flow.element, this.size.element, this.colour.element, this.sort.element, this.down, this.theme.element),
        this.arrangement, this.builder));
    this.element = make("div", { className: "dwv-bar" },
      make("div", { className: "dwv-row-of-controls" }, this.filter, this.csv, this.reset, this.help),
      this.problem, this.axes, this.pages);
  }

  /** A filter put together from lists, for those who do not know its words. */
  makeBuilder() {
    const field = choice("Keep where", "f", () => {});
    const operator = make("select", { ariaLabel: "comparison" }, ...OPERATORS.map((text) => make("option", { value: text }, text === ":" ? "contains" : text)));
    operator.value = ">=";
    const value = make("input", { type: "text", ariaLabel: "value", size: CHARACTERS, onkeydown: (event) => event.key === "Enter" && add() });
    const add = () => {
      if (!value.value) return value.focus();
      const text = `${this.filter.value} ${filterTerm(field.select.value, operator.value, value.value)}`.trim();
      value.value = "";
      return this.viewer.change({ filter: text });
    };
    this.builderField = field;
    return group("Write a filter", field.element, operator, value, makeButton("Add to filter", add));
  }

  /** Put an axis into a place; the one that was there goes where it came from. */
  move(place, axis) {
    const { state } = this.viewer;
    const changes = { [place]: axis };
    for (const other of PLACES) {
      if (axis && other !== place && state.get(other) === axis) changes[other] = state.get(place);
    }
    this.viewer.change(changes);
  }

  paint(colours, shown) {
    const { viewer } = this;
    const { cells, state } = viewer;
    if (document.activeElement !== this.filter || this.filter.value.trim() !== state.get("filter")) this.filter.value = state.get("filter");
    say(this.problem, viewer.filter.problem);
    const fields = [...cells.fields.values()].map(({ name }) => [name, name]);
    this.colour.paint([["", "nothing"], ...fields], state.get("colour"));
    this.sort.paint([["", "as in the sweep"], ...fields], state.get("sort"));
    this.down.hidden = !state.get("sort");
    say(this.down, state.get("down") ? "highest first" : "lowest first");
    this.size.paint(SIZES.map((size) => [size, size === FIT ? "fit the width" : `${size} px`]), state.get("size"));
    this.flow.paint([["table", "rows and columns"], ["wall", "wall"]], state.get("flow"));
    this.theme.paint(THEMES.map((theme) => [theme, theme]), state.get("theme"));
    this.builderField.paint(fields, this.builderField.select.value || fields[0]?.[0]);
    const axes = cells.axes.map(({ name }) => [name, name]);
    for (const [place, control] of this.places) control.paint([["", "–"], ...axes], state.get(place));
    this.arrangement.hidden = state.get("flow") !== "table" || !axes.length;
    this.paintFixed();
    this.paintPages();
    this.paintLegend(colours, shown);
  }

  /** The axes in no place: each cell shows all their pictures, or those of one value. */
  paintFixed() {
    const { state } = this.viewer;
    const items = state.inCell.map(({ name, values }) => ({ name, values, at: state.at(name) ?? "" }));
    renew(this.fixed, items, ({ name, values, at }) => {
      const select = choice(`In a cell: ${name}`, "c", (value) => this.show(name, value));
      select.select.dataset.name = `cell ${name}`;
      select.paint([["", `all ${values.length} (a stack)`], ...values.map((text, code) => [code, text || "none"])], at);
      return select.element;
    });
  }

  /** Show one value of an axis, or all of them (""). */
  show(axis, code) {
    const at = { ...this.viewer.state.get("at"), [axis]: code === "" ? undefined : Number(code) };
    this.viewer.change({ at });
  }

  paintPages() {
    const { state, cells } = this.viewer;
    const axis = cells.fields.get(state.get("page"));
    this.pages.hidden = !axis;
    if (!axis) return;
    const code = state.at(axis.name);
    renew(this.pages, [{ name: axis.name, code, values: axis.values }], () => {
      const turn = (by) => this.viewer.turn(by);
      const list = choice(axis.name, "p", (value) => this.show(axis.name, value));
      list.select.dataset.name = "page";
      list.paint(axis.values.map((text, each) => [each, text || "none"]), code);
      return make("div", { className: "dwv-row-of-controls" },
        keyedButton("‹", "[", () => turn(-1), { ariaLabel: "previous page", "data-name": "page before", title: "key [" }),
        list.element,
        keyedButton("›", "]", () => turn(1), { ariaLabel: "next page", "data-name": "page after", title: "key ]" }),
        make("span", {}, `page ${code + 1} of ${axis.values.length}`));
    });
  }

  paintLegend({ field, legend }) {
    const items = field ? [{ name: field.name, legend }] : [];
    renew(this.legend, items, () => make("div", { className: "dwv-legend-line" },
      make("b", {}, make("bdi", {}, field.name)),
      ...(field.note ? [make("span", {}, `(${field.note})`)] : []),
      ...legend.slice(0, 24).map(([colour, text]) => {
        const swatch = make("i", { ariaHidden: "true" });
        swatch.style.background = colour;
        return make("span", {}, swatch, make("bdi", {}, text || "none"));
      })));
  }
}
