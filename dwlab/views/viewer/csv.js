// The table of what is shown, as a CSV file.

const FORMULA = /^[=+\-@\t\r]/; // what a spreadsheet takes for the start of a formula

/** The rows of these cells, in their order, as CSV with a byte order mark. */
function csvText(cells, shown) {
  const { keys, prompts, states, errors, images } = cells.document;
  const quoted = (text) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const others = [...cells.fields.values()].filter(({ name }) => name !== "prompt");
  const columns = [
    ["key", (cell) => quoted(keys[cell] ?? "")],
    ["prompt", (cell) => quoted(cells.text(prompts, cell))],
    ...others.map((field) => [field.name, (cell) => csvValue(cells, field, cell, quoted)]),
    ["state", (cell) => quoted(cells.text(states, cell) || "ok")],
    ["error", (cell) => quoted(cells.text(errors, cell))],
    ["image", (cell) => quoted(images[cell])],
  ];
  const lines = shown.map((cell) => columns.map(([, read]) => read(cell)).join(","));
  return `\ufeff${[columns.map(([name]) => quoted(name)).join(","), ...lines].join("\n")}\n`;
}

function csvValue(cells, field, cell, quoted) {
  const number = cells.isNumeric(field) ? cells.number(field, cell) : null;
  if (number !== null) return String(number);
  return field.numbers ? "" : quoted(field.values[field.codes[cell]] ?? "");
}
