// The fields of a recipe, and below each what is wrong with it.

const SEND_AFTER = 200; // milliseconds without a key

class FieldsView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.fields = {};
    this.pending = undefined; // what is typed and not sent yet
    this.edits = 0; // that were sent
    this.build();
  }

  /** `prompt` is what a run cannot do without, `settings` the rest, which a narrow page folds. */
  build() {
    const number = (name, step) => this.field(name, make("input", { type: "number", step, inputMode: "decimal" }));
    const area = (name, rows) => this.field(name, make("textarea", { rows, spellcheck: false }));
    const list = (name) => this.field(name, make("select"));
    this.more = make("ul", { className: "dwx-more", ariaLabel: "Also in the recipe" });
    this.startPlace = make("div");
    this.file = make("input", { type: "file", accept: "image/png", onchange: () => this.drop(this.file.files) });
    const grid = make("div", { className: "dwx-grid" },
      list("model"), list("scheduler"), number("steps", 1), number("guidance", "any"), this.seed(),
      number("width", 8), number("height", 8), number("count", 1));
    this.accelerate = new AccelerateView(this.page, this, list("quantisation"));
    const file = make("label", { className: "dwx-file" }, "Recipe from a picture (or drop a PNG here) ", this.file);
    this.prompt = area("prompt", 2);
    this.summary = make("summary", {});
    this.settings = make("details", { className: "dwx-settings", open: true, ontoggle: () => this.folded() }, this.summary,
      make("div", { className: "dwx-controls" }, area("negative_prompt", 1), grid, this.accelerate.element, this.more, this.startPlace, file));
  }

  /** On a narrow page the settings are folded, until somebody opens them. */
  fold() {
    this.settings.open = !this.page.isNarrow || Boolean(this.page.state.settings);
    this.settings.classList.toggle("dwx-folds", this.page.isNarrow);
  }

  folded() {
    const { open } = this.settings;
    if (this.page.isNarrow && open !== Boolean(this.page.state.settings)) this.page.remember({ settings: open });
    this.settings.querySelectorAll("textarea").forEach(grow);
  }

  seed() {
    // a field of text: one of numbers rounds those above 2^53 when it counts up or down
    const box = this.field("seed", make("input", { type: "text", inputMode: "numeric", autocomplete: "off" }));
    const dice = makeButton("⚄", () => this.draw(), { title: "Draw another seed", ariaLabel: "Draw another seed" });
    this.lock = make("input", { type: "checkbox", onchange: () => this.change("locked", this.lock.checked) });
    const title = "Keep the seed; otherwise each run draws a new one";
    const lock = make("label", { className: "dwx-lock", title }, this.lock, "keep");
    box.querySelector(".dwx-input").append(dice, lock);
    return box;
  }

  field(name, input) {
    const id = `${this.page.id}-${name}`;
    Object.assign(input, { id });
    input.setAttribute("aria-describedby", `${id}-message`);
    input.addEventListener("input", () => this.change(name, this.read(input)));
    if (input.tagName === "TEXTAREA") input.addEventListener("input", () => grow(input));
    const message = makeMessage({ id: `${id}-message` });
    const count = make("span", { className: "dwx-tokens" });
    const box = make("div", { className: `dwx-field dwx-${name}` },
      make("div", { className: "dwx-name" }, make("label", { htmlFor: id }, LABELS[name]), count),
      make("div", { className: "dwx-input" }, input), message);
    this.fields[name] = { box, input, message, count };
    return box;
  }

  /** The value of a field: a text, a number, "?" for what is not a number, or null for an empty field of numbers. */
  read(input) {
    if (input.type !== "number") return input.value;
    if (input.validity.badInput) return "?";
    return input.value === "" ? null : Number(input.value);
  }

  /** The number of the last edit that was sent: the kernel passes over it if it arrives after what changed the fields. */
  get edit() {
    return [this.page.id, this.edits];
  }

  /** All fields as they are now, whether sent or not. */
  get values() {
    const { edit, ...controls } = this.model.get("controls");
    return { ...controls, ...this.pending };
  }

  change(name, value) {
    this.page.sweepForm.clearNews();
    this.pending = { ...this.pending, [name]: value };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), SEND_AFTER); // not a message for each key
  }

  /** Send what is typed. */
  flush() {
    clearTimeout(this.timer);
    if (!this.pending) return;
    this.edits += 1;
    this.model.set("controls", { ...this.values, edit: this.edit });
    this.pending = undefined;
    this.model.save_changes();
  }

  /** Give up what is typed and not sent. */
  discard() {
    clearTimeout(this.timer);
    this.pending = undefined;
    this.paint();
  }

  draw() {
    this.change("seed", String(Math.floor(Math.random() * 2 ** 32)));
    this.paint();
  }

  drop(files) {
    this.page.readFile(files, this.file, (data) => this.page.askForFields("drop", {}, [data]));
  }

  paint() {
    const { models, schedulers, quantisations, ignores, most, sides } = this.model.get("offer");
    const values = this.values;
    this.paintOptions(this.fields.model.input, models);
    this.paintOptions(this.fields.scheduler.input, schedulers);
    this.paintOptions(this.fields.quantisation.input, quantisations);
    for (const [name, { box, input }] of Object.entries(this.fields)) {
      box.hidden = ignores.includes(name) || this.page.start.hides(name);
      const text = values[name] == null ? "" : String(values[name]);
      const isKept = text === "?" && input.validity.badInput; // what is typed there, whatever it is
      if (input.value !== text && !isKept) input.value = text;
      if (input.tagName === "TEXTAREA") grow(input);
    }
    Object.assign(this.fields.steps.input, { min: 1, max: 1000 });
    Object.assign(this.fields.count.input, { min: 1, max: most });
    for (const name of ["width", "height"]) Object.assign(this.fields[name].input, { min: sides[0], max: sides[1] });
    this.lock.checked = Boolean(values.locked);
    this.accelerate.paint(values);
    this.paintStageSeeds();
    this.paintSummary();
  }

  /** The seeds of the pictures on the stage, where the field has another one. */
  paintStageSeeds() {
    const seeds = this.model.get("stage").map(({ facts }) => facts?.seed?.replace("seed ", "")).filter(Boolean);
    const [first, last] = [seeds[0], seeds.at(-1)];
    const shown = first === last ? first : `${first} to ${last}`;
    say(this.fields.seed.count, first && first !== String(this.values.seed) ? `on the stage: ${shown}` : "");
  }

  /** What the folded settings are, and whether something in them is wrong. */
  paintSummary() {
    const { model, steps, width, height, count } = this.values;
    const wrong = Object.keys(this.model.get("problems")).filter((name) => name && name !== "prompt").length;
    const size = width && height ? `${width} × ${height}` : "";
    const facts = [model, steps && `${steps} steps`, size, count > 1 && `${count} pictures`].filter(Boolean).join(", ");
    const problem = wrong ? make("span", { className: "dwx-bad" }, ` ${wrong} to correct`) : "";
    say(this.summary, make("b", {}, "Settings"), " ", make("span", { className: "dwx-facts" }, facts), problem);
  }

  paintOptions(select, names) {
    const shown = [...select.options].map((option) => option.value);
    if (shown.join("\n") !== names.join("\n"))
      select.replaceChildren(...names.map((value) => make("option", { value }, value)));
  }

  /** The parts of a recipe that have no field, each with a button that leaves it out. */
  paintExtras() {
    const extras = this.model.get("extras");
    this.more.hidden = !extras.length;
    renew(this.more, extras, ({ name, words }) => {
      const title = `Leave out ${words}`;
      const leaveOut = makeButton("×", () => this.page.askAfterFields("leave_out", { name }), { title, ariaLabel: title });
      return make("li", {}, words, leaveOut);
    });
  }

  /** Below each field what is wrong with it, or the part of a prompt that the encoder does not read. */
  paintMessages() {
    const problems = this.model.get("problems");
    const tokens = this.model.get("tokens");
    for (const [name, { input, message, count }] of Object.entries(this.fields)) {
      const words = [problems[name] || ""];
      input.setAttribute("aria-invalid", name in problems);
      if (name !== "seed") count.textContent = ""; // there it says what is on the stage
      if (name in tokens) {
        const [used, limit, read] = tokens[name];
        count.textContent = `${used} of ${limit} tokens`;
        count.classList.toggle("dwx-over", used > limit);
        const rest = [...input.value].slice(read).join(""); // by characters, as Python counts them
        if (used > limit && !problems[name]) words.push("Not read by the encoder: ", make("mark", {}, rest));
      }
      say(message, ...words.filter(Boolean));
    }
    this.accelerate.paintMessages(problems);
    this.paintSummary();
  }
}
