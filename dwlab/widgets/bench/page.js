// The page of the benchmark panel: what to measure, how long it takes, and files beside each other.

class BenchPageView extends PanelPage {
  constructor(model, el) {
    super(model, el, "dwlab-panel", "dwlab-bench");
    this.benchmark = make("select", { id: `${this.id}-benchmark`, onchange: () => this.ask("choose", { benchmark: this.benchmark.value }) });
    this.benchmarkMessage = makeMessage({ id: `${this.id}-benchmark-message` });
    this.benchmark.setAttribute("aria-describedby", this.benchmarkMessage.id);
    this.quick = make("input", { type: "checkbox", onchange: () => this.ask("choose", { quick: this.quick.checked }) });
    this.devices = new TicksView(this, "Devices", "devices");
    this.dtypes = new TicksView(this, "Dtypes", "dtypes");
    this.known = new FilesView(this);
    this.plan = new PlanView(this);
    this.bar = new RunBar(this, { run: "Measure what is ticked", cancel: "Stop; what was measured is kept, and Run continues from there" });
    this.comparison = new ComparisonView(this);
    this.links = new FileLinks(this);
    el.append(make("div", { className: "dwlab-heartbeat", role: "alert" }), this.layout());
    this.connect({
      offer: () => this.paintChoice(),
      choice: () => this.paintChoice(),
      known: () => this.paintChoice(),
      plan: () => { this.plan.paint(); this.bar.paint(this.plan.canRun); },
      run: () => this.bar.paint(this.plan.canRun),
      problem: () => this.paintProblem(),
      comparison: () => this.comparison.paint(),
      files: () => this.links.paint(),
    });
    this.heartbeat = new Heartbeat(model, el);
  }

  layout() {
    const benchmark = make("div", { className: "dwp-row" },
      make("label", { className: "dwp-row-name", htmlFor: this.benchmark.id }, "Benchmark"), make("div", {}, this.benchmark, this.benchmarkMessage));
    const quick = make("div", { className: "dwp-row" }, make("span", {}),
      make("label", { className: "dwb-tick" }, this.quick, "quick: two rounds of a few samples"));
    const form = make("div", { className: "dwp-form dwb-form" },
      make("h3", {}, "Measure this machine"), benchmark, this.devices.element, this.dtypes.element, quick,
      make("h3", {}, "Show and compare"), this.known.element, this.links.element);
    const side = make("div", { className: "dwp-side" }, this.plan.element, this.bar.element);
    return make("div", { className: "dwp-page" }, make("div", { className: "dwp-columns" }, form, side), this.comparison.element);
  }

  ask(action, more = {}, buffers = []) {
    this.model.send({ do: action, ...more }, undefined, buffers);
  }

  paintChoice() {
    const { benchmarks = [], devices = [], dtypes = [] } = this.model.get("offer");
    const choice = this.model.get("choice");
    const shown = [...this.benchmark.options].map(({ value }) => value);
    if (shown.join("\n") !== benchmarks.join("\n")) this.benchmark.replaceChildren(...benchmarks.map((value) => make("option", { value }, value)));
    this.benchmark.value = choice.benchmark ?? "";
    this.quick.checked = Boolean(choice.quick);
    const named = (names) => names.map((name) => [name, name]);
    this.devices.paint(named(devices), choice.devices ?? []);
    this.dtypes.paint(named(dtypes), choice.dtypes ?? []);
    this.known.paint(this.model.get("known").map(({ name, label }) => [name, `${name} (${label})`]), choice.files ?? []);
  }

  paintProblem() {
    const { field = "", text = "" } = this.model.get("problem");
    const isHere = (name) => (field === name ? text : "");
    say(this.benchmarkMessage, isHere("benchmark"));
    this.benchmark.setAttribute("aria-invalid", String(field === "benchmark"));
    for (const view of [this.devices, this.dtypes, this.known]) view.say(isHere(view.field));
  }

  close() {
    this.heartbeat.close();
    super.close();
  }
}

export default {
  render({ model, el }) {
    const page = new BenchPageView(model, el);
    return () => page.close();
  },
};
