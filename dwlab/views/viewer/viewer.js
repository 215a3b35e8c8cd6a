// The viewer: controls, and below them the grid, one picture or two compared.

let viewers = 0;
const FITTING = [256, 192, 128, 96, 64]; // pixels; the last one is taken even if it is too wide
const SOON = 150; // milliseconds without a key before a filter acts

class Viewer {
  /** source: where data and pictures come from, see file.js and widget.js. element: is filled. */
  constructor(source, element) {
    Object.assign(this, { source, element, view: "grid", held: -1 });
    this.id = `dwv${++viewers}-${Math.random().toString(36).slice(2, 8)}`;
    this.isWide = element.clientWidth >= 900 && innerHeight >= 850; // controls leave room for pictures
    this.cells = new Cells(source.document);
    this.state = new ViewState(this.cells, () => this.stateChanged());
    this.sheets = new Sheets(source, (number) => this.grid.redraw(number));
    this.sheets.adopt(source.document);
    this.title = make("h1", { className: "dwv-title" }, make("bdi", {}, source.document.title));
    this.count = make("p", { className: "dwv-count", role: "status" });
    this.news = make("p", { className: "dwv-news", role: "status" });
    this.spoken = make("p", { className: "dw-spoken", role: "status" });
    this.line = make("p", { className: "dwv-line" });
    this.bar = new BarView(this);
    this.chips = new ChipsView(this);
    this.grid = new GridView(this);
    this.picture = new PictureView(this);
    this.comparison = new CompareView(this);
    this.keys = make("div", { className: "dwv-help", hidden: true }, keyTable());
    this.nothing = make("p", { className: "dwv-nothing", hidden: true }, "No picture is left: change the filter, or switch values on again.");
    this.views = { grid: this.grid.element, picture: this.picture.element, compare: this.comparison.element };
    element.classList.add("dw", "dwlab-viewer");
    this.top = make("div", { className: "dwv-top" }, make("header", {}, this.title, this.count), this.bar.element, this.chips.element,
      this.keys, this.bar.legend);
    element.append(this.top, this.news, this.spoken, this.nothing, ...Object.values(this.views), this.line);
    this.onkey = (event) => pressKey(this, event);
    source.listen(this);
    this.state.fromText(source.stateText());
    this.paint();
  }

  /** Other data of the same sweep: more pictures are there. */
  renew(document) {
    const current = this.cells.document.keys[this.grid.current];
    this.cells = new Cells(document);
    this.grid.current = document.keys.indexOf(current);
    this.sheets.adopt(document);
    this.state.adopt(this.cells);
    say(this.title, document.title);
    this.paint();
  }

  // -- what a person changes --------------------------------------------------------------------------

  change(changes) {
    clearTimeout(this.waiting);
    this.state.set(changes);
  }

  changeSoon(changes) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.change(changes), SOON);
  }

  reset() {
    this.state.fromText("");
    this.stateChanged();
  }

  /** Take the state of a link that was opened in this page. */
  adoptState(text) {
    if (text === this.state.toText()) return;
    this.state.fromText(text);
    this.paint();
  }

  stateChanged() {
    this.source.saveState(this.state.toText());
    this.paint();
  }

  /** Another page. */
  turn(by) {
    const axis = this.cells.fields.get(this.state.get("page"));
    if (!axis) return;
    const count = axis.values.length;
    this.change({ at: { ...this.state.get("at"), [axis.name]: (this.state.at(axis.name) + by + count) % count } });
  }

  // -- painting ---------------------------------------------------------------------------------------

  paint() {
    const { cells, state } = this;
    this.element.dataset.theme = state.get("theme");
    this.filter = readFilter(state.get("filter"), cells);
    this.shown = shownCells(cells, state, this.filter);
    this.colours = colouring(cells, state.get("colour"), this.shown);
    this.held = cells.byKey.get(state.get("held")) ?? -1;
    const kept = state.get("page") ? shownCells(cells, state, this.filter, { onPage: false }).length : this.shown.length;
    const counts = `${this.shown.length.toLocaleString("en")} of ${cells.count.toLocaleString("en")} pictures`;
    say(this.count, kept === this.shown.length ? counts : `${counts} (${kept.toLocaleString("en")} on all pages)`);
    this.bar.paint(this.colours, this.shown);
    this.chips.paint();
    this.chooseView();
    this.nothing.hidden = this.view !== "grid" || this.shown.length > 0;
    const isWall = state.get("flow") === "wall";
    const arrange = isWall
      ? (fitting) => arrangeWall(cells, state, this.shown, fitting)
      : () => arrangeTable(cells, state, this.shown);
    this.grid.show(arrange, this.tiles(isWall), this.colours);
    this.paintView();
  }

  /** The sizes that a picture in the grid may have, the largest first, in the shape that the sweep's pictures have. */
  tiles(isWall) {
    const size = this.state.get("size");
    if (size !== FIT) return [this.tile(size)];
    return isWall ? [this.tile(this.shown.length > 500 ? 96 : 128)] : FITTING.map((each) => this.tile(each));
  }

  tile(size) {
    const shapes = this.shown.slice(0, 500).map((cell) => this.cells.size(cell));
    const ratio = Math.max(0.25, ...shapes.map(([width, height]) => Math.min(4, height / width)));
    return ratio <= 1 ? { width: size, height: Math.round(size * ratio) } : { width: Math.round(size / ratio), height: size };
  }

  chooseView() {
    const cellOf = (name) => this.cells.byKey.get(this.state.get(name)) ?? -1;
    this.opened = cellOf("open");
    this.compared = cellOf("pair");
    this.view = "grid";
    if (this.opened >= 0) this.view = this.compared >= 0 ? "compare" : "picture";
    for (const [name, element] of Object.entries(this.views)) element.hidden = name !== this.view;
    this.top.hidden = this.line.hidden = this.view !== "grid";
  }

  paintView() {
    if (this.view === "picture") this.picture.show(this.opened);
    if (this.view === "compare") this.comparison.show(this.compared, this.opened);
  }

  // -- pictures ---------------------------------------------------------------------------------------

  /** The grid has a new current picture. */
  chosen(cell) {
    say(this.line, this.cells.sentence(cell));
  }

  stackOf = (cell) => this.grid.stackOf(cell);

  open(cell) {
    const before = this.view;
    this.change({ open: this.cells.key(cell) });
    if (before === "grid") this.picture.element.focus();
    this.tell("");
    say(this.spoken, this.cells.sentence(cell)); // it is on the page already, for those who see it
  }

  /** From one picture to the next; with a picture open, that one changes. */
  walk(down, right) {
    if (this.view === "grid") {
      if (this.grid.current < 0) this.grid.step(0, 0);
      else this.grid.step(down, right);
      this.grid.element.focus();
      return;
    }
    this.grid.current = this.opened;
    const cell = this.grid.neighbour(down, right);
    if (cell === undefined) return;
    this.grid.current = cell;
    this.open(cell);
  }

  hold(cell) {
    this.change({ held: this.held === cell ? "" : this.cells.key(cell) });
    this.tell(this.held === cell ? "Held for comparison: open another picture and press c." : "Let go.");
    return true;
  }

  /** Compare the held picture with the open or the current one. */
  compare() {
    const cell = this.view === "grid" ? this.grid.current : this.opened;
    if (this.held < 0 || cell < 0 || cell === this.held) return false;
    this.change({ open: this.cells.key(cell), pair: this.state.get("held") });
    this.tell("");
    this.comparison.element.focus();
    return true;
  }

  swap() {
    this.change({ open: this.state.get("pair"), pair: this.state.get("open"), held: this.state.get("open") });
  }

  /** Back to the grid, to the picture that was open. */
  back() {
    if (this.view === "grid") return false;
    const cell = this.opened;
    this.change({ open: "", pair: "" });
    this.tell("");
    this.grid.choose(cell);
    this.grid.element.focus();
    return true;
  }

  // -- the rest ---------------------------------------------------------------------------------------

  /** Say something to everybody: it is shown and read aloud. */
  tell(text) {
    this.news.textContent = text;
  }

  toggleHelp() {
    this.keys.hidden = !this.keys.hidden;
    this.bar.help.ariaExpanded = String(!this.keys.hidden);
  }

  /** The table of what is shown, in its order. */
  saveCsv() {
    const { rows, columns, at } = this.grid.arrangement;
    const order = rows.flatMap((_row, row) => columns.flatMap((_column, column) => at(row, column)));
    saveAs(`${this.cells.document.title}.csv`, csvText(this.cells, order), "text/csv");
    this.tell(`${order.length.toLocaleString("en")} rows are in ${this.cells.document.title}.csv.`);
  }

  close() {
    clearTimeout(this.waiting);
    this.source.close?.();
    this.grid.close();
    this.sheets.close();
  }
}
