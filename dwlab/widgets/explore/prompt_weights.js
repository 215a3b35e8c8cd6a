// Weights in prompts: Ctrl and an arrow at a word make (word:1.1) of it.

const WEIGHT_STEP = 0.1;
const WEIGHT_MOST = 2;
const BETWEEN_WORDS = /[\s,.;:()[\]\\]/;

/** The text with another weight of what is selected, or of the word at the cursor: {text, start, end}; null without a word. */
function reweighed(text, start, end, by) {
  const weighted = weightedPart(text, start, end);
  const part = weighted ?? wordAt(text, start, end);
  if (part.start === part.end) return null;
  const weight = Math.min(WEIGHT_MOST, Math.max(0, Number(((weighted?.weight ?? 1) + by).toFixed(2))));
  const inside = weighted ? weighted.inside : text.slice(part.start, part.end);
  const fresh = weight === 1 ? inside : `(${inside}:${weight})`;
  return { text: text.slice(0, part.start) + fresh + text.slice(part.end), start: part.start, end: part.start + fresh.length, part, fresh };
}

/** The innermost (…:weight) around a selection; undefined if there is none. */
function weightedPart(text, start, end) {
  const open = [];
  let found;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "(") open.push(at);
    else if (text[at] === ")" && open.length) {
      const from = open.pop();
      const match = /^(.*):\s*(\d*\.?\d+)\s*$/s.exec(text.slice(from + 1, at));
      if (!found && match && from <= start && end <= at + 1) found = { start: from, end: at + 1, inside: match[1], weight: Number(match[2]) };
    }
  }
  return found;
}

/** The selection without the blanks around it, or the word at the cursor. */
function wordAt(text, start, end) {
  let [from, to] = [start, end];
  if (from === to) {
    while (from > 0 && !BETWEEN_WORDS.test(text[from - 1])) from -= 1;
    while (to < text.length && !BETWEEN_WORDS.test(text[to])) to += 1;
  }
  while (from < to && /\s/.test(text[from])) from += 1;
  while (to > from && /\s/.test(text[to - 1])) to -= 1;
  return { start: from, end: to };
}
