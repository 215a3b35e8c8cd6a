// Which cells are shown, and where: rows and columns of a table, or a wall in one order.

/** The cells that the filter, the chips, the page and single values keep. `onPage`: also those of other pages. */
function shownCells(cells, state, filter, { onPage = true } = {}) {
  const off = cells.axes.map((axis) => [axis.codes, new Set(state.off(axis.name))]).filter(([, codes]) => codes.size);
  const fixed = onPage ? pinnedAxes(state) : [];
  const shown = [];
  for (let cell = 0; cell < cells.count; cell++) {
    if (off.some(([codes, set]) => set.has(codes[cell]))) continue;
    if (fixed.some(([codes, code]) => codes[cell] !== code)) continue;
    if (filter.matches(cell)) shown.push(cell);
  }
  return shown;
}

/** Axes of which one value is shown: the one that makes pages, and those that no place shows. */
function pinnedAxes(state) {
  const page = state.cells.fields.get(state.get("page"));
  const axes = state.get("flow") === "wall" ? (page ? [page] : []) : [...(page ? [page] : []), ...state.inCell];
  return axes.map((axis) => [axis.codes, state.at(axis.name)]).filter(([, code]) => code !== undefined);
}

/** How two cells follow each other by a field: those without a value come last, whichever the direction. */
function byField(cells, name, down) {
  const field = cells.fields.get(name);
  if (!field) return (first, second) => first - second;
  const keys = new Map();
  const key = (cell) => {
    if (!keys.has(cell)) keys.set(cell, cells.order(field, cell));
    return keys.get(cell);
  };
  return (first, second) => inOrder(key(first), key(second), down) || first - second;
}

function inOrder(first, second, down) {
  if (first === second) return 0;
  if (first === null) return 1;
  if (second === null) return -1;
  return down ? second - first : first - second;
}

/** A table: {columns, rows, at(row, column)}. Rows and columns without a shown cell are left out, so sparse sweeps stay small. */
function arrangeTable(cells, state, shown) {
  const across = direction(cells, state, "supercolumns", "columns");
  const down = direction(cells, state, "superrows", "rows");
  const columnOf = tracksOf(across, shown);
  const rowOf = tracksOf(down, shown, state.get("sort") && byMean(cells, state, down, shown));
  const width = columnOf.tracks.length;
  const places = new Map();
  for (const cell of shown) {
    const place = rowOf.index.get(down.key(cell)) * width + columnOf.index.get(across.key(cell));
    if (places.has(place)) places.get(place).push(cell);
    else places.set(place, [cell]);
  }
  if (state.get("sort")) {
    const compare = byField(cells, state.get("sort"), state.get("down"));
    for (const stack of places.values()) stack.sort(compare);
  }
  const deepest = [...places.values()].reduce((most, stack) => Math.max(most, stack.length), 0);
  return { columns: columnOf.tracks, rows: rowOf.tracks, deepest, at: (row, column) => places.get(row * width + column) ?? [] };
}

/** Two nested axes along one direction, either of which may be missing. */
function direction(cells, state, outerPlace, innerPlace) {
  let outer = cells.fields.get(state.get(outerPlace));
  let inner = cells.fields.get(state.get(innerPlace));
  if (outer && !inner) [outer, inner] = [undefined, outer];
  const span = inner ? inner.values.length : 1;
  const key = (cell) => (outer ? outer.codes[cell] * span : 0) + (inner ? inner.codes[cell] : 0);
  const track = (value) => ({
    value,
    outer: outer ? Math.floor(value / span) : 0,
    label: inner ? inner.values[value % span] : "",
    name: inner?.name ?? "",
    group: outer ? `${outer.name} ${outer.values[Math.floor(value / span)]}` : "",
  });
  return { key, track };
}

/** The tracks that have a shown cell, in order, and the position of each. */
function tracksOf(along, shown, compare) {
  const values = [...new Set(shown.map(along.key))].sort((first, second) => first - second);
  const tracks = values.map(along.track);
  if (compare) tracks.sort(compare);
  return { tracks, index: new Map(tracks.map((track, position) => [track.value, position])) };
}

/** Orders tracks by the mean of a field over their cells, within their group. */
function byMean(cells, state, along, shown) {
  const field = cells.fields.get(state.get("sort"));
  const sums = new Map();
  for (const cell of shown) {
    const value = cells.order(field, cell);
    if (value === null) continue;
    const [sum, count] = sums.get(along.key(cell)) ?? [0, 0];
    sums.set(along.key(cell), [sum + value, count + 1]);
  }
  const mean = ({ value }) => (sums.has(value) ? sums.get(value)[0] / sums.get(value)[1] : null);
  return (first, second) => first.outer - second.outer
    || inOrder(mean(first), mean(second), state.get("down")) || first.value - second.value;
}

/** A wall: all cells one after the other, as many in a row as fit. */
function arrangeWall(cells, state, shown, fitting) {
  const order = [...shown].sort(byField(cells, state.get("sort"), state.get("down")));
  const across = Math.max(1, Math.min(fitting, order.length));
  const track = () => ({ label: "", name: "", group: "" });
  return {
    columns: Array.from({ length: across }, track),
    rows: Array.from({ length: Math.ceil(order.length / across) }, track),
    deepest: 1,
    at: (row, column) => (row * across + column < order.length ? [order[row * across + column]] : []),
  };
}
