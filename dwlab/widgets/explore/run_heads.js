// The heads of runs in the history: when a run started, and what its pictures are.

const HEAD_CHARACTER = 6.7; // pixels of a character, about

/** A run in words, from many to few. */
function runHeads(pictures, started, along) {
  if (!started) return ["Pinned"];
  const times = started.includes("T") ? shortTimes(new Date(started)) : [started];
  if (!along || pictures === 1) return times;
  const name = along === "seed" ? "seeds" : `by ${(LABELS[along] ?? along).toLowerCase()}`;
  return [`${times[0]} · ${pictures} ${name}`, `${times[0]} · ${pictures}`, ...times];
}

/** The most words that have room, in pixels. */
function fittingHead(heads, room) {
  return heads.find((each) => each.length * HEAD_CHARACTER <= room) ?? heads.at(-1);
}

/** The time of day today, else the date too, or alone. */
function shortTimes(time) {
  const now = new Date();
  const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  if (time.toDateString() === now.toDateString()) return [clock];
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  const day = time.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...year });
  return [`${day}, ${clock}`, day];
}
