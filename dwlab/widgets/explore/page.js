// The page of the prompt bench. All text goes in as text, never as HTML: prompts are other people's words.

const LABELS = {
  prompt: "Prompt", negative_prompt: "Negative prompt", model: "Model", scheduler: "Scheduler", steps: "Steps",
  guidance: "Guidance", seed: "Seed", width: "Width", height: "Height", count: "Pictures per run",
};
const ALONG = { seed: "seeds +1 to +4", guidance: "guidance up and down", steps: "steps up and down", scheduler: "other schedulers" };

/** An element with properties, listeners (on...) and children; strings become text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  element.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes Enter and the arrow keys for itself
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Show `items` in `box`, each as `build` makes it. What did not change is not touched, so that clicks and the focus stay. */
function renew(box, items, build) {
  const name = box.contains(document.activeElement) && document.activeElement.dataset.name;
  items.forEach((item, k) => {
    const said = JSON.stringify(item), old = box.children[k];
    if (old && old.said === said) return;
    const fresh = Object.assign(build(item), { said });
    if (old) old.replaceWith(fresh); else box.append(fresh);
  });
  while (box.children.length > items.length) box.lastChild.remove();
  if (name && !box.contains(document.activeElement)) box.querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus();
}

/** Put words into an element that is read aloud, unless they stand there already. */
function say(element, ...words) {
  const said = words.map((word) => word.textContent ?? word).join("");
  if (element.textContent !== said) element.replaceChildren(...words);
}

/** Give a field its name for those who hear it, and the element that says what is wrong with it. */
function describe(input, message, id, name) {
  Object.assign(input, { id, ariaLabel: name });
  message.id = `${id}-message`;
  input.setAttribute("aria-describedby", message.id);
  return input;
}

let serial = 0;

class ExplorePage {
  constructor(model, el) {
    this.model = model;
    this.id = `dwlab-explore-${++serial}-${Math.random().toString(36).slice(2)}`; // of this page: another has benches too
    this.fields = {};
    this.el = el;
    el.classList.add("dwlab-explore");
    this.controls = this.makeControls();
    this.actions = this.makeActions();
    this.stage = make("div", { className: "dwx-stage", role: "group", ariaLabel: "Pictures of this run" });
    this.pair = make("section", { className: "dwx-pair", ariaLabel: "What changed" });
    this.strip = make("div", { className: "dwx-strip", role: "list", ariaLabel: "History, newest first" });
    this.older = make("button", { type: "button", onclick: () => this.ask("older") }, "Older");
    this.details = make("div", { className: "dwx-details" });
    this.sweep = this.makeSweep();
    const gone = make("div", { className: "dwlab-heartbeat", role: "alert" });
    el.append(gone,
      make("div", { className: "dwx-columns" }, this.controls, make("div", { className: "dwx-view" }, this.actions, this.stage)),
      make("h3", {}, "History"), make("div", { className: "dwx-history" }, this.strip, this.older), this.details, this.pair, this.sweep,
    );
    this.listen();
    this.heartbeat = new Heartbeat(model, el);
    this.paint();
    this.watch = new ResizeObserver(() => el.querySelectorAll("textarea").forEach(this.grow));
    this.watch.observe(el); // a text area has no height before it is on the page
  }

  ask(action, more = {}, buffers = []) {
    this.model.send({ do: action, ...more }, undefined, buffers);
  }

  /** Ask for something that is made of the fields: they travel with it, because a change that is under way may come after. */
  askWithFields(action, more = {}) {
    this.ask(action, { controls: { ...this.model.get("controls"), ...this.pending }, ...more });
    this.flush();
  }

  /** Ask for something that fills the fields: what is typed there and not sent yet is given up. */
  askForFields(action, more = {}, buffers = []) {
    clearTimeout(this.timer);
    this.pending = undefined;
    this.paintControls();
    this.ask(action, more, buffers);
  }

  /** What the kernel keeps for the page: chosen, held (pictures of the history), name, axes, open (the sweep's form). */
  get page() {
    return this.model.get("page");
  }

  remember(more) {
    this.model.set("page", { ...this.page, ...more });
    this.model.save_changes();
  }

  // -- controls ---------------------------------------------------------------------------------

  makeControls() {
    const number = (name, step) => this.field(name, make("input", { type: "number", step, inputMode: "decimal" }));
    const area = (name, rows) => this.field(name, make("textarea", { rows, spellcheck: false }));
    const list = (name) => this.field(name, make("select"));
    const dice = make("button", { type: "button", title: "Draw another seed", ariaLabel: "Draw another seed", onclick: () => this.draw() }, "⚄");
    this.lock = make("input", { type: "checkbox", onchange: () => this.change("locked", this.lock.checked) });
    const lock = make("label", { className: "dwx-lock", title: "Keep the seed; otherwise each run draws one" }, this.lock, "keep");
    // a field of text: one of numbers rounds those above 2^53 when it counts up or down
    const seed = this.field("seed", make("input", { type: "text", inputMode: "numeric", autocomplete: "off" }));
    seed.querySelector(".dwx-input").append(dice, lock);
    this.more = make("div", { className: "dwx-more" });
    this.file = make("input", { type: "file", accept: "image/png", onchange: () => this.drop(this.file.files) });
    return make("form", { className: "dwx-controls", onsubmit: (event) => event.preventDefault() },
      area("prompt", 2), area("negative_prompt", 1),
      make("div", { className: "dwx-grid" }, list("model"), list("scheduler"), number("steps", 1), number("guidance", "any"), seed,
        number("width", 8), number("height", 8), number("count", 1)), this.more,
      make("label", { className: "dwx-file" }, "Recipe from a picture (or drop a PNG here) ", this.file));
  }

  field(name, input) {
    const id = `${this.id}-${name}`;
    Object.assign(input, { id });
    input.setAttribute("aria-describedby", `${id}-message`);
    input.addEventListener("input", () => this.change(name, this.read(input)));
    if (input.tagName === "TEXTAREA") input.addEventListener("input", () => this.grow(input));
    const message = make("div", { id: `${id}-message`, className: "dwx-message", role: "alert" });
    const count = make("span", { className: "dwx-tokens" });
    const box = make("div", { className: `dwx-field dwx-${name}` },
      make("div", { className: "dwx-name" }, make("label", { htmlFor: id }, LABELS[name]), count),
      make("div", { className: "dwx-input" }, input), message);
    this.fields[name] = { box, input, message, count };
    return box;
  }

  /** The value of a field: text, or a number, or what no number is; nothing where a field of numbers is empty. */
  read(input) {
    if (input.type !== "number") return input.value;
    if (input.validity.badInput) return "?";
    return input.value === "" ? null : Number(input.value);
  }

  change(name, value) {
    this.clearSweepNews();
    this.pending = { ...this.pending, [name]: value };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), 200); // not a message for each key
  }

  draw() {
    this.change("seed", String(Math.floor(Math.random() * 2 ** 32)));
    this.paintControls();
  }

  run() {
    if (!this.lock.checked) this.draw();
    this.askWithFields("run");
  }

  flush() {
    clearTimeout(this.timer);
    if (!this.pending) return;
    this.model.set("controls", { ...this.model.get("controls"), ...this.pending });
    this.pending = undefined;
    this.model.save_changes();
  }

  grow(area) {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }

  async drop(files) {
    if (!files || !files.length) return;
    if (files[0].size > 9 << 20) { this.complaint.textContent = "A picture of at most 9 MiB, please."; return; }
    this.askForFields("drop", {}, [await files[0].arrayBuffer()]);
    this.file.value = "";
  }

  paintControls() {
    const { models, schedulers, ignores, most, sides } = this.model.get("offer");
    const values = { ...this.model.get("controls"), ...this.pending };
    for (const [name, options] of Object.entries({ model: models, scheduler: schedulers })) {
      const { input } = this.fields[name];
      if ([...input.options].map((o) => o.value).join("\n") !== options.join("\n"))
        input.replaceChildren(...options.map((value) => make("option", { value }, value)));
    }
    for (const [name, { box, input }] of Object.entries(this.fields)) {
      box.hidden = ignores.includes(name);
      const text = values[name] == null ? "" : String(values[name]);
      if (input.value !== text && !(text === "?" && input.validity.badInput)) input.value = text;
      if (input.tagName === "TEXTAREA") this.grow(input);
    }
    Object.assign(this.fields.steps.input, { min: 1, max: 1000 });
    Object.assign(this.fields.count.input, { min: 1, max: most });
    for (const name of ["width", "height"]) Object.assign(this.fields[name].input, { min: sides[0], max: sides[1] });
    this.lock.checked = Boolean(values.locked);
    this.paintMore(values.more || {});
  }

  /** What a recipe says beyond the fields, and a button that leaves it out. */
  paintMore({ words }) {
    const leave = make("button", { type: "button", onclick: () => { this.change("more", {}); this.paintControls(); } }, "Leave out");
    this.more.replaceChildren(...(words ? [`Also: ${words} `, leave] : []));
  }

  /** Below each field what is wrong with it, or the part of a prompt that the encoder does not read. */
  paintMessages() {
    const problems = this.model.get("problems");
    const tokens = this.model.get("tokens");
    for (const [name, { input, message, count }] of Object.entries(this.fields)) {
      const words = [problems[name] || ""];
      input.setAttribute("aria-invalid", name in problems);
      count.textContent = "";
      if (name in tokens) {
        const [used, limit, read] = tokens[name];
        count.textContent = `${used} of ${limit} tokens`;
        count.classList.toggle("dwx-over", used > limit);
        const rest = [...input.value].slice(read).join(""); // by characters, as Python counts them
        if (used > limit && !problems[name]) words.push("The encoder stops before: ", make("mark", {}, rest));
      }
      say(message, ...words.filter(Boolean));
    }
    say(this.complaint, [this.model.get("notice"), problems[""]].filter(Boolean).join(" "));
    this.runButton.disabled = Object.keys(problems).some((name) => name !== "");
  }

  // -- running ----------------------------------------------------------------------------------

  makeActions() {
    this.runButton = make("button", { type: "button", className: "dwx-run", title: "Ctrl+Enter", onclick: () => this.run() }, "Run");
    this.cancelButton = make("button", { type: "button", onclick: () => this.ask("cancel") }, "Cancel");
    this.bar = make("progress", { max: 1, ariaLabel: "Progress" });
    this.line = make("div", { className: "dwx-status" });
    this.spoken = make("div", { className: "dwx-spoken", role: "status" }); // without the steps, five a second
    this.complaint = make("div", { className: "dwx-message", role: "alert" });
    return make("div", { className: "dwx-actions" },
      make("div", { className: "dwx-buttons" }, this.runButton, this.cancelButton, this.bar), this.line, this.spoken, this.complaint);
  }

  paintStatus() {
    const { text, tone, share, unfinished } = this.model.get("status");
    const waiting = unfinished > 1 ? ` · ${unfinished - 1} more waiting` : "";
    this.line.textContent = `${text}${waiting}`;
    this.line.classList.toggle("dwx-bad", tone === "bad");
    this.bar.value = share || 0;
    if (!share || share === 1) say(this.spoken, this.line.textContent);
    if (!unfinished && document.activeElement === this.cancelButton) this.runButton.focus();
    this.cancelButton.disabled = !unfinished;
    this.runButton.textContent = unfinished ? "Queue" : "Run";
  }

  paintStage() {
    const pictures = this.model.get("stage");
    renew(this.stage, pictures.length ? pictures : [{ empty: "Write a prompt and press Ctrl+Enter." }], (one) => this.figure(one));
  }

  figure(one) {
    if (one.empty) return make("p", { className: "dwx-empty" }, one.empty);
    const picture = one.src
      ? make("img", { src: one.src, alt: one.text })
      : make("div", { className: "dwx-blank" }, one.state === "failed" ? "failed" : "waiting");
    const caption = make("figcaption", {}, one.text);
    if (one.note) caption.append(make("span", { className: one.state === "failed" ? "dwx-bad" : "dwx-note" }, ` ${one.note}`));
    const figure = make("figure", { className: `dwx-${one.state}` }, picture, caption);
    if (one.key) figure.append(this.vary(one.key));
    return figure;
  }

  vary(key) {
    const { ignores } = this.model.get("offer");
    const buttons = Object.entries(ALONG).filter(([along]) => !ignores.includes(along)).map(([along, title]) =>
      make("button", { type: "button", "data-name": `${key} ${along}`, title: `Make neighbours: ${title}`, onclick: () => this.ask("vary", { key, along }) }, along));
    return make("div", { className: "dwx-vary", role: "group", ariaLabel: "Vary" }, make("span", {}, "Vary"), ...buttons);
  }

  // -- history ----------------------------------------------------------------------------------

  paintStrip() {
    const { chosen, held } = this.page;
    const entries = this.model.get("strip").map((one) => ({ ...one, chosen: one.key === chosen, held: one.key === held }));
    const empty = { empty: "What you make is kept here, also when the kernel restarts." };
    renew(this.strip, entries.length ? entries : [empty], (one) => this.entry(one));
    this.older.hidden = !this.model.get("older");
    this.paintDetails();
  }

  entry(one) {
    if (one.empty) return make("p", { className: "dwx-empty" }, one.empty);
    const marks = `${one.pin ? "📌" : ""}${"★".repeat(one.stars || 0)}${one.note ? "✎" : ""}`;
    const button = make("button", { type: "button", "data-name": one.key, title: one.text, ariaPressed: one.chosen, onclick: () => this.choose(one.key) },
      make("img", { src: one.src, alt: one.text }), make("span", {}, marks));
    return make("div", { role: "listitem", className: one.held ? "dwx-held" : "" }, button);
  }

  choose(key) {
    this.remember({ chosen: key });
    this.askForFields("restore", { key });
  }

  paintDetails() {
    const one = this.model.get("strip").find((entry) => entry.key === this.page.chosen);
    renew(this.details, one ? [{ ...one, held: this.page.held }] : [], (entry) => this.detail(entry)); // a note that is being typed stays
  }

  detail(one) {
    const mark = (name, value) => this.ask("mark", { key: one.key, mark: name, value });
    const stars = [1, 2, 3, 4, 5].map((n) =>
      make("button", { type: "button", "data-name": `star ${n}`, ariaLabel: `${n} of 5 stars`, ariaPressed: n <= (one.stars || 0), onclick: () => mark("stars", n === one.stars ? 0 : n) },
        n <= (one.stars || 0) ? "★" : "☆"));
    const note = make("input", { type: "text", value: one.note || "", placeholder: "a note", ariaLabel: "Note", maxLength: 2000, onchange: () => mark("note", note.value),
      onkeydown: (event) => event.key === "Enter" && note.blur() });
    const compare = one.held && one.held !== one.key ? "Compare with the held one" : one.held ? "Let go" : "Hold for comparing";
    const button = (name, text, onclick, more = {}) => make("button", { type: "button", "data-name": name, onclick, ...more }, text);
    return make("div", { className: "dwx-detail" },
      make("span", { className: "dwx-stars", role: "group", ariaLabel: "Stars" }, ...stars),
      button("pin", one.pin ? "Unpin" : "Pin", () => mark("pin", one.pin ? 0 : 1), { ariaPressed: Boolean(one.pin) }), note,
      button("hold", compare, () => this.hold(one.key)), button("hide", "Hide", () => this.hide(one.key)), this.vary(one.key));
  }

  /** Hide a picture; the focus goes to the next one. */
  hide(key) {
    const keys = this.model.get("strip").map((one) => one.key), at = keys.indexOf(key);
    this.strip.querySelector(`[data-name="${CSS.escape(keys[at + 1] || keys[at - 1] || "")}"]`)?.focus();
    this.ask("mark", { key, mark: "hide", value: 1 });
  }

  hold(key) {
    const other = this.page.held;
    this.remember({ held: other ? "" : key });
    this.ask("compare", { keys: other && other !== key ? [other, key] : [] });
  }

  paintPair() {
    const { pictures, changed } = this.model.get("pair");
    this.pair.replaceChildren();
    if (!pictures) return;
    const [first, second] = pictures;
    const top = make("img", { src: second.src, alt: second.text });
    const wipe = make("input", { type: "range", min: 0, max: 100, value: 50, ariaLabel: "Wipe between the two pictures", oninput: () => show() });
    const show = () => { top.style.clipPath = `inset(0 0 0 ${wipe.value}%)`; };
    show();
    const rows = changed.map(([name, a, b]) => make("tr", {}, make("th", { scope: "row" }, LABELS[name] || name), make("td", {}, a || "–"), make("td", {}, b || "–")));
    const head = make("tr", {}, ...["what changed", "left", "right"].map((text) => make("th", { scope: "col" }, text)));
    this.pair.append(
      make("div", { className: "dwx-wipe" }, make("div", { className: "dwx-over-each-other" }, make("img", { src: first.src, alt: first.text }), top), wipe),
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  // -- a sweep of it ----------------------------------------------------------------------------

  makeSweep() {
    this.sweepName = make("input", { type: "text", value: "my-sweep", oninput: () => this.sweepChanged() });
    this.nameMessage = make("div", { className: "dwx-message", role: "alert" });
    this.axes = make("div", { className: "dwx-axes" });
    this.formMessage = make("div", { className: "dwx-message", role: "alert" });
    this.formNews = make("div", { className: "dwx-news", role: "status" });
    this.planned = make("div", { className: "dwx-planned" });
    this.sweepCancel = make("button", { type: "button", ariaLabel: "Cancel the sweep", onclick: () => this.ask("cancel") }, "Cancel");
    this.sweepBar = make("progress", { max: 1, ariaLabel: "Progress of the sweep" });
    this.sweepLine = make("div", { className: "dwx-sweep-line" });
    this.sweepSpoken = make("div", { className: "dwx-spoken", role: "status" });
    this.sheet = make("div");
    const button = (action, text) => make("button", { type: "button", onclick: () => this.sweepThis(action) }, text);
    const name = describe(this.sweepName, this.nameMessage, `${this.id}-sweep-name`, "Name of the sweep");
    this.sweepBox = make("details", { className: "dwx-sweep", ontoggle: () => this.rememberSweep() }, make("summary", {}, "Sweep this"),
      make("p", {}, "Tick what varies and write its values: 1, 3, 7.5 or {range: [0, 8]}. Texts stand one per line; \"\" is the empty one."),
      make("div", { className: "dwx-axis" }, make("label", { htmlFor: name.id }, "Name"), make("div", {}, this.sweepName, this.nameMessage)), this.axes,
      make("div", { className: "dwx-buttons" }, button("plan", "Plan"), button("write", "Write the experiment"), button("run", "Run it here"), this.sweepCancel),
      make("div", { className: "dwlab-heartbeat" }), this.formMessage, this.formNews, this.planned, this.sweepLine, this.sweepBar, this.sweepSpoken, this.sheet);
    return this.sweepBox;
  }

  sweepThis(action) {
    const form = this.rememberSweep();
    const ticked = Object.entries(form.axes).filter(([, axis]) => axis.on).map(([key, axis]) => [key, axis.values]);
    this.clearSweepNews();
    this.askWithFields("sweep", { name: form.name, axes: Object.fromEntries(ticked), action, page: { name: form.name, axes: form.axes }, page_id: this.id });
  }

  /** The form changed: what is said of it is no longer true. */
  sweepChanged() {
    this.clearSweepNews();
    this.rememberSweep();
  }

  /** Take away what is said of the fields; the kernel does so too, a moment later. */
  clearSweepNews() {
    this.planned.replaceChildren();
    this.paintForm({});
  }

  /** Keep the sweep's form where a reload of the page finds it, and give it. */
  rememberSweep() {
    const rows = [...this.axes.children].map((row) => [row.dataset.axis, row.querySelector("input"), row.querySelector(".dwx-values")]);
    const axes = Object.fromEntries(rows.map(([key, tick, values]) => [key, { on: tick.checked, values: values.value }]));
    const form = { name: this.sweepName.value, axes, open: this.sweepBox.open };
    if (Object.entries(form).some(([key, value]) => JSON.stringify(value) !== JSON.stringify(this.page[key]))) this.remember(form);
    return form;
  }

  paintSweep() {
    const { swept } = this.model.get("offer");
    const { name, axes = {}, open } = this.page;
    if (name !== undefined && this.sweepName.value !== name) this.sweepName.value = name;
    this.sweepBox.open = Boolean(open);
    if ([...this.axes.children].map((row) => row.dataset.axis).join() !== swept.join())
      this.axes.replaceChildren(...swept.map((axis) => this.axis(axis)));
    for (const row of this.axes.children) {
      const tick = row.querySelector("input"), values = row.querySelector(".dwx-values"), kept = axes[row.dataset.axis];
      if (!kept) continue;
      if (tick.checked !== kept.on) tick.checked = kept.on;
      if (values.value !== kept.values) values.value = kept.values;
      if (values.tagName === "TEXTAREA") this.grow(values);
    }
  }

  /** A row of the form: a parameter that can vary, and its values. */
  axis(axis) {
    const usual = { seed: "{range: [0, 4]}", steps: "4, 8, 20", guidance: "1, 3, 7.5", scheduler: "DDIM, Euler" };
    const oninput = () => this.sweepChanged();
    const tick = make("input", { type: "checkbox", ariaLabel: `Vary ${LABELS[axis]}`, oninput });
    const values = axis === "negative_prompt"
      ? make("textarea", { rows: 1, spellcheck: false, placeholder: "one per line", oninput: () => { this.grow(values); oninput(); } })
      : make("input", { type: "text", value: usual[axis] || "", oninput });
    values.classList.add("dwx-values");
    const message = make("div", { className: "dwx-message", role: "alert" });
    describe(values, message, `${this.id}-axis-${axis}`, `Values of ${LABELS[axis]}`);
    const row = make("div", { className: "dwx-axis" }, make("label", {}, tick, ` ${LABELS[axis]}`), make("div", {}, values, message));
    row.dataset.axis = axis;
    return row;
  }

  /** What the form says: an error stands below the field that it is about, and that field gets the focus where it was asked. */
  paintForm(form = this.model.get("form")) {
    const { text = "", tone, field, page_id } = form;
    const rows = [...this.axes.children].map((row) => [row.dataset.axis, row.querySelector(".dwx-values"), row.querySelector(".dwx-message")]);
    const fields = [["name", this.sweepName, this.nameMessage], ...rows];
    const wrong = tone === "bad" ? fields.find(([name]) => name === field) : undefined;
    for (const row of fields) {
      row[1].setAttribute("aria-invalid", row === wrong);
      say(row[2], row === wrong ? text : "");
    }
    say(this.formMessage, tone === "bad" && !wrong ? text : "");
    say(this.formNews, tone === "bad" ? "" : text);
    const input = wrong ? wrong[1] : this.fields[field]?.input;
    if (tone === "bad" && page_id === this.id && input) input.focus();
    this.sweepBox.setAttribute("aria-busy", text === "Planning …");
    this.paintSweeping();
  }

  paintPlan() {
    const { counts, warnings, command, yaml } = this.model.get("plan");
    this.planned.replaceChildren();
    if (!counts) return;
    this.planned.append(make("p", { className: "dwx-counts", role: "status" }, counts), ...warnings.map((text) => make("p", { className: "dwx-bad" }, text)));
    if (command) this.planned.append(make("p", { role: "status" }, "Written. Run it headlessly with ", make("code", {}, command)));
    this.planned.append(make("pre", {}, yaml));
  }

  /** How the sweep goes that was started here, and its pictures so far. */
  paintSweeping() {
    const { name, text = "", tone, share, running, grid } = this.model.get("sweeping");
    const waits = this.model.get("form").waiting;
    this.sweepLine.textContent = !name ? "" : text.startsWith(name) ? text : `${name}: ${text}`;
    this.sweepLine.classList.toggle("dwx-bad", tone === "bad");
    this.sweepBar.hidden = !running;
    this.sweepBar.value = share || 0;
    if (!share || !running) say(this.sweepSpoken, this.sweepLine.textContent);
    this.sweepCancel.disabled = !running && !waits;
    renew(this.sheet, grid ? [{ grid, name }] : [], (one) => make("img", { src: one.grid, alt: `The pictures of ${one.name} so far`, className: "dwx-sheet" }));
  }

  // -- all of it --------------------------------------------------------------------------------

  listen() {
    const painters = {
      controls: this.paintControls, offer: () => { this.paintControls(); this.paintSweep(); }, problems: this.paintMessages,
      notice: this.paintMessages, tokens: this.paintMessages, status: this.paintStatus, stage: this.paintStage,
      strip: this.paintStrip, older: this.paintStrip, page: () => { this.paintStrip(); this.paintSweep(); }, pair: this.paintPair, plan: this.paintPlan,
      form: () => this.paintForm(), sweeping: this.paintSweeping,
    };
    this.listeners = Object.entries(painters).map(([name, paint]) => [`change:${name}`, paint.bind(this)]);
    for (const [event, listener] of this.listeners) this.model.on(event, listener);
    this.el.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); event.stopPropagation(); this.run(); }
    });
    for (const kind of ["dragover", "drop"]) this.el.addEventListener(kind, (event) => { event.preventDefault(); event.stopPropagation(); });
    this.el.addEventListener("drop", (event) => this.drop(event.dataTransfer.files));
  }

  paint() {
    for (const [, paint] of this.listeners) paint();
  }

  close() {
    this.flush();
    this.heartbeat.close();
    this.watch.disconnect();
    for (const [event, listener] of this.listeners) this.model.off(event, listener);
  }
}

export default {
  render({ model, el }) {
    const page = new ExplorePage(model, el);
    return () => page.close();
  },
};
