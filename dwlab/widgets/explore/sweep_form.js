// "Sweep this": a form that turns fields into the axes of a sweep, and says how that goes.

const USUAL_VALUES = { seed: "{range: [0, 4]}", steps: "4, 8, 20", guidance: "1, 3, 7.5", scheduler: "DDIM, Euler", strength: "0.3, 0.6, 0.9", accelerate: "[none, {deep_cache: 3}, {guidance_every: 2}]" };

class SweepFormView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.name = make("input", { type: "text", value: "my-sweep", oninput: () => this.changed() });
    this.nameMessage = makeMessage();
    this.axes = make("div", { className: "dwx-axes" });
    this.message = makeMessage();
    this.news = make("div", { className: "dwx-news", role: "status" });
    this.planned = make("div", { className: "dwx-planned" });
    this.cancelButton = makeButton("Cancel", () => page.ask("cancel"), { ariaLabel: "Cancel the sweep" });
    this.bar = make("progress", { max: 1, ariaLabel: "Progress of the sweep" });
    this.line = make("div", { className: "dwx-sweep-line" });
    this.spoken = make("div", { className: "dw-spoken", role: "status" });
    this.sheet = make("div");
    this.element = this.build();
  }

  build() {
    describe(this.name, this.nameMessage, `${this.page.id}-sweep-name`, "Name of the sweep");
    const help = "Tick what varies and type its values: 1, 3, 7.5 or {range: [0, 8]}. Write one text per line; \"\" is the empty text.";
    const name = make("div", { className: "dwx-axis" },
      make("label", { htmlFor: this.name.id }, "Name"), make("div", {}, this.name, this.nameMessage));
    const buttons = make("div", { className: "dwx-buttons" },
      makeButton("Plan", () => this.ask("plan")),
      makeButton("Write the experiment", () => this.ask("write")),
      makeButton("Run it here", () => this.ask("run")),
      this.cancelButton);
    return make("details", { className: "dwx-sweep", ontoggle: () => this.remember() },
      make("summary", {}, "Sweep this"), make("p", {}, help), name, this.axes, buttons,
      make("div", { className: "dwlab-heartbeat" }), this.message, this.news, this.planned,
      this.line, this.bar, this.spoken, this.sheet);
  }

  /** A row of the form: a parameter that can vary, and its values. */
  axis(axis) {
    const oninput = () => this.changed();
    const tick = make("input", { type: "checkbox", ariaLabel: `Vary ${LABELS[axis]}`, oninput });
    const values = axis.endsWith("prompt")
      ? make("textarea", { rows: 1, spellcheck: false, placeholder: "one per line", oninput: () => { grow(values); oninput(); } })
      : make("input", { type: "text", value: USUAL_VALUES[axis] || "", oninput });
    values.classList.add("dwx-values");
    const message = makeMessage();
    describe(values, message, `${this.page.id}-axis-${axis}`, `Values of ${LABELS[axis]}`);
    const row = make("div", { className: "dwx-axis" },
      make("label", {}, tick, ` ${LABELS[axis]}`), make("div", {}, values, message));
    row.dataset.axis = axis;
    return row;
  }

  /** The rows of the axes, with the elements in each. */
  get rows() {
    return [...this.axes.children].map((row) => ({
      axis: row.dataset.axis,
      tick: row.querySelector("input"),
      values: row.querySelector(".dwx-values"),
      message: row.querySelector(".dwx-message"),
    }));
  }

  ask(action) {
    const { name, axes } = this.remember();
    const ticked = Object.entries(axes).filter(([, axis]) => axis.on).map(([key, axis]) => [key, axis.values]);
    this.clearNews();
    this.page.askWithFields("sweep",
      { name, axes: Object.fromEntries(ticked), action, page: { name, axes }, page_id: this.page.id });
  }

  /** The form has changed: what was said about it is no longer true. */
  changed() {
    this.clearNews();
    this.remember();
  }

  /** Take away what was said about the fields; the kernel does so too, a moment later. */
  clearNews() {
    this.planned.replaceChildren();
    this.paintForm({});
  }

  /** Keep the form where a reload of the page finds it, and return it. */
  remember() {
    const axes = Object.fromEntries(this.rows.map(({ axis, tick, values }) => [axis, { on: tick.checked, values: values.value }]));
    const form = { name: this.name.value, axes, open: this.element.open };
    const state = this.page.state;
    const isNew = Object.entries(form).some(([key, value]) => JSON.stringify(value) !== JSON.stringify(state[key]));
    if (isNew) this.page.remember(form);
    return form;
  }

  paint() {
    const { swept } = this.model.get("offer");
    const { name, axes = {}, open } = this.page.state;
    if (name !== undefined && this.name.value !== name) this.name.value = name;
    this.element.open = Boolean(open);
    if (this.rows.map(({ axis }) => axis).join() !== swept.join())
      this.axes.replaceChildren(...swept.map((axis) => this.axis(axis)));
    for (const { axis, tick, values } of this.rows) {
      const kept = axes[axis];
      if (!kept) continue;
      if (tick.checked !== kept.on) tick.checked = kept.on;
      if (values.value !== kept.values) values.value = kept.values;
      if (values.tagName === "TEXTAREA") grow(values);
    }
  }

  /** An error is shown below the field that it is about, which gets the focus on the page that asked. */
  paintForm({ text = "", tone, field, page_id } = this.model.get("form")) {
    const isBad = tone === "bad";
    const fields = [
      { name: "name", input: this.name, message: this.nameMessage },
      ...this.rows.map(({ axis, values, message }) => ({ name: axis, input: values, message })),
    ];
    const wrong = isBad ? fields.find(({ name }) => name === field) : undefined;
    for (const shown of fields) {
      shown.input.setAttribute("aria-invalid", shown === wrong);
      say(shown.message, shown === wrong ? text : "");
    }
    say(this.message, isBad && !wrong ? text : "");
    say(this.news, isBad ? "" : text);
    const input = wrong ? wrong.input : this.page.fields.fields[field]?.input;
    if (isBad && page_id === this.page.id && input && !isTypedInto(document.activeElement)) input.focus();
    this.element.setAttribute("aria-busy", text === "Planning …");
    this.paintProgress();
  }

  paintPlan() {
    const { counts, warnings, command, yaml } = this.model.get("plan");
    this.planned.replaceChildren();
    if (!counts) return;
    this.planned.append(
      make("p", { className: "dwx-counts", role: "status" }, counts),
      ...warnings.map((text) => make("p", { className: "dwx-bad" }, text)));
    if (command)
      this.planned.append(make("p", { role: "status" }, "Written. To run it without a notebook: ", make("code", {}, command)));
    this.planned.append(make("pre", {}, yaml));
  }

  /** How the sweep goes that was started here, and its pictures so far. */
  paintProgress() {
    const { name, text = "", tone, share, running, sheet } = this.model.get("sweeping");
    const { waiting } = this.model.get("form");
    let line = "";
    if (name) line = text.startsWith(name) ? text : `${name}: ${text}`;
    this.line.textContent = line;
    this.line.classList.toggle("dwx-bad", tone === "bad");
    this.bar.hidden = !running;
    this.bar.value = share || 0;
    if (!share || !running) say(this.spoken, line);
    this.cancelButton.disabled = !running && !waiting;
    const sheets = sheet ? ["light", "dark"].map((theme) => ({ theme, src: sheet[theme], alt: sheet.description })) : [];
    renew(this.sheet, sheets, ({ theme, src, alt }) => make("img", { src, alt, className: `dwx-sheet dwlab-${theme}` }));
  }
}
