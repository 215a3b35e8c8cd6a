// The filter: words that a cell's texts contain, and comparisons like steps>5 or scheduler:euler.

const ORDERS = ["<=", ">=", "<", ">"];
const OPERATORS = ["<=", ">=", "!=", "=", "<", ">", ":"];
const TERM = /(-?)(?:"([^"]*)"|([^\s"<>=!:]+))(?:(<=|>=|!=|=|<|>|:)(?:"([^"]*)"|(\S*)))?|\S+/g;

/** Read a filter; returns {matches(cell), problem}: which cells it keeps, and what in it is wrong. */
function readFilter(text, cells) {
  const tests = [];
  let problem = "";
  for (const match of text.matchAll(TERM)) {
    const [term, minus, quoted, plain, operator, quotedValue, plainValue] = match;
    const name = quoted ?? plain ?? term;
    const field = operator && cells.fields.get(name);
    if (operator && !field && operator !== ":" && !term.includes("://")) problem = `There is no field called ${name}.`;
    const value = quotedValue ?? plainValue ?? "";
    const needsNumbers = field && ORDERS.includes(operator) && value;
    if (needsNumbers && !(cells.isNumeric(field) && Number.isFinite(Number(value)))) {
      problem = `${term} compares no numbers; use = or : for words.`;
    }
    const test = field ? comparison(cells, field, operator, value) : containing(cells, operator ? term.slice(minus.length) : name);
    tests.push(minus ? (cell) => !test(cell) : test);
  }
  return { matches: (cell) => tests.every((test) => test(cell)), problem };
}

/** A term of a filter; names and values with spaces are quoted. */
function filterTerm(name, operator, value) {
  const quote = (text) => (/[\s"<>=!:-]/.test(text) ? `"${text.replaceAll('"', "")}"` : text);
  return `${quote(name)}${operator}${quote(value)}`;
}

function comparison(cells, field, operator, value) {
  const wanted = Number(value);
  const isNumber = value.trim() !== "" && !Number.isNaN(wanted) && cells.isNumeric(field);
  const text = value.toLowerCase();
  const isText = (cell) => cells.text(field, cell).toLowerCase();
  if (operator === ":") return (cell) => isText(cell).includes(text);
  if (!isNumber) {
    if (operator === "=") return (cell) => isText(cell) === text;
    if (operator === "!=") return (cell) => isText(cell) !== text;
  }
  const compare = {
    "=": (number) => number === wanted, "!=": (number) => number !== wanted,
    "<": (number) => number < wanted, ">": (number) => number > wanted,
    "<=": (number) => number <= wanted, ">=": (number) => number >= wanted,
  }[operator];
  return (cell) => {
    const number = cells.number(field, cell);
    return number !== null && compare(number);
  };
}

/** Cells in whose prompt, error or any text field the words occur. */
function containing(cells, words) {
  const wanted = words.toLowerCase();
  const { prompts, errors, states } = cells.document;
  const searched = [prompts, errors, states, ...cells.fields.values()].filter((field) => field.values)
    .map((field) => [field.codes, field.values.map((text) => text.toLowerCase().includes(wanted))]);
  return (cell) => searched.some(([codes, has]) => has[codes[cell]]);
}
