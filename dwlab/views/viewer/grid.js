// The grid of pictures: how keys walk through it, and what a click does.

class GridView extends PaintedGrid {
  /** Where each shown cell stands: cell -> [row, column, position in its stack]. */
  placeOf(cell) {
    if (!this.places) {
      this.places = new Map();
      this.arrangement.rows.forEach((_row, row) => this.arrangement.columns.forEach((_column, column) =>
        this.arrangement.at(row, column).forEach((each, position) => this.places.set(each, [row, column, position]))));
    }
    return this.places.get(cell);
  }

  /** Make a cell the current one, and bring it into view. */
  choose(cell) {
    const place = this.placeOf(cell);
    if (!place) return;
    this.current = cell;
    this.reveal(place);
    this.paint();
    this.remark();
    this.element.setAttribute("aria-activedescendant", `${this.viewer.id}-${place[0]}-${place[1]}`);
    this.viewer.chosen(cell);
  }

  reveal([row, column]) {
    const { tops, lefts, labelWidth } = this.measures;
    const { element } = this;
    const head = this.head.classList.contains("dwv-loose") ? 0 : this.headHeight;
    const [top, bottom] = [this.headHeight + tops[row], this.headHeight + tops[row + 1]];
    if (top < element.scrollTop + head) element.scrollTop = top - head;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    const [left, right] = [labelWidth + GAP + lefts[column], labelWidth + GAP + lefts[column + 1]];
    if (left < element.scrollLeft + labelWidth + GAP) element.scrollLeft = left - labelWidth - GAP;
    else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
  }

  /** With the keyboard here for the first time: the first picture. A click chooses its own. */
  focused() {
    if (!this.element.matches(":focus-visible")) return;
    if (this.placeOf(this.current) || !this.arrangement.rows.length) return;
    this.step(0, 0);
  }

  /** The picture at the same place of the next stack in a direction; walls go on in the next row. */
  neighbour(down, right) {
    const { rows, columns, at } = this.arrangement;
    const place = this.placeOf(this.current);
    if (!place) return this.first();
    let [row, column] = place;
    const position = place[2];
    do {
      row += down;
      column += right;
      if (right && (column < 0 || column >= columns.length)) {
        row += right;
        column = right > 0 ? 0 : columns.length - 1;
      }
      if (row < 0 || row >= rows.length) return undefined;
    } while (!at(row, column).length);
    const stack = at(row, column);
    return stack[Math.min(position, stack.length - 1)];
  }

  first() {
    const { rows, columns, at } = this.arrangement;
    for (let row = 0; row < rows.length; row++) {
      for (let column = 0; column < columns.length; column++) if (at(row, column).length) return at(row, column)[0];
    }
    return undefined;
  }

  step(down, right) {
    const cell = down || right ? this.neighbour(down, right) : this.first();
    if (cell !== undefined) this.choose(cell);
  }

  /** The pictures in the same cell as another, in order. */
  stackOf(cell) {
    const place = this.placeOf(cell);
    return place ? this.arrangement.at(place[0], place[1]) : [cell];
  }

  /** A page up or down, or to the first or last picture of a row. */
  leap(key) {
    const place = this.placeOf(this.current);
    if (!place) return this.step(0, 0);
    const { rows, columns, at } = this.arrangement;
    const page = Math.max(1, Math.floor(this.element.clientHeight / (this.tile.height + GAP)) - 1);
    const order = [...columns.keys()];
    if (key === "End") order.reverse();
    const leaps = { PageDown: page, PageUp: -page };
    const row = Math.min(rows.length - 1, Math.max(0, place[0] + (leaps[key] ?? 0)));
    if (leaps[key]) order.sort((a, b) => Math.abs(a - place[1]) - Math.abs(b - place[1]));
    const column = order.find((each) => at(row, each).length);
    if (column !== undefined) this.choose(at(row, column)[0]);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (["Home", "End", "PageUp", "PageDown"].includes(event.key)) this.leap(event.key);
    else if (event.key === "Enter" && this.current >= 0) this.viewer.open(this.current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  clicked(event) {
    const cell = event.target.closest?.(".dwv-cell")?.cell;
    if (!cell?.stack.length) return;
    const box = cell.box.getBoundingClientRect();
    const { across, down } = this.tile;
    const part = (position, size, parts) => Math.min(parts - 1, Math.max(0, Math.floor((parts * position) / size)));
    const index = part(event.clientY - box.top, box.height, down) * across + part(event.clientX - box.left, box.width, across);
    this.choose(cell.stack[index] ?? cell.stack[0]);
    this.viewer.open(this.current);
  }
}
