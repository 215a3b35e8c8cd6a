// The run: its buttons, its progress, and its pictures as they form.

const VARY_TITLES = {
  seed: "seeds +1 to +4",
  guidance: "guidance up and down",
  steps: "steps up and down",
  scheduler: "other schedulers",
};

class RunView {
  constructor(page) {
    this.page = page;
    this.model = page.model;
    this.runButton = makeButton("Run", () => this.start(), { className: "dwx-run dw-main", title: "Ctrl+Enter" });
    this.cancelButton = makeButton("Cancel", () => page.ask("cancel"));
    this.bar = make("progress", { max: 1, ariaLabel: "Progress" });
    this.line = make("div", { className: "dwx-status" });
    this.spoken = make("div", { className: "dw-spoken", role: "status" }); // without the steps, five a second
    this.complaint = makeMessage();
    this.stage = make("div", { className: "dwx-stage", role: "group", ariaLabel: "Pictures of this run" });
    const buttons = make("div", { className: "dwx-buttons" }, this.runButton, this.cancelButton, this.bar);
    const actions = make("div", { className: "dwx-actions" }, buttons, this.line, this.spoken, this.complaint);
    this.element = make("div", { className: "dwx-view" }, actions, this.stage);
  }

  start() {
    if (!this.page.fields.lock.checked) this.page.fields.draw();
    this.page.askWithFields("run");
  }

  complain(text) {
    say(this.complaint, text);
  }

  paintMessages() {
    const problems = this.model.get("problems");
    this.complain([this.model.get("notice"), problems[""]].filter(Boolean).join(" "));
    this.runButton.disabled = Object.keys(problems).some((name) => name !== "");
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
    const empty = { empty: "Write a prompt and press Ctrl+Enter." };
    const off = this.page.start.isOff("image");
    const shown = pictures.map((picture) => ({ ...picture, off }));
    renew(this.stage, shown.length ? shown : [empty], (picture) => this.figure(picture));
  }

  figure({ empty, src, text, state, note, key }) {
    if (empty) return make("p", { className: "dwx-empty" }, empty);
    const picture = src
      ? make("img", { src, alt: text })
      : make("div", { className: "dwx-blank" }, state === "failed" ? "failed" : "waiting");
    const caption = make("figcaption", {}, text);
    if (note) caption.append(make("span", { className: state === "failed" ? "dwx-bad" : "dwx-note" }, ` ${note}`));
    const figure = make("figure", { className: `dwx-${state}` }, picture, caption);
    if (key) figure.append(this.varyButtons(key), this.page.start.useButton(key));
    return figure;
  }

  /** Buttons that make the neighbours of a picture. */
  varyButtons(key) {
    const { ignores } = this.model.get("offer");
    const buttons = Object.entries(VARY_TITLES)
      .filter(([along]) => !ignores.includes(along))
      .map(([along, title]) => makeButton(along, () => this.page.ask("vary", { key, along }),
        { "data-name": `${key} ${along}`, title: `Make neighbours: ${title}` }));
    return make("div", { className: "dwx-vary", role: "group", ariaLabel: "Vary" }, make("span", {}, "Vary"), ...buttons);
  }
}
