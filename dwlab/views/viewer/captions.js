// What stands below pictures, and what is drawn where there is none.

/** Texts as long as those below pictures can be; undefined if nothing is below them. */
function captionsOf(cells, field) {
  if (!field) return undefined;
  if (cells.isNumeric(field)) return ["-0.888"];
  return [...field.values, `${field.values.length} values`];
}

/** The text below a stack: its value, the mean of numbers, or how many texts there are. */
function captionOf(cells, field, stack) {
  if (stack.length === 1) return cells.text(field, stack[0]) || "–";
  if (!cells.isNumeric(field)) {
    const texts = new Set(stack.map((cell) => cells.text(field, cell)));
    return texts.size === 1 ? [...texts][0] || "–" : `${texts.size} values`;
  }
  const numbers = stack.map((cell) => cells.number(field, cell)).filter((number) => number !== null);
  return numbers.length ? short(numbers.reduce((sum, number) => sum + number, 0) / numbers.length) : "–";
}

/** A cell without a picture: a frame with a cross. */
function drawProblem(context, x, y, width, height) {
  context.strokeStyle = "#c0392b";
  context.lineWidth = 2;
  const margin = Math.min(width, height) / 4;
  context.strokeRect(x + 2, y + 2, width - 4, height - 4);
  context.beginPath();
  context.moveTo(x + margin, y + margin);
  context.lineTo(x + width - margin, y + height - margin);
  context.moveTo(x + width - margin, y + margin);
  context.lineTo(x + margin, y + height - margin);
  context.stroke();
}
