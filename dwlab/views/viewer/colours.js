// Colours for values: a scale for numbers (viridis), the series of tokens.css for texts.

const SCALE = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const PALETTE = [1, 2, 3, 4, 5, 6, 7].map((number) => `var(--dw-series-${number})`);

/** The colours of a field over some cells: {of(cell), legend}. Without a field, none. */
function colouring(cells, name, shown) {
  const field = cells.fields.get(name);
  if (!field) return { field: undefined, of: () => "", legend: [] };
  if (!cells.isNumeric(field)) {
    const codes = [...new Set(shown.map((cell) => field.codes[cell]))].filter((code) => code >= 0).sort((a, b) => a - b);
    const colour = (code) => (code < 0 ? "" : PALETTE[code % PALETTE.length]);
    return { field, of: (cell) => colour(field.codes[cell]), legend: codes.map((code) => [colour(code), field.values[code]]) };
  }
  let [low, high] = [Infinity, -Infinity];
  for (const cell of shown) {
    const number = cells.number(field, cell);
    if (number === null) continue;
    low = Math.min(low, number);
    high = Math.max(high, number);
  }
  if (low > high) return { field, of: () => "", legend: [] };
  const share = (number) => (high > low ? (number - low) / (high - low) : 0.5);
  const of = (cell) => {
    const number = cells.number(field, cell);
    return number === null ? "" : onScale(share(number));
  };
  const ends = high > low ? [low, (low + high) / 2, high] : [low];
  return { field, of, legend: ends.map((number) => [onScale(share(number)), short(number)]) };
}

function onScale(share) {
  const position = Math.min(1, Math.max(0, share)) * (SCALE.length - 1);
  const before = Math.min(SCALE.length - 2, Math.floor(position));
  const mixed = SCALE[before].map((value, channel) =>
    Math.round(value + (SCALE[before + 1][channel] - value) * (position - before)));
  return `rgb(${mixed.join(",")})`;
}
