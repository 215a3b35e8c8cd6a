// The form: which experiment, what varies, and what is the same for all pictures.

class FormView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.rows = new Map(); // name -> RowView
    this.experiment = make("select", { id: `${page.id}-experiment` });
    this.experiment.addEventListener("change", () => page.pick(this.experiment.value));
    this.name = make("input", {
      type: "text", id: `${page.id}-name`, spellcheck: false, oninput: () => page.typed(),
      title: "The files go to results/NAME and replace those of an earlier run of that name.",
    });
    this.nameMessage = makeMessage({ id: `${page.id}-name-message` });
    this.name.setAttribute("aria-describedby", this.nameMessage.id);
    this.message = makeMessage();
    this.axes = make("div", { className: "dwp-rows", role: "group", ariaLabel: "What varies" });
    this.fixed = make("div", { className: "dwp-rows dwp-fixed", role: "group", ariaLabel: "The same for all pictures" });
    this.also = make("p", { className: "dwp-muted" });
    this.element = make("div", { className: "dwp-form" }, this.head(), this.message,
      make("h3", {}, "What varies"), this.axes, this.adder(), this.also,
      make("h3", {}, "The same for all pictures"), this.fixed);
  }

  head() {
    return make("div", { className: "dwp-head" },
      make("div", {}, make("label", { htmlFor: this.experiment.id }, "Experiment"), this.experiment),
      make("div", {}, make("label", { htmlFor: this.name.id }, "Name"), this.name, this.nameMessage));
  }

  /** The line that adds an axis: any parameter, also one with a dot in it. */
  adder() {
    const id = `${this.page.id}-parameters`;
    this.parameters = make("datalist", { id });
    this.parameter = make("input", {
      type: "text", ariaLabel: "Parameter to vary", placeholder: "steps, call.eta, …", spellcheck: false, autocomplete: "off",
      id: `${this.page.id}-parameter`,
      onkeydown: (event) => this.keyOfParameter(event),
    });
    this.parameter.setAttribute("list", id);
    this.parameterMessage = makeMessage({ id: `${this.page.id}-parameter-message` });
    this.parameter.setAttribute("aria-describedby", this.parameterMessage.id);
    return make("div", { className: "dwp-adder" }, this.parameter, this.parameters,
      makeButton("Add an axis", () => this.add()), this.parameterMessage);
  }

  add() {
    const parameter = this.parameter.value.trim();
    if (!parameter || this.adding) return this.parameter.focus();
    this.adding = parameter;
    this.parameter.value = "";
    this.parameter.focus();
    return this.page.ask("add", { parameter });
  }

  /** Enter adds the axis. What is typed until it is here are its values, with Enter between them. */
  keyOfParameter(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (this.adding) putText(this.parameter, this.parameter.value.length, this.parameter.value.length, ", ");
    else this.add();
  }

  get values() {
    return { name: this.name.value, rows: [...this.rows.values()].map((row) => row.values) };
  }

  paintOffer() {
    const { experiments = [], picked = "", parameters = [] } = this.model.get("offer");
    const shown = [...this.experiment.options].map(({ value }) => value);
    if (shown.join("\n") !== experiments.join("\n")) this.experiment.replaceChildren(...experiments.map((value) => make("option", { value }, value)));
    this.experiment.value = picked;
    if (!this.parameters.children.length) this.parameters.append(...parameters.map((value) => make("option", { value })));
  }

  paint() {
    const { name = "", rows = [], also = [] } = this.model.get("form");
    if (this.name.value !== name) this.name.value = name;
    const names = new Set(rows.map((row) => row.name));
    for (const [each, view] of this.rows) {
      if (names.has(each)) continue;
      view.element.remove();
      this.rows.delete(each);
    }
    const ofAxes = rows.filter(({ kind }) => kind !== "value");
    this.arrange(this.axes, ofAxes);
    this.arrange(this.fixed, rows.filter(({ kind }) => kind === "value"));
    say(this.also, also.join(" "));
    this.paintProblem();
    this.focusAdded();
  }

  /** Put the rows into a box in their order; one that stays where it is keeps the focus. */
  arrange(box, rows) {
    rows.forEach((row, index) => {
      let view = this.rows.get(row.name);
      if (!view) {
        view = new RowView(this.page, row);
        this.rows.set(row.name, view);
      }
      if (box.children[index] !== view.element) {
        const focused = view.element.contains(document.activeElement) ? document.activeElement : undefined;
        box.insertBefore(view.element, box.children[index] ?? null);
        focused?.focus();
      }
      view.paint(row);
    });
  }

  /** The row that was just added from this page has the focus. */
  focusAdded() {
    const { added } = this.model.get("offer");
    const view = this.rows.get(added?.name);
    if (!this.adding || added?.parameter !== this.adding || !view || view.shownKind === "value") return;
    const values = this.parameter.value;
    const isHere = !isTypedInto(document.activeElement) || document.activeElement === this.parameter;
    this.adding = undefined;
    this.parameter.value = "";
    if (isHere) view.editor.focus();
    const field = document.activeElement;
    if (isHere && values && field.matches("input, textarea")) putText(field, 0, 0, values);
  }

  /** There is no such parameter: it can be corrected. */
  notAdded() {
    if (!this.adding) return;
    this.parameter.value = this.adding + this.parameter.value;
    this.adding = undefined;
  }

  paintProblem() {
    const { row = "", part = null, text = "" } = this.model.get("problem");
    for (const view of this.rows.values()) view.paintProblem({ row, part, text });
    const say_ = (message, input, isHere) => {
      input?.setAttribute("aria-invalid", String(isHere));
      say(message, isHere ? text : "");
    };
    say_(this.nameMessage, this.name, row === "name");
    say_(this.parameterMessage, this.parameter, row === "parameter");
    if (row === "parameter") this.notAdded();
    const isKnown = this.rows.has(row) || ["name", "parameter", "where"].includes(row);
    say_(this.message, undefined, !isKnown && Boolean(text));
  }
}
