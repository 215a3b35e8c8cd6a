// Where the pictures of the history stand: rows of a grid or one strip, runs beside each other.

const TILE_GAP = 8; // pixels between two pictures
const MARKS_LINE = 24; // pixels below a picture
const LABEL_LINE = 22; // pixels for what differs within a run
const HEAD_LINE = 22; // pixels above the first picture of a run
const NARROW_COLUMNS = 5; // and fewer: runs fill the rows, which would be half empty otherwise

class HistoryLayout {
  /**
   * runs: [pictures, when it started, along what they differ] of each run in order; empty if they are not shown.
   * count: of all pictures. size: of a picture in pixels. width: of a row, which pictures a little
   * larger fill; a strip has none.
   */
  constructor({ runs, count, size, width }) {
    Object.assign(this, { runs, count });
    this.columns = Math.max(1, width ? Math.floor((width + TILE_GAP) / (size + TILE_GAP)) : count);
    this.size = width ? Math.floor((width + TILE_GAP) / this.columns) - TILE_GAP : size;
    this.step = this.size + TILE_GAP;
    this.head = runs.length ? HEAD_LINE : 0;
    this.rowHeight = this.head + this.size + 8 + MARKS_LINE + (runs.length ? LABEL_LINE : 0) + TILE_GAP;
    this.runStarts = starts(runs.map(([pictures]) => pictures));
    this.rowStarts = this.rowsOf(runs.length ? runs.map(([pictures]) => pictures) : [count]);
  }

  /** The first picture of each row. In a wide grid, a run is not broken over two rows if it fits into one. */
  rowsOf(groups) {
    const rows = [];
    let [taken, start] = [0, 0];
    const keepsWhole = (pictures) => this.columns > NARROW_COLUMNS && pictures <= this.columns;
    for (const pictures of groups) {
      if (taken && taken + pictures > this.columns && keepsWhole(pictures)) taken = 0;
      for (let done = 0; done < pictures;) {
        if (!taken) rows.push(start + done);
        const fitting = Math.min(pictures - done, this.columns - taken);
        done += fitting;
        taken = (taken + fitting) % this.columns;
      }
      start += pictures;
    }
    return rows;
  }

  /** Whether every picture stands where it stands in another layout. */
  isLike(other) {
    const isSameRun = (run, index) => run.every((value, part) => value === other.runs[index][part]);
    return this.count === other.count && this.step === other.step && this.columns === other.columns
      && this.runs.length === other.runs.length && this.runs.every(isSameRun);
  }

  get height() {
    return this.rowStarts.length * this.rowHeight;
  }

  get width() {
    return this.columns * this.step;
  }

  rowOf(index) {
    return lastAtMost(this.rowStarts, index);
  }

  /** The pictures of a row, as [first, after the last]. */
  inRow(row) {
    return [this.rowStarts[row], this.rowStarts[row + 1] ?? this.count];
  }

  columnOf(index) {
    return index - this.rowStarts[this.rowOf(index)];
  }

  /** The run that begins with a picture; undefined if none does. */
  runAt(index) {
    if (!this.runs.length) return undefined;
    const run = lastAtMost(this.runStarts, index);
    return this.runStarts[run] === index ? this.runs[run] : undefined;
  }

  /** How many pictures of the same run stand from a picture to the end of its row. */
  roomOfRun(index) {
    const run = lastAtMost(this.runStarts, index);
    const [, end] = this.inRow(this.rowOf(index));
    return Math.min(end, this.runStarts[run] + this.runs[run][0]) - index;
  }

  /** The picture that a key leads to from another one. */
  neighbour(index, key, rowsOfPage) {
    const row = this.rowOf(index);
    const [first, end] = this.inRow(row);
    const inOtherRow = (other) => {
      const kept = Math.min(this.rowStarts.length - 1, Math.max(0, other));
      const [start, after] = this.inRow(kept);
      return Math.min(start + index - first, after - 1);
    };
    const targets = {
      ArrowLeft: () => index - 1, ArrowRight: () => index + 1, Home: () => first, End: () => end - 1,
      ArrowUp: () => inOtherRow(row - 1), ArrowDown: () => inOtherRow(row + 1),
      PageUp: () => inOtherRow(row - rowsOfPage), PageDown: () => inOtherRow(row + rowsOfPage),
    };
    return Math.min(this.count - 1, Math.max(0, targets[key]()));
  }
}

/** Where each of some groups begins. */
function starts(sizes) {
  let total = 0;
  return sizes.map((size) => (total += size) - size);
}

/** The index of the last of some rising numbers that is at most `value`. */
function lastAtMost(numbers, value) {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
