// Ways to draw with less work: each with a tick, its setting, and what is wrong with it.

class AccelerateView {
  /** fields: the view of all fields, which keeps the values. weights: the field for how weights are kept. */
  constructor(page, fields, weights) {
    this.page = page;
    this.model = page.model;
    this.fields = fields;
    this.rows = {};
    this.summary = make("summary", {});
    this.list = make("div", { className: "dwx-ways" });
    this.message = makeMessage();
    const help = "Each changes the picture. A sweep with none beside them, and dwlab bench quality, measure by how much.";
    this.element = make("details", { className: "dwx-less" }, this.summary,
      make("p", { className: "dwx-help" }, help), this.list, this.message, weights);
  }

  /** A row for an accelerator. usual: the setting that it has when it is ticked. */
  row({ name, means, setting, usual }) {
    const id = `${this.page.id}-accelerate-${name}`;
    const tick = make("input", { type: "checkbox", onchange: () => this.change(name, tick.checked ? usual : undefined) });
    const input = make("input", { type: "text", spellcheck: false, autocomplete: "off", placeholder: usual,
      oninput: () => this.change(name, input.value) });
    const message = makeMessage();
    describe(input, message, id, `Setting of ${name}`);
    const help = make("p", { className: "dwx-help", id: `${id}-help` }, `${means[0].toUpperCase()}${means.slice(1)}.`);
    const allowed = make("p", { className: "dwx-help", id: `${id}-allowed` }, setting);
    tick.setAttribute("aria-describedby", help.id);
    input.setAttribute("aria-describedby", `${allowed.id} ${message.id}`);
    this.rows[name] = { tick, input, allowed, message };
    return make("div", { className: "dwx-way" }, make("label", {}, tick, ` ${name}`), input, help, allowed, message);
  }

  get values() {
    return this.fields.values.accelerate ?? {};
  }

  /** Tick an accelerator with this setting, or take it out. */
  change(name, text) {
    const { [name]: before, ...others } = this.values;
    this.fields.change("accelerate", text === undefined ? others : { ...others, [name]: text });
    this.paint(this.fields.values);
  }

  paint({ accelerate = {}, quantisation }) {
    const { accelerators, work } = this.model.get("offer");
    this.paintRows(accelerators);
    for (const [name, { tick, input, allowed }] of Object.entries(this.rows)) {
      const isTicked = name in accelerate;
      tick.checked = isTicked;
      input.hidden = allowed.hidden = !isTicked;
      if (isTicked && input.value !== accelerate[name]) input.value = accelerate[name];
    }
    const chosen = Object.entries(accelerate).map(([name, text]) => `${name} ${text}`.trim());
    if (quantisation && quantisation !== "none") chosen.push(quantisation);
    const facts = chosen.length ? [chosen.join(" + "), work].filter(Boolean).join(": ") : "none";
    say(this.summary, make("b", {}, "Draw with less work"), " ", make("span", { className: "dwx-facts" }, facts));
    if (!this.hasOpened && chosen.length) this.hasOpened = this.element.open = true;
  }

  /** The rows of what this model can have; built again only if another model has others. */
  paintRows(accelerators) {
    if (Object.keys(this.rows).join() === accelerators.map(({ name }) => name).join()) return;
    this.rows = {};
    const rows = accelerators.map((each) => this.row(each));
    const nothing = make("p", { className: "dwx-help" }, "None was tried with this model.");
    this.list.replaceChildren(...(rows.length ? rows : [nothing]));
    this.paintMessages(this.model.get("problems"));
  }

  paintMessages(problems) {
    for (const [name, { input, message }] of Object.entries(this.rows)) {
      const problem = problems[`accelerate.${name}`] ?? "";
      input.setAttribute("aria-invalid", Boolean(problem));
      say(message, problem);
    }
    say(this.message, problems.accelerate ?? "");
    const isWrong = Object.keys(problems).some((name) => name.startsWith("accelerate") || name === "quantisation");
    if (isWrong) this.element.open = true;
  }
}
