// How one text became another: the words that stayed, came and went.

const WORDS_LIMIT = 1_000; // of a text; longer ones are shown whole

/** The parts of two texts as [kind, text]; kind: "same", "gone" or "new". Null if they are too long. */
function wordChanges(before, after) {
  const old = wordsOf(before);
  const fresh = wordsOf(after);
  if (old.length > WORDS_LIMIT || fresh.length > WORDS_LIMIT) return null;
  const lengths = commonLengths(old, fresh);
  const parts = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      addPart(parts, "same", fresh[j]);
      i += 1;
      j += 1;
    } else if (i < old.length && (j === fresh.length || lengths[i + 1][j] >= lengths[i][j + 1])) {
      addPart(parts, "gone", old[i]);
      i += 1;
    } else {
      addPart(parts, "new", fresh[j]);
      j += 1;
    }
  }
  return parts;
}

/** Words, runs of spaces and punctuation, which make up the text. */
function wordsOf(text) {
  return text.match(/[\p{L}\p{N}_'-]+|\s+|[^\p{L}\p{N}_'\s-]/gu) ?? [];
}

/** The length of the longest common subsequence of what follows i in one list and j in the other. */
function commonLengths(old, fresh) {
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = old[i] === fresh[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

function addPart(parts, kind, text) {
  const last = parts.at(-1);
  if (last && last[0] === kind) last[1] += text;
  else parts.push([kind, text]);
}
