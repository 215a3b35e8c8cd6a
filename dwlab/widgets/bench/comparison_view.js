// Files beside each other: what they say in sentences, then charts, then a table.

class ComparisonView {
  constructor(page) {
    this.model = page.model;
    this.words = make("div", { role: "status" });
    this.machines = make("ul", { className: "dwb-machines" });
    this.answer = make("section", { className: "dwp-answer", ariaLabel: "What the measurements say" }, this.words, this.machines);
    this.charts = make("div", { className: "dwb-charts", tabIndex: 0, role: "group", ariaLabel: "Charts" });
    this.table = make("div", { className: "dwp-scroll", tabIndex: 0, role: "group", ariaLabel: "Table of measurements" });
    this.notes = make("div", { className: "dwp-muted" });
    this.busy = make("p", { className: "dwp-muted", role: "status" });
    this.element = make("div", {}, this.busy, this.answer, this.charts, this.table, this.notes);
  }

  paint() {
    const { sentences = [], charts = [], head = [], rows = [], notes = [], machines = [], busy = false } = this.model.get("comparison");
    this.element.hidden = !sentences.length && !busy;
    this.element.setAttribute("aria-busy", String(busy));
    say(this.busy, busy ? "Comparing …" : "");
    const shown = sentences.join("\n");
    if (shown !== this.shown) this.words.replaceChildren(...sentences.map((text, index) => make("p", {}, index ? text : make("strong", {}, text))));
    this.shown = shown;
    this.answer.hidden = !sentences.length;
    this.machines.replaceChildren(...machines.map((text) => make("li", {}, text)));
    this.machines.hidden = machines.length < 2;
    renew(this.charts, charts, ({ title, light, dark }) => make("figure", {},
      make("figcaption", {}, title),
      make("img", { src: light, alt: `${title} of what was measured`, className: "dwlab-light" }),
      make("img", { src: dark, alt: `${title} of what was measured`, className: "dwlab-dark" })));
    const row = (cells) => make("tr", {}, ...cells.map((text) => make("td", {}, text)));
    this.table.replaceChildren(make("table", {},
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map(row))));
    this.notes.replaceChildren(...notes.map((text) => make("p", {}, text)));
  }
}
