// The pictures of the history in a strip or a grid. Only what is seen is on the page, however many there are.

const ROWS_BEYOND = 1; // rows above and below what is seen that are on the page too
const EDGE = 3; // pixels around all rows, for the focus ring
const THUMBNAIL_SIDES = [128, 256, 384];
const HEAD_CHARACTER = 6.7; // pixels of a character of a run's head, about
const WALKS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];

class HistoryGallery {
  /** history: the view that this is a part of; it acts on clicks and keys. */
  constructor(history) {
    this.history = history;
    this.page = history.page;
    this.current = 0; // the picture that the keyboard is at
    this.rows = new Map(); // number -> {element, head, tiles: index -> HistoryTile}
    this.runs = [];
    this.parts = new HistoryParts(this.page.requests, () => this.paint());
    this.space = make("div", { className: "dwx-gallery-space" });
    this.element = make("div", { className: "dwx-gallery", role: "grid", ariaLabel: "History", ariaMultiSelectable: "true" }, this.space);
    this.element.addEventListener("scroll", () => this.paintSoon(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.element.addEventListener("focusin", (event) => this.focused(event));
  }

  get view() {
    return this.page.model.get("view");
  }

  get listing() {
    return this.page.model.get("listing");
  }

  /** The history has changed, or is looked at in another way. */
  async renew() {
    const { version, order, count = 0 } = this.listing;
    if (version === this.version) {
      this.layOut();
      return;
    }
    const { current } = this;
    const key = this.layout && this.entry(current)?.key;
    this.version = version;
    this.parts.renew(version);
    if (order === this.order) {
      this.layOut(); // the same pictures in the same places, with other marks
      return;
    }
    this.order = order;
    const { content } = await this.page.requests.ask("history_runs", { key });
    if (content.order !== this.listing.order) return; // another answer is on its way
    this.runs = content.runs;
    // the keyboard stays at its picture when others come before it
    if (count !== this.count && this.current === current) this.current = content.place ?? current;
    this.count = count;
    this.layOut();
  }

  layOut() {
    const { size, layout } = this.view;
    const isStrip = layout === "strip";
    const width = this.element.clientWidth;
    if (!width) return;
    const before = this.layout;
    this.width = width;
    this.layout = new HistoryLayout({ runs: this.runs, count: this.count ?? 0, size, width: isStrip ? 0 : width - 2 * EDGE });
    if (before && this.layout.isLike(before)) {
      this.paint();
      return;
    }
    this.element.classList.toggle("dwx-is-strip", isStrip);
    this.element.classList.toggle("dwx-by-run", this.runs.length > 0);
    this.element.style.setProperty("--size", `${this.layout.size}px`);
    this.element.ariaRowCount = String(this.layout.rowStarts.length);
    this.element.ariaColCount = String(this.layout.columns);
    Object.assign(this.space.style, { height: `${this.layout.height}px`, width: isStrip ? `${this.layout.width}px` : "100%" });
    this.current = Math.max(0, Math.min(this.current, (this.count ?? 0) - 1));
    const hadFocus = this.space.contains(document.activeElement);
    for (const row of this.rows.values()) row.element.remove();
    this.rows.clear();
    this.paint();
    if (hadFocus && this.count) this.focusCurrent();
  }

  paintSoon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.paint();
    });
  }

  /** The pictures that are seen, as rows with [first, after the last] of each. */
  get seen() {
    const { layout, element } = this;
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = element;
    if (this.view.layout === "strip") {
      const first = Math.max(0, Math.floor(scrollLeft / layout.step) - 1);
      return [[0, first, Math.min(this.count, Math.ceil((scrollLeft + clientWidth) / layout.step) + 1)]];
    }
    const first = Math.max(0, Math.floor(scrollTop / layout.rowHeight) - ROWS_BEYOND);
    const last = Math.min(layout.rowStarts.length - 1, Math.ceil((scrollTop + clientHeight) / layout.rowHeight) + ROWS_BEYOND);
    const rows = [];
    for (let row = first; row <= last; row += 1) rows.push([row, ...layout.inRow(row)]);
    return rows;
  }

  paint() {
    if (!this.layout) return;
    const shown = new Map();
    const add = (row, index) => shown.set(row, (shown.get(row) ?? new Set()).add(index));
    if (this.count) {
      for (const [row, first, end] of this.seen) for (let index = first; index < end; index += 1) add(row, index);
      add(this.layout.rowOf(this.current), this.current); // it has the focus, or takes it
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
    const words = heads.find((each) => each.length * HEAD_CHARACTER <= room) ?? heads.at(-1);
    const only = makeButton(words, () => this.history.showRun(this.entry(index)), { tabIndex: -1, title: `${heads[0]}: only this run (key r)` });
    const head = make("div", { className: "dwx-run-head", role: "rowheader" }, started ? only : words);
    head.style.left = `${this.layout.columnOf(index) * this.layout.step}px`;
    head.style.width = `${room}px`;
    placed.set(index, head);
    insertInOrder(element, head, index);
  }

  paintTile(tile) {
    const { index } = tile;
    const entry = this.parts.entry(index);
    const { view, layout } = this;
    const column = layout.columnOf(index);
    tile.button.tabIndex = index === this.current ? 0 : -1;
    tile.paint(entry, {
      column, left: column * layout.step, hasLabels: this.runs.length > 0,
      isChosen: Boolean(entry) && entry.key === this.page.state.chosen,
      isSelected: Boolean(entry) && this.history.selected.has(entry.key),
      letter: ["A", "B"][view.pair.indexOf(entry?.key)] ?? "",
      address: entry && this.parts.address(entry.key, this.side),
    });
  }

  /** The smallest thumbnails that are sharp. */
  get side() {
    const pixels = this.layout.size * devicePixelRatio;
    return THUMBNAIL_SIDES.find((side) => side >= pixels) ?? THUMBNAIL_SIDES.at(-1);
  }

  askForThumbnails(shown) {
    const keys = [...shown.values()].flatMap((indices) => [...indices].map((index) => this.parts.entry(index)?.key)).filter(Boolean);
    this.parts.want([...new Set(keys)], this.side);
  }

  entry(index) {
    return this.parts.entry(index);
  }

  // -- pointers and keys ------------------------------------------------------------------------------

  clicked(index, event) {
    this.goTo(index);
    const entry = this.entry(index);
    if (!entry) return;
    if (event.shiftKey) this.history.compareWith(entry.key);
    else if (event.ctrlKey || event.metaKey) this.history.toggle(entry.key);
    else this.history.choose(entry.key);
  }

  ticked(index, event) {
    const entry = this.entry(index);
    if (!entry) return;
    if (event.shiftKey && this.lastTicked !== undefined) this.history.selectRange(this.lastTicked, index);
    else this.history.toggle(entry.key);
    this.lastTicked = index;
    this.goTo(index);
  }

  focused({ target }) {
    for (const { tiles } of this.rows.values())
      for (const tile of tiles.values()) if (tile.element.contains(target) && tile.index !== this.current) this.goTo(tile.index);
  }

  goTo(index) {
    this.current = index;
    for (const { tiles } of this.rows.values()) for (const tile of tiles.values()) tile.button.tabIndex = tile.index === index ? 0 : -1;
  }

  /** Walk to a picture: it is seen, and has the focus. */
  walkTo(index) {
    const { layout, element } = this;
    this.current = index;
    const [top, left] = [layout.rowOf(index) * layout.rowHeight, layout.columnOf(index) * layout.step];
    if (this.view.layout === "strip") element.scrollLeft = within(element.scrollLeft, left, layout.step, element.clientWidth);
    else element.scrollTop = within(element.scrollTop, top, layout.rowHeight, element.clientHeight);
    this.paint();
    this.focusCurrent();
  }

  focusCurrent() {
    const row = this.rows.get(this.layout.rowOf(this.current));
    row?.tiles.get(this.current)?.button.focus({ preventScroll: true });
  }

  pressed(event) {
    if (!this.count || event.altKey || event.target.matches("input:not([type='checkbox'])")) return;
    if (event.key === " " && event.target.matches("input")) return; // it ticks the box
    const isCommand = event.ctrlKey || event.metaKey;
    if (WALKS.includes(event.key)) {
      const rowsOfPage = Math.max(1, Math.floor(this.element.clientHeight / this.layout.rowHeight));
      const ends = { Home: 0, End: this.count - 1 };
      this.walkTo(isCommand && event.key in ends ? ends[event.key] : this.layout.neighbour(this.current, event.key, rowsOfPage));
    } else if (!this.history.pressed(event, this.entry(this.current), isCommand)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The page has another width: rows hold more or fewer pictures. */
  fit() {
    if (this.element.clientWidth !== this.width) this.layOut();
  }

  close() {
    this.parts.close();
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

/** A run in words, from many to few: when it started, and what its pictures are. */
function runHeads(pictures, started, along) {
  if (!started) return ["Pinned"];
  const times = started.includes("T") ? shortTimes(new Date(started)) : [started];
  if (!along || pictures === 1) return times;
  const name = along === "seed" ? "seeds" : `by ${(LABELS[along] ?? along).toLowerCase()}`;
  return [`${times[0]} · ${pictures} ${name}`, `${times[0]} · ${pictures}`, ...times];
}

/** The time of day today, else the date too, or alone. */
function shortTimes(time) {
  const now = new Date();
  const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  if (time.toDateString() === now.toDateString()) return [clock];
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  const day = time.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...year });
  return [`${day}, ${clock}`, day];
}
