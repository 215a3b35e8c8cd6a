// The workers of a run: who computes what, how fast, and who is gone and why.

class WorkersView {
  constructor(page) {
    this.model = page.model;
    this.summary = make("span", { className: "dwp-muted" });
    this.link = make("a", { target: "_blank", rel: "noopener noreferrer" }, "Dask's dashboard");
    this.list = make("ul", { className: "dwp-workers", tabIndex: 0, ariaLabel: "Workers" });
    this.more = make("p", { className: "dwp-muted" });
    this.element = make("section", { className: "dwp-crew", ariaLabel: "Workers" },
      make("div", { className: "dwp-crew-head" }, make("h3", {}, "Workers"), this.summary, this.link), this.list, this.more);
  }

  paint() {
    const { text = "", dashboard = "", workers = [], more = 0, over = false } = this.model.get("workers");
    this.element.hidden = !workers.length;
    this.element.dataset.over = String(over);
    say(this.summary, over ? `${text}; the run is over` : text);
    // what a scheduler calls its dashboard is not to be trusted with more than a page
    const isPage = /^https?:\/\//.test(dashboard);
    this.link.hidden = !isPage || over;
    if (isPage) this.link.href = dashboard;
    renew(this.list, workers.map((worker) => ({ ...worker, over })), (worker) => this.item(worker));
    say(this.more, more ? `and ${more} more` : "");
  }

  item({ name, place, state, doing, made, over }) {
    return make("li", { "data-state": over && state === "working" ? "idle" : state },
      make("strong", {}, name),
      make("span", { className: "dwp-made" }, made),
      make("span", { className: "dwp-doing" }, over && ["idle", "working"].includes(state) ? "done" : doing),
      make("span", { className: "dwp-where" }, place === name ? "" : place));
  }
}
