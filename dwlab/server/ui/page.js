// The page: a form, the request under way, and all pictures.

const cancelButton = document.getElementById("cancel");
const large = new Large({ use, remove });
const stage = new Stage((index) => large.open(shownPictures(), index));
const gallery = new Gallery((pictures, index) => large.open(pictures, index));
const form = new Form(document.getElementById("form"), draw);
let job = null;
let source = null;

/** The pictures of the stage, which the large view walks through; it follows while they form. */
function shownPictures() {
  return stage.pictures.map((picture) => Object.assign(picture, { job }));
}

function update(index, news) {
  stage.update(index, news);
  repaintLarge();
}

/** The large view follows its picture, and is left alone if it shows another one. */
function repaintLarge() {
  if (stage.pictures.includes(large.picture)) large.paint();
}

/** The width of a request's pictures divided by their height. */
function aspectOf({ width, height }) {
  const limits = form.model?.limits ?? {};
  return ((width ?? limits.width) || 1) / ((height ?? limits.height) || 1);
}

async function draw() {
  if (!form.check()) return stage.say(stage.hint);
  const recipe = form.values;
  stage.say("Sending …");
  try {
    const taken = await request("/api/generate", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(recipe),
    });
    follow(taken.job_id, recipe.num_images, { ...recipe, seed: taken.seed });
    stage.reveal();
  } catch (error) {
    stage.say(form.showError({ field: error.field, message: error.message }), true);
  }
}

/** A page that is reloaded while its job runs goes on with it. */
async function resume() {
  const id = sessionStorage.getItem("job");
  const last = id && (await request(`/api/status/${id}`).catch(() => null));
  if (!last || ended(last.status)) return;
  form.fill(last.parameters, last.automatic);
  follow(id, last.parameters.num_images, last.parameters);
}

function follow(id, pictures, recipe) {
  source?.close();
  job = id;
  sessionStorage.setItem("job", id);
  cancelButton.hidden = false;
  stage.begin(pictures, recipe, aspectOf(recipe));
  stage.say("Waiting in the queue …");
  const mine = new EventSource(`/api/events/${id}`);
  source = mine;
  const on = (kind, handle) => mine.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
  on("started", () => stage.say("Starting …"));
  on("step", ({ index, step, steps, preview }) => {
    update(index, { state: "forming", step, steps, ...(preview && { url: preview }) });
    const done = stage.pictures.reduce((sum, picture) => sum + (picture.step || 0), 0);
    stage.progress(done, steps * pictures);
    stage.say(`Step ${done} of ${steps * pictures}${pictures > 1 ? `, ${pictures} pictures` : ""}`);
  });
  on("done", ({ index, image_url }) => image_url && update(index, { state: "done", url: image_url }));
  on("failed", ({ index, error }) => {
    update(index, { state: "failed" });
    stage.say(error, true);
  });
  const end = (status) => {
    mine.close();
    if (source === mine) source = null;
    finish(status);
  };
  on("end", end);
  /* The browser reconnects by itself, unless the answer was not an event stream. */
  mine.onerror = () => poll(id, mine, end);
}

async function poll(id, mine, end) {
  while (source === mine && mine.readyState === EventSource.CLOSED) {
    try {
      const status = await request(`/api/status/${id}`);
      if (source !== mine) return;
      if (ended(status.status)) return end(status);
      stage.progress(status.progress.step, status.progress.steps);
      stage.say(`Step ${status.progress.step} of ${status.progress.steps}`);
    } catch (error) {
      stage.say(error.message, true);
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

/** What remains of a request that has ended. */
function finish({ status, images, parameters, seconds, warning, error }) {
  if (document.activeElement === cancelButton) document.getElementById("go").focus();
  cancelButton.hidden = true;
  const isCompleted = status === "completed";
  stage.progress(isCompleted ? 1 : 0, 1);
  if (isCompleted) {
    /* Otherwise pictures may be missing, and the rest would appear in the wrong places. */
    images.forEach((url, index) => update(index, { state: "done", url, recipe: recipeOf(parameters, index) }));
    stage.say(`Done in ${(seconds || 0).toFixed(1)} s.${warning ? ` Warning: ${warning}.` : ""}`, warning);
  } else {
    stage.pictures.forEach((picture, index) => Object.assign(picture, { recipe: recipeOf(parameters, index) }));
    stage.stop();
    stage.say(status === "cancelled" ? "The request was cancelled." : error || `The request was ${status}.`, status === "failed");
  }
  repaintLarge();
  gallery.load().catch((fault) => stage.say(fault.message, true));
}

/* The texts of a list are cut; the job's status has them in full. */
async function use(picture, withSeed) {
  try {
    const { parameters, automatic, warning } = await request(`/api/status/${picture.job}`);
    const left = withSeed ? automatic.filter((name) => name !== "seed") : automatic;
    const recipe = { ...recipeOf(parameters, picture.index), num_images: 1 };
    form.fill(recipe, left);
    form.element.prompt.focus();
    if (source) return; // a running job keeps the stage
    stage.begin(1, recipe, aspectOf(recipe));
    job = picture.job;
    Object.assign(stage.pictures[0], { index: picture.index, state: "done", url: picture.url });
    stage.paint();
    stage.say(`This picture's recipe is in the form.${warning ? ` Warning: ${warning}.` : ""}`, warning);
  } catch (error) {
    stage.say(error.message, true);
  }
}

async function remove(picture) {
  await request(`/api${picture.url}`, { method: "DELETE" });
  gallery.forget(picture.url);
  // while a request runs, its pictures keep their places
  if (!source) stage.forget(picture.url);
}

async function health() {
  const line = document.getElementById("health");
  try {
    const now = await request("/api/health");
    const queue = `${now.queue.running} running, ${now.queue.queued} waiting`;
    line.textContent = `${now.model} on ${now.device}${now.model_loaded ? "" : " (loading)"} · ${queue} · ${now.version}`;
  } catch (error) {
    line.textContent = `The server does not answer: ${error.message}`;
  }
}

cancelButton.addEventListener("click", () => request(`/api/jobs/${job}`, { method: "DELETE" }).catch((error) => stage.say(error.message, true)));

(async () => {
  try {
    form.offer((await request("/api/models")).models);
    await gallery.load();
    await resume();
  } catch (error) {
    stage.say(error.message, true);
  }
  health();
  setInterval(health, 3000);
})();
