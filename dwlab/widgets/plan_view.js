// The plan: how many pictures, how long, how much of the disk, and what will not matter.

class PlanView {
  constructor(page) {
    this.model = page.model;
    this.count = make("p", { className: "dwp-count", role: "status" });
    this.facts = make("dl", { className: "dwp-facts" });
    this.warnings = make("ul", { className: "dwp-warnings" });
    this.hints = make("ul", { className: "dwp-hints dwp-muted" });
    this.element = make("section", { className: "dwp-plan", ariaLabel: "Plan" }, this.count, this.facts, this.warnings, this.hints);
  }

  get canRun() {
    return ["ready", "planning"].includes(this.model.get("plan").state);
  }

  paint() {
    const { state = "", count = "", facts = [], warnings = [], hints = [] } = this.model.get("plan");
    this.element.dataset.state = state;
    this.element.setAttribute("aria-busy", String(state === "planning"));
    say(this.count, count || (state === "wrong" ? "Nothing to run yet" : ""));
    this.facts.replaceChildren(...facts.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
    const items = (texts) => texts.map((text) => make("li", {}, text));
    this.warnings.replaceChildren(...items(warnings));
    this.hints.replaceChildren(...items(hints));
    this.warnings.hidden = !warnings.length;
    this.hints.hidden = !hints.length;
  }
}
