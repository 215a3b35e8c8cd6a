// The pictures of the history in a strip or a grid. Only what is seen is on the page, however many there are.

const ROWS_BEYOND = 1; // rows above and below what is seen that are on the page too
const EDGE = 3; // pixels around all rows, for the focus ring
const THUMBNAIL_SIDES = [128, 256, 384];

class HistoryGallery {
  /** history: the view that this is a part of; it acts on clicks and keys. */
  constructor(history) {
    this.history = history;
    this.page = history.page;
    this.count = 0;
    this.rows = new Map(); // number -> {element, head, tiles: index -> HistoryTile}
    this.runs = [];
    this.thumbnails = new HistoryThumbnails(this.page.requests, () => this.paint());
    this.space = make("div", { className: "dwx-gallery-space" });
    this.element = make("div", { className: "dwx-gallery", role: "grid", ariaLabel: "History", ariaMultiSelectable: "true", tabIndex: -1 }, this.space);
    this.keyboard = new HistoryKeyboard(this);
    this.element.addEventListener("scroll", () => this.paintSoon(), { passive: true });
  }

  get view() {
    return this.page.model.get("view");
  }

  get listing() {
    return this.page.model.get("listing");
  }

  /** The history has changed, or is looked at in another way. */
  renew() {
    const { version, order } = this.listing;
    const isMarked = version !== this.version && order === this.order; // the same pictures in the same places
    this.version = version;
    if (isMarked) this.parts.renew();
    else if (order !== this.order && order !== this.coming) this.exchange(order);
    this.layOut();
  }

  /**
   * Show the pictures of another listing once they are here. Until then those of the one before are
   * seen, and keys act on them. The keyboard stays at its picture, wherever others come or go.
   */
  async exchange(order) {
    this.coming = order;
    this.element.ariaBusy = "true";
    const { version } = this;
    const parts = new HistoryParts(this.page.requests, order, () => this.paint());
    let before;
    let next;
    do {
      before = this.current;
      next = await this.read(parts, before);
      await this.keyboard.released;
      if (!next || this.coming !== order) return; // another one is on its way
    } while (before !== this.current); // the keyboard has walked on meanwhile
    const { runs, count, current } = next;
    Object.assign(this, { parts, order, runs, count, coming: undefined });
    if (this.version !== version) parts.renew();
    this.keyboard.listedAnew(current);
    this.layOut();
    this.element.ariaBusy = "false";
  }

  /**
   * The runs of a listing, and where in it the picture is that the keyboard was at before, once what
   * will be seen is here; undefined if the kernel lists others by now.
   */
  async read(parts, before) {
    const { content } = await this.page.requests.ask("history_runs", { key: this.entry(before)?.key });
    if (content.order !== parts.order) return undefined;
    const { runs, count } = content;
    const current = Math.max(0, Math.min(content.place ?? before, count - 1));
    const seen = this.layout ? this.indicesSeen(this.newLayout({ runs, count })) : [];
    await parts.wait(count ? [current, ...seen] : []);
    return { runs, count, current };
  }

  newLayout({ runs, count }) {
    const { size, layout } = this.view;
    const width = layout === "strip" ? 0 : this.element.clientWidth - 2 * EDGE;
    return new HistoryLayout({ runs, count, size, width });
  }

  layOut() {
    // without pictures it stays as long as it has the focus: the next key may bring them back
    this.element.hidden = !this.count && !this.element.contains(document.activeElement);
    this.width = this.element.clientWidth;
    if (!this.width) return;
    const before = this.layout;
    this.layout = this.newLayout(this);
    if (before && this.layout.isLike(before)) this.paint();
    else this.keepingFocus(() => this.paintAnew());
  }

  paintAnew() {
    const { layout, element } = this;
    const isStrip = this.view.layout === "strip";
    element.classList.toggle("dwx-is-strip", isStrip);
    element.classList.toggle("dwx-by-run", this.runs.length > 0);
    element.style.setProperty("--size", `${layout.size}px`);
    element.ariaRowCount = String(layout.rowStarts.length);
    element.ariaColCount = String(layout.columns);
    Object.assign(this.space.style, { height: `${layout.height}px`, width: isStrip ? `${layout.width}px` : "100%" });
    for (const row of this.rows.values()) row.element.remove();
    this.rows.clear();
    this.paint();
  }

  /** Do what may take elements away: if the focus was in one, it is at the keyboard's picture afterwards. */
  keepingFocus(change) {
    const hadFocus = this.element.contains(document.activeElement);
    change();
    if (hadFocus && !this.tile(this.current)?.element.contains(document.activeElement)) this.focusCurrent();
  }

  paintSoon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.paint();
    });
  }

  /** The pictures of a layout that are seen, as rows with [first, after the last] of each. */
  seen(layout) {
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.element;
    if (this.view.layout === "strip") {
      const first = Math.max(0, Math.floor(scrollLeft / layout.step) - 1);
      return [[0, first, Math.min(layout.count, Math.ceil((scrollLeft + clientWidth) / layout.step) + 1)]];
    }
    const first = Math.max(0, Math.floor(scrollTop / layout.rowHeight) - ROWS_BEYOND);
    const last = Math.min(layout.rowStarts.length - 1, Math.ceil((scrollTop + clientHeight) / layout.rowHeight) + ROWS_BEYOND);
    const rows = [];
    for (let row = first; row <= last; row += 1) rows.push([row, ...layout.inRow(row)]);
    return rows;
  }

  indicesSeen(layout) {
    const indices = [];
    for (const [, first, end] of this.seen(layout)) for (let index = first; index < end; index += 1) indices.push(index);
    return indices;
  }

  paint() {
    if (this.layout) this.keepingFocus(() => this.paintRows());
    this.keyboard.actOnWhatIsHere();
  }

  paintRows() {
    const shown = new Map();
    const add = (index) => {
      const row = this.layout.rowOf(index);
      shown.set(row, (shown.get(row) ?? new Set()).add(index));
    };
    if (this.count) {
      this.indicesSeen(this.layout).forEach(add);
      add(this.current); // it has the focus, or takes it
    }
    for (const [number, row] of this.rows) if (!shown.has(number)) this.drop(number, row);
    for (const [number, indices] of shown) this.paintRow(number, indices);
    this.askForThumbnails(shown);
  }

  drop(number, row) {
    row.element.remove();
    this.rows.delete(number);
  }

  paintRow(number, indices) {
    const { layout } = this;
    if (!this.rows.has(number)) {
      const element = make("div", { className: "dwx-gallery-row", role: "row", ariaRowIndex: String(number + 1) });
      element.style.top = `${number * layout.rowHeight}px`;
      this.rows.set(number, { element, tiles: new Map(), heads: new Map() });
      insertInOrder(this.space, element, number);
    }
    const { element, tiles, heads } = this.rows.get(number);
    for (const [index, tile] of tiles) {
      if (indices.has(index)) continue;
      tile.element.remove();
      tiles.delete(index);
      heads.get(index)?.remove();
      heads.delete(index);
    }
    for (const index of [...indices].sort((one, other) => one - other)) {
      if (!tiles.has(index)) {
        tiles.set(index, new HistoryTile(this, index));
        this.addHead(element, heads, index);
        insertInOrder(element, tiles.get(index).element, index);
      }
      this.paintTile(tiles.get(index));
    }
  }

  /** The head of a run stands above its first picture, and as wide as the run. */
  addHead(element, placed, index) {
    const run = this.layout.runAt(index);
    if (!run) return;
    const [pictures, started, along] = run;
    const room = this.layout.roomOfRun(index) * this.layout.step - TILE_GAP;
    const heads = runHeads(pictures, started, along);
    const words = fittingHead(heads, room);
    const only = makeButton(words, () => this.keyboard.act(index, (entry) => this.history.showRun(entry)), { tabIndex: -1, title: `${heads[0]}: only this run (key r)` });
    const head = make("div", { className: "dwx-run-head", role: "rowheader" }, started ? only : words);
    head.style.left = `${this.layout.columnOf(index) * this.layout.step}px`;
    head.style.width = `${room}px`;
    placed.set(index, head);
    insertInOrder(element, head, index);
  }

  paintTile(tile) {
    const { index } = tile;
    const entry = this.entry(index);
    const { view, layout } = this;
    const column = layout.columnOf(index);
    tile.button.tabIndex = index === this.current ? 0 : -1;
    tile.paint(entry, {
      column, left: column * layout.step, hasLabels: this.runs.length > 0,
      isChosen: Boolean(entry) && entry.key === this.page.state.chosen,
      isSelected: Boolean(entry) && this.history.selected.has(entry.key),
      letter: ["A", "B"][view.pair.indexOf(entry?.key)] ?? "",
      address: entry && this.thumbnails.address(entry.key, this.side),
    });
  }

  /** The smallest thumbnails that are sharp. */
  get side() {
    const pixels = this.layout.size * devicePixelRatio;
    return THUMBNAIL_SIDES.find((side) => side >= pixels) ?? THUMBNAIL_SIDES.at(-1);
  }

  askForThumbnails(shown) {
    const indices = [...shown.values()].flatMap((each) => [...each]);
    const keys = indices.map((index) => this.entry(index)?.key).filter(Boolean);
    this.thumbnails.want([...new Set(keys)], this.side);
  }

  /** The picture at a place; undefined while it is on its way. */
  entry(index) {
    return this.parts?.entry(index);
  }

  /** The picture that the keyboard is at. */
  get current() {
    return this.keyboard.current;
  }

  tile(index) {
    return this.rows.get(this.layout?.rowOf(index))?.tiles.get(index);
  }

  /** Scroll until a picture is seen. */
  scrollTo(index) {
    const { layout, element } = this;
    const [top, left] = [layout.rowOf(index) * layout.rowHeight, layout.columnOf(index) * layout.step];
    if (this.view.layout === "strip") element.scrollLeft = within(element.scrollLeft, left, layout.step, element.clientWidth);
    else element.scrollTop = within(element.scrollTop, top, layout.rowHeight, element.clientHeight);
  }

  get rowsOfPage() {
    return Math.max(1, Math.floor(this.element.clientHeight / this.layout.rowHeight));
  }

  focusCurrent() {
    const element = this.count ? this.tile(this.current)?.button : this.element;
    element?.focus({ preventScroll: true });
  }

  /** The page has another width: rows hold more or fewer pictures. */
  fit() {
    if (this.element.clientWidth !== this.width) this.layOut();
  }

  close() {
    this.thumbnails.close();
  }
}

/** Put an element among others by its place, so that it is read in that order. */
function insertInOrder(parent, element, place) {
  element.place = place;
  parent.insertBefore(element, [...parent.children].find((other) => other.place > place) ?? null);
}

/** The offset at which something of a size from `start` on is seen whole, as near to the present one as possible. */
function within(offset, start, size, room) {
  return Math.min(start, Math.max(offset, start + size - room));
}
