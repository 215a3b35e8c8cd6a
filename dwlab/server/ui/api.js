// The server's answers, and recipes as it takes them.

/* A seed is text, because JavaScript rounds numbers above 2^53. */
const TEXT_FIELDS = ["prompt", "negative_prompt", "model", "scheduler", "seed"];
const SEED_COUNT = 2n ** 63n;
const ended = (status) => !["queued", "running"].includes(status);

async function request(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.detail || `HTTP ${answer.status}`), { field: body.field });
  return body;
}

/** The recipe of one of a job's pictures: its seed follows the first one's. */
function recipeOf(parameters, index) {
  return { ...parameters, seed: String((BigInt(parameters.seed) + BigInt(index)) % SEED_COUNT) };
}

/** What is known of a picture, in one line without its prompt. */
function factsOf({ seed, steps, guidance, scheduler, width, height, model }) {
  return [`seed ${seed}`, `${steps} steps`, `guidance ${guidance}`, scheduler, `${width}×${height}`, model].filter(Boolean).join(", ");
}
