// The table of a sweep: sorted by any column, filtered by the words of the viewer, each picture large on request.

const ROWS = 100; // shown at first, and more each time
const THUMB = 56; // pixels
const METRIC_COLUMNS = 3; // besides the one that tells the quality

class TableView {
  constructor(source, element) {
    Object.assign(this, { source, element, rows: ROWS });
    this.id = `dwt-${Math.random().toString(36).slice(2, 8)}`;
    this.sheets = new Sheets(source, () => this.drawAll());
    this.state = { sort: "", down: false, filter: "", columns: undefined, open: "" };
    this.filter = make("input", {
      type: "search", className: "dwt-filter", ariaLabel: "Filter rows", spellcheck: false, placeholder: "words, or steps>5 scheduler:euler",
      oninput: () => { clearTimeout(this.waiting); this.waiting = setTimeout(() => this.change({ filter: this.filter.value }), 150); },
    });
    this.problem = makeMessage();
    this.count = make("p", { className: "dwp-muted", role: "status" });
    this.chosen = make("div", { className: "dwt-columns" });
    this.head = make("tr", {});
    this.body = make("tbody", {});
    this.more = makeButton("", () => { this.rows += 5 * ROWS; this.paint(); });
    element.append(
      make("div", { className: "dwt-bar" }, this.filter, this.count, make("details", {}, make("summary", {}, "Columns"), this.chosen)),
      this.problem,
      make("div", { className: "dwp-scroll", tabIndex: 0, role: "group", ariaLabel: "Table of pictures" },
        make("table", {}, make("thead", {}, this.head), this.body)),
      this.more);
    this.onkey = () => {};
    source.listen(this);
    this.renew(source.document);
  }

  /** Other data of the same sweep: more pictures are there. */
  renew(document) {
    this.cells = new Cells(document);
    this.sheets.adopt(document);
    this.adoptState(this.source.stateText());
  }

  /** The columns that are shown as long as nobody chose others. */
  usualColumns() {
    const { cells } = this;
    const metrics = [...cells.fields.values()].filter(({ kind }) => kind === "metric").map(({ name }) => name);
    const { metric } = cells.document;
    const others = metrics.filter((name) => name !== metric).slice(0, METRIC_COLUMNS);
    const seconds = ["device_seconds", "seconds"].filter((name) => cells.fields.has(name)).slice(0, 1);
    return [...cells.axes.map(({ name }) => name), ...(cells.fields.has(metric) ? [metric] : []), ...others, ...seconds];
  }

  get columns() {
    const names = this.state.columns ?? this.usualColumns();
    return [...this.cells.fields.values()].filter(({ name }) => names.includes(name));
  }

  change(changes) {
    Object.assign(this.state, changes);
    const words = new URLSearchParams();
    for (const name of ["sort", "filter", "open"]) if (this.state[name]) words.set(name, this.state[name]);
    if (this.state.down) words.set("down", "true");
    for (const name of this.state.columns ?? []) words.append("column", name);
    this.source.saveState(words.toString());
    this.paint();
  }

  /** Take the state that the kernel kept, or that another page has chosen. */
  adoptState(text) {
    const words = new URLSearchParams(text);
    const columns = words.getAll("column");
    const sort = words.get("sort") ?? "";
    this.state = {
      sort: this.cells.fields.has(sort) ? sort : "", down: words.get("down") === "true", filter: words.get("filter") ?? "",
      columns: columns.length ? columns : undefined, open: words.get("open") ?? "",
    };
    this.paint();
  }

  paint() {
    const { cells, state } = this;
    if (document.activeElement !== this.filter) this.filter.value = state.filter;
    const filter = readFilter(state.filter, cells);
    say(this.problem, filter.problem);
    const kept = [];
    for (let cell = 0; cell < cells.count; cell++) if (filter.matches(cell)) kept.push(cell);
    kept.sort(byField(cells, state.sort, state.down));
    say(this.count, `${kept.length.toLocaleString("en")} of ${cells.count.toLocaleString("en")} pictures`);
    this.paintHead();
    this.paintColumns();
    this.shown = kept.slice(0, this.rows);
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.name : undefined;
    this.built = new Map(this.shown.map((cell) => [cells.key(cell), this.row(cell)]));
    arrange(this.body, this.shown.flatMap((cell) => this.withDetail(cell)));
    if (focused) this.body.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
    this.drawAll();
    this.more.hidden = kept.length <= this.rows;
    say(this.more, `Show more (${(kept.length - this.rows).toLocaleString("en")} left)`);
  }

  paintHead() {
    const { state } = this;
    const orderOf = (name) => (state.sort === name ? (state.down ? "descending" : "ascending") : "none");
    const items = this.columns.map((field) => ({ name: field.name, isNumber: this.cells.isNumeric(field), order: orderOf(field.name) }));
    const shown = JSON.stringify(items);
    if (this.shownHead === shown) return;
    this.shownHead = shown;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.name : undefined;
    this.head.replaceChildren(make("th", { scope: "col" }, "picture"), ...items.map((item) => this.heading(item)));
    if (focused) this.head.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  }

  heading({ name, isNumber, order }) {
    const arrow = { ascending: " ▲", descending: " ▼", none: "" }[order];
    const button = makeButton("", () => this.sortBy(name), { className: "dw-quiet", title: `Sort by ${name}`, "data-name": name });
    button.append(make("bdi", {}, name), make("span", { ariaHidden: "true" }, arrow));
    const head = make("th", { scope: "col", className: isNumber ? "dwt-number" : "" }, button);
    head.setAttribute("aria-sort", order);
    return head;
  }

  /** The lowest first, then the highest, then as in the sweep. */
  sortBy(name) {
    const { sort, down } = this.state;
    if (sort !== name) this.change({ sort: name, down: false });
    else if (!down) this.change({ down: true });
    else this.change({ sort: "", down: false });
  }

  paintColumns() {
    const names = this.columns.map(({ name }) => name);
    const items = [...this.cells.fields.keys()].map((name) => ({ name, on: names.includes(name) }));
    renew(this.chosen, items, ({ name, on }) => {
      const tick = make("input", { type: "checkbox", checked: on, "data-name": `column ${name}`, onchange: () => this.choose(name, tick.checked) });
      return make("label", {}, tick, make("bdi", {}, name));
    });
  }

  choose(name, isOn) {
    const names = this.columns.map((field) => field.name).filter((each) => each !== name);
    this.change({ columns: isOn ? [...names, name] : names });
  }

  /** The row of a picture, which is made again only if it says something else. */
  row(cell) {
    const { cells, state } = this;
    const key = cells.key(cell);
    const fields = this.columns.map((field) => ({ text: cells.text(field, cell), isNumber: cells.isNumeric(field) }));
    const item = { key, isOpen: state.open === key, sentence: cells.sentence(cell), problem: cells.problem(cell), fields };
    const shown = JSON.stringify(item);
    const before = this.built?.get(key);
    const row = before?.shown === shown ? before : Object.assign(this.newRow(item), { shown });
    const canvas = row.querySelector(".dwt-thumb");
    if (canvas) canvas.cell = cell;
    return row;
  }

  newRow({ key, isOpen, sentence, problem, fields }) {
    const canvas = make("canvas", { className: "dwt-thumb", width: THUMB, height: THUMB, ariaHidden: "true" });
    const open = makeButton("", () => this.change({ open: isOpen ? "" : key }), {
      className: "dw-quiet dwt-open", ariaExpanded: String(isOpen), "data-name": key, title: isOpen ? "Close" : "Show it large",
      ariaLabel: `${isOpen ? "Close" : "Show"} ${sentence}`,
    });
    open.append(problem ? make("span", { className: "dwt-problem" }, problem) : canvas);
    return make("tr", {}, make("td", {}, open),
      ...fields.map(({ text, isNumber }) => make("td", { className: isNumber ? "dwt-number" : "" }, make("bdi", {}, text))));
  }

  withDetail(cell) {
    const key = this.cells.key(cell);
    const row = this.built.get(key);
    return this.state.open === key ? [row, this.detail(cell)] : [row];
  }

  /** The row below a row that is open; it stays as long as the same picture is open. */
  detail(cell) {
    const key = this.cells.key(cell);
    const columns = this.columns.length + 1;
    if (this.opened?.key !== key || this.opened.cells !== this.cells) this.opened = { key, cells: this.cells, element: this.newDetail(cell) };
    this.opened.element.firstChild.colSpan = columns;
    return this.opened.element;
  }

  /** The picture in full, with its prompt and all that is known of it. */
  newDetail(cell) {
    const { cells } = this;
    const facts = [["prompt", cells.prompt(cell)], ...[...cells.fields.values()].filter(({ name }) => name !== "prompt").map((field) => [field.name, cells.text(field, cell)])];
    const list = make("dl", { className: "dwp-facts" }, ...facts.filter(([, text]) => text).flatMap(([name, text]) =>
      [make("dt", {}, make("bdi", {}, name)), make("dd", {}, make("bdi", {}, text))]));
    const parts = [list];
    if (!cells.problem(cell)) {
      const image = make("img", { className: "dwt-full", alt: cells.sentence(cell), hidden: true });
      const said = make("p", { className: "dwp-muted", role: "status" });
      fillImage(this, image, cell, (text) => { image.hidden = false; say(said, text); });
      parts.unshift(make("div", {}, image, said));
    }
    return make("tr", { className: "dwt-detail" }, make("td", {}, make("div", {}, ...parts)));
  }

  /** Draw the thumbnails, sharp on dense screens. */
  drawAll() {
    const scale = devicePixelRatio || 1;
    for (const canvas of this.body.querySelectorAll(".dwt-thumb")) {
      canvas.width = canvas.height = Math.round(THUMB * scale);
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      this.sheets.draw(context, canvas.cell, 0, 0, THUMB, THUMB);
    }
  }

  close() {
    clearTimeout(this.waiting);
    this.source.close();
    this.sheets.close();
  }
}

/** A table as long as there is something to show, else words. */
class TableOutput {
  constructor(model, el) {
    Object.assign(this, { model, el });
    el.classList.add("dw", "dwt-output");
    this.message = make("p", { className: "dwp-muted", role: "status" });
    this.place = make("div", {});
    el.append(this.message, this.place);
    this.paint = () => this.show();
    for (const trait of ["document", "message"]) model.on(`change:${trait}`, this.paint);
    this.paint();
  }

  show() {
    const document = this.model.get("document");
    say(this.message, this.model.get("message"));
    this.message.hidden = !this.model.get("message");
    const isOther = this.view && document.title !== this.view.source.document.title;
    if (this.view && (isOther || !document.keys)) this.end();
    if (!document.keys) return;
    if (!this.view) this.view = new TableView(new WidgetSource(this.model), this.place.appendChild(make("div", {})));
    else if (this.view.source.document !== document) {
      this.view.source.document = document;
      this.view.renew(document);
    }
  }

  end() {
    this.view?.close();
    this.view = undefined;
    this.place.replaceChildren();
  }

  close() {
    this.end();
    for (const trait of ["document", "message"]) this.model.off(`change:${trait}`, this.paint);
  }
}

export default {
  render({ model, el }) {
    const output = new TableOutput(model, el);
    return () => output.close();
  },
};
