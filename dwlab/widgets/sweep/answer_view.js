// What the pictures say: the answer in words, and every setting ranked below a line that opens them.

class AnswerView {
  constructor(page) {
    this.model = page.model;
    this.words = make("div", { role: "status" });
    this.table = make("div", { className: "dwp-scroll", tabIndex: 0, role: "group", ariaLabel: "Every setting ranked" });
    this.ranking = make("details", {}, make("summary", {}, "Every setting ranked"), this.table);
    this.element = make("section", { className: "dwp-answer", ariaLabel: "Answer" }, this.words, this.ranking);
  }

  paint() {
    const { sentences = [], head = [], rows = [], left_out: leftOut = 0 } = this.model.get("answer");
    this.element.hidden = !sentences.length;
    const isRanked = rows.length > 0;
    const shown = sentences.join("\n");
    if (shown !== this.shown) this.words.replaceChildren(...sentences.map((text, index) => make("p", {}, isRanked && !index ? make("strong", {}, text) : text)));
    this.shown = shown;
    this.ranking.hidden = !isRanked;
    const body = rows.map(({ cells, tone }) => {
      const row = make("tr", {}, ...cells.map((text) => make("td", {}, text)));
      row.dataset.tone = tone;
      return row;
    });
    const more = leftOut ? [make("p", { className: "dwp-muted" }, `${leftOut.toLocaleString("en")} more settings are not shown.`)] : [];
    this.table.replaceChildren(make("table", {},
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...body)), ...more);
  }
}
