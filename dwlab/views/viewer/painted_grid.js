// The grid of pictures, painted. Only what a window shows is on the page: rows and cells are used again as it scrolls.

const OVERSCAN = 300; // pixels beyond the window that are drawn too
const STEP = 4; // columns that come and go together

class PaintedGrid {
  constructor(viewer) {
    this.viewer = viewer;
    this.ruler = new LabelRuler();
    this.head = make("div", { className: "dwv-head", role: "row", ariaRowIndex: "1" });
    this.body = make("div", { className: "dwv-body", role: "rowgroup" });
    this.content = make("div", { className: "dwv-content", role: "presentation" }, this.head, this.body);
    this.element = make("div", {
      className: "dwv-grid", role: "grid", tabIndex: 0, ariaLabel: "Pictures", onscroll: () => this.schedule(),
      onclick: (event) => this.clicked(event), onfocus: () => this.focused(), onkeydown: (event) => this.pressed(event),
    }, this.content, this.ruler.element);
    this.rows = new Map(); // row -> {element, cells: column -> element}
    this.spareRows = [];
    this.current = -1;
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.element);
  }

  /** Show an arrangement. pictures: the sizes that one may have, the largest first. colours: of `colouring`. */
  show(arrange, pictures, colours) {
    Object.assign(this, { arrange, pictures, colours });
    this.width = this.element.clientWidth;
    const room = Math.max(200, this.width);
    this.arrangement = arrange(Math.floor((room - GAP) / (pictures[0].width + GAP)));
    this.measureFitting(room);
    this.places = undefined;
    this.clear();
    this.paintFrame();
    this.paint();
  }

  /** Measure it with the largest pictures of which a row fits into the window, and so do all columns. */
  measureFitting(room) {
    const captions = captionsOf(this.viewer.cells, this.colours.field);
    const highest = Math.max(this.pictures.at(-1).height, this.element.clientHeight / 2);
    for (const picture of this.pictures) {
      this.tile = tileFor(picture, this.arrangement.deepest);
      const isLast = picture === this.pictures.at(-1);
      const isLarge = this.tile.height > highest || this.tile.width * this.arrangement.columns.length > room;
      if (isLarge && !isLast) continue;
      this.measures = measured(this.arrangement, this.ruler, this.tile, captions, room);
      if (this.measures.lefts.at(-1) + this.measures.labelWidth + GAP <= room) return;
    }
  }

  resized() {
    if (!this.arrange || this.element.clientWidth === 0 || this.element.clientWidth === this.width) return;
    this.show(this.arrange, this.pictures, this.colours);
  }

  clear() {
    for (const row of this.rows.values()) row.element.remove();
    this.rows.clear();
    this.spareRows = [];
  }

  /** The parts that do not change while it scrolls: the size of all, and the columns' labels. */
  paintFrame() {
    const { measures, arrangement } = this;
    const hasHead = Boolean(measures.columnHeight || measures.groupHeight);
    this.headHeight = hasHead ? Math.max(measures.cornerHeight, measures.columnHeight + measures.groupHeight) + 6 : 0;
    const total = measures.lefts.at(-1) + measures.labelWidth + GAP;
    this.content.style.width = `${total}px`;
    this.content.style.height = `${this.headHeight + measures.tops.at(-1)}px`;
    this.content.style.setProperty("--label", `${measures.labelWidth}px`);
    this.head.style.height = `${this.headHeight}px`;
    this.head.hidden = !hasHead;
    // labels that would fill the window scroll away with it
    this.head.classList.toggle("dwv-loose", this.headHeight > 0.4 * this.element.clientHeight);
    this.element.ariaRowCount = String(arrangement.rows.length + 1);
    this.element.ariaColCount = String(arrangement.columns.length + 1);
    this.paintedColumns = undefined;
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = undefined;
      this.paint();
    });
  }

  /** Bring what the window shows onto the page. */
  paint() {
    if (!this.arrangement) return;
    const { measures, element } = this;
    const top = element.scrollTop - this.headHeight;
    const [firstRow, endRow] = tracksBetween(measures.tops, top - OVERSCAN, top + element.clientHeight + OVERSCAN);
    const left = element.scrollLeft;
    const [firstColumn, endColumn] = tracksBetween(measures.lefts, left - OVERSCAN, left + element.clientWidth + OVERSCAN);
    const columns = [firstColumn - (firstColumn % STEP), Math.min(measures.lefts.length - 1, Math.ceil(endColumn / STEP) * STEP)];
    for (const [row, shown] of this.rows) {
      if (row >= firstRow && row < endRow) continue;
      this.rows.delete(row);
      this.spareRows.push(shown);
    }
    for (let row = firstRow; row < endRow; row++) this.paintRow(row, columns);
    for (const spare of this.spareRows) spare.element.hidden = true;
    this.paintHead(columns);
  }

  paintHead([first, end]) {
    if (this.head.hidden || String([first, end]) === this.paintedColumns) return;
    this.paintedColumns = String([first, end]);
    const { measures, arrangement } = this;
    const box = (className, text, from, to, top, height) => {
      const label = make("div", { className, role: "columnheader", ariaColIndex: String(from + 2) }, make("bdi", {}, text));
      Object.assign(label.style, {
        left: `${measures.labelWidth + GAP + measures.lefts[from]}px`, top: `${top}px`,
        width: `${measures.lefts[to] - measures.lefts[from] - GAP}px`, height: `${height}px`,
      });
      return label;
    };
    const groups = measures.columnGroups.filter((group) => group.end > first && group.first < end)
      .map((group) => box("dwv-column-group", group.text, group.first, group.end, 0, measures.groupHeight));
    const labels = arrangement.columns.slice(first, end).map(({ label }, index) =>
      box("dwv-column-label", label, first + index, first + index + 1, measures.groupHeight, measures.columnHeight));
    const corner = make("div", { className: "dwv-corner", role: "columnheader", ariaColIndex: "1" }, make("bdi", {}, measures.corner));
    this.head.replaceChildren(corner, ...groups, ...labels);
  }

  paintRow(row, columns) {
    let shown = this.rows.get(row);
    if (!shown) {
      shown = this.spareRows.pop() ?? this.newRow();
      this.rows.set(row, shown);
      this.placeRow(shown, row);
      shown.columns = "";
    }
    if (shown.columns === String(columns)) return;
    shown.columns = String(columns);
    const [first, end] = columns;
    const spare = [];
    for (const [column, cell] of shown.cells) {
      if (column >= first && column < end && cell.row === row) continue;
      shown.cells.delete(column);
      spare.push(cell);
    }
    for (let column = first; column < end; column++) {
      if (shown.cells.has(column)) continue;
      const cell = spare.pop() ?? this.newCell(shown.element);
      shown.cells.set(column, cell);
      this.fill(cell, row, column);
    }
    for (const cell of spare) cell.element.remove();
    Object.assign(shown, { first, end });
    this.drawRow(shown);
  }

  /** Draw the pictures of a row: on one canvas, because the browser is slow with many. */
  drawRow({ canvas, cells, first, end }) {
    const { lefts, labelWidth, columnWidth } = this.measures;
    const { tile } = this;
    const scale = devicePixelRatio || 1;
    const width = lefts[end] - lefts[first];
    const size = [Math.max(1, Math.round(width * scale)), Math.round(tile.height * scale)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    Object.assign(canvas.style, { left: `${labelWidth + GAP + lefts[first]}px`, width: `${width}px`, height: `${tile.height}px` });
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, tile.height);
    const inset = (columnWidth - GAP - tile.width) / 2;
    for (const [column, { stack }] of cells) this.drawStack(context, stack, lefts[column] - lefts[first] + inset);
  }

  newRow() {
    const group = make("div", { className: "dwv-row-group", role: "rowheader" });
    const label = make("div", { className: "dwv-row-label", role: "rowheader", ariaColIndex: "1" });
    const canvas = make("canvas", { className: "dwv-pictures", ariaHidden: "true" });
    const element = make("div", { className: "dwv-row", role: "row" }, group, label, canvas);
    this.body.append(element);
    return { element, group, label, canvas, cells: new Map() };
  }

  placeRow({ element, group, label }, row) {
    const { tops, groups } = this.measures;
    const top = groups.get(row);
    this.content.style.setProperty("--room", `${this.element.clientWidth - 12}px`);
    element.hidden = false;
    element.ariaRowIndex = String(row + 2);
    Object.assign(element.style, { top: `${this.headHeight + tops[row]}px`, height: `${tops[row + 1] - tops[row]}px` });
    group.hidden = !top;
    group.style.height = `${top?.height ?? 0}px`;
    group.replaceChildren(make("bdi", {}, top?.text ?? ""));
    label.hidden = !this.measures.labelWidth;
    label.replaceChildren(make("bdi", {}, this.arrangement.rows[row].label));
    element.style.setProperty("--above", `${top?.height ?? 0}px`);
  }

  newCell(row) {
    const box = make("div", { className: "dwv-box" });
    const strip = make("div", { className: "dwv-strip" });
    const caption = make("div", { className: "dwv-caption", ariaHidden: "true" });
    const element = make("div", { className: "dwv-cell", role: "gridcell" }, box, strip, caption);
    row.append(element);
    return { element, box, strip, caption };
  }

  fill(cell, row, column) {
    const { measures, tile, arrangement, viewer } = this;
    Object.assign(cell, { row, column, stack: arrangement.at(row, column) });
    const { element, box, stack } = cell;
    element.cell = cell;
    element.id = `${viewer.id}-${row}-${column}`;
    element.ariaColIndex = String(column + 2);
    element.ariaLabel = this.spoken(stack);
    element.style.left = `${measures.labelWidth + GAP + measures.lefts[column]}px`;
    element.style.width = `${measures.columnWidth - GAP}px`;
    element.classList.toggle("dwv-empty", !stack.length);
    box.style.width = `${tile.width}px`;
    box.style.height = `${tile.height}px`;
    this.colour(cell);
    this.mark(cell);
  }

  spoken(stack) {
    const { cells } = this.viewer;
    if (!stack.length) return "no picture";
    const more = stack.length > 1 ? `${stack.length} pictures, the first: ` : "";
    return more + cells.sentence(stack[0]);
  }

  /** Draw a cell's pictures: one, or a stack side by side. left: where they begin. */
  drawStack(context, stack, left) {
    const { cells, sheets } = this.viewer;
    const { across, down } = this.tile;
    const [width, height] = [this.tile.width / across, this.tile.height / down];
    const inset = across > 1 ? 1 : 0;
    stack.forEach((cell, index) => {
      const [x, y] = [left + (index % across) * width, Math.floor(index / across) * height];
      if (cells.problem(cell)) drawProblem(context, x, y, width, height);
      else sheets.draw(context, cell, x + inset, y + inset, width - 2 * inset, height - 2 * inset);
    });
  }

  colour({ strip, caption, stack }) {
    const { colours, viewer } = this;
    const isShown = Boolean(colours.field && stack.length);
    strip.hidden = !isShown;
    caption.hidden = !isShown || !this.measures.hasCaption;
    if (!isShown) return;
    const parts = stack.map((cell, index) => {
      const colour = colours.of(cell) || "transparent";
      return `${colour} ${(100 * index) / stack.length}% ${(100 * (index + 1)) / stack.length}%`;
    });
    strip.style.background = `linear-gradient(90deg, ${parts.join(",")})`;
    caption.textContent = captionOf(viewer.cells, colours.field, stack);
  }

  mark({ element, stack }) {
    const isCurrent = stack.includes(this.current);
    element.classList.toggle("dwv-current", isCurrent);
    element.ariaSelected = String(isCurrent);
    element.classList.toggle("dwv-held", stack.includes(this.viewer.held));
  }

  *shownCells() {
    for (const { cells } of this.rows.values()) yield* cells.values();
  }

  /** A sheet of thumbnails has arrived. */
  redraw(number) {
    const { each } = this.viewer.sheets.layout;
    const isOn = ({ stack }) => stack.some((cell) => Math.floor(cell / each) === number);
    for (const row of this.rows.values()) if ([...row.cells.values()].some(isOn)) this.drawRow(row);
  }

  remark() {
    for (const cell of this.shownCells()) this.mark(cell);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.watch.disconnect();
  }
}
