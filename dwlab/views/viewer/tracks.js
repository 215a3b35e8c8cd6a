// Where rows and columns begin and end, in pixels, and which of them a window shows.

const GAP = 6; // pixels between pictures
const STRIP = 7; // pixels below a picture, if it is coloured
const CAPTION_LIMIT = 45; // pixels; longer values are told by the legend alone
const LABEL_LINES = 4; // lines over which a column's label may wrap before the column becomes wider

/** Sizes one after the other: starts[i] is where track i begins, starts[length] where the last one ends. */
function startsOf(sizes) {
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1) + size);
  return starts;
}

/** The tracks that lie between two positions, as [first, one after the last]. */
function tracksBetween(starts, low, high) {
  const first = Math.max(0, lastAtOrBefore(starts, low));
  let end = first;
  while (end < starts.length - 1 && starts[end] < high) end++;
  return [first, end];
}

function lastAtOrBefore(starts, position) {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Runs of tracks with the same group, as {text, first, end}. */
function groupsOf(tracks) {
  const groups = [];
  tracks.forEach(({ group }, index) => {
    if (groups.at(-1)?.text === group) groups.at(-1).end = index + 1;
    else groups.push({ text: group, first: index, end: index + 1 });
  });
  return groups.filter(({ text }) => text);
}

/** The size of a cell that shows up to `deepest` pictures: a stack's are half as large, side by side. */
function tileFor({ width, height }, deepest) {
  if (deepest <= 1) return { width, height, across: 1, down: 1 };
  const across = Math.ceil(Math.sqrt(deepest));
  const down = Math.ceil(deepest / across);
  const scale = Math.max(0.5, 24 / Math.max(width, height));
  return { width: Math.round(across * width * scale), height: Math.round(down * height * scale), across, down };
}

/** All measures of a table or wall: column and row starts, heights of labels, width of the rows' labels. */
function measured(arrangement, ruler, tile, captions, room) {
  const { columns, rows } = arrangement;
  const rowLabels = rows.map(({ label }) => label);
  const widest = ruler.widest(rowLabels, "dwv-row-label");
  const labelWidth = widest ? Math.min(widest, Math.max(84, Math.round(room * 0.28)), 280) : 0;
  const columnLabels = columns.map(({ label }) => label);
  const needed = Math.min(ruler.widest(columnLabels, "dwv-column-label"), 220);
  const columnWidth = Math.max(tile.width, Math.min(needed, Math.max(needed / LABEL_LINES, 72))) + GAP;
  const labelHeights = ruler.measure(rowLabels, labelWidth, "dwv-row-label");
  const captionHeight = Math.max(0, ...ruler.measure(captions ?? [], columnWidth - GAP, "dwv-caption"));
  const hasCaption = captionHeight > 0 && captionHeight <= CAPTION_LIMIT;
  const below = captions ? STRIP + (hasCaption ? captionHeight : 0) : 0;
  const cellHeight = tile.height + below + GAP;
  const groups = new Map(groupsOf(rows).map((group) => [group.first, group]));
  const groupHeights = ruler.measure([...groups.values()].map(({ text }) => text), Math.min(room, 900), "dwv-row-group");
  [...groups.values()].forEach((group, index) => { group.height = groupHeights[index]; });
  const rowSizes = rows.map((_, index) => Math.max(cellHeight, labelHeights[index] + GAP) + (groups.get(index)?.height ?? 0));
  const columnHeights = ruler.measure(columnLabels, columnWidth - GAP, "dwv-column-label");
  const corner = [rows[0]?.name, columns[0]?.name].filter(Boolean).join(" \\ ");
  const columnGroups = groupsOf(columns);
  const spans = columnGroups.map(({ first, end }) => (end - first) * columnWidth - GAP);
  const spanHeights = columnGroups.map(({ text }, index) => ruler.measure([text], spans[index], "dwv-column-group")[0]);
  return {
    corner,
    cornerHeight: ruler.measure([corner], labelWidth + GAP, "dwv-corner")[0],
    tile, hasCaption, labelWidth, columnWidth, groups, columnGroups,
    lefts: startsOf(columns.map(() => columnWidth)),
    tops: startsOf(rowSizes),
    columnHeight: Math.max(0, ...columnHeights),
    groupHeight: Math.max(0, ...spanHeights),
  };
}
