// The bar of a panel that runs something: Run, Cancel, how far it is, and how it ended.

class RunBar {
  /** page: has a model with the trait `run`, start() and ask(action). tips: of the buttons. */
  constructor(page, { run, cancel }) {
    this.page = page;
    this.model = page.model;
    this.runButton = makeButton("Run", () => page.start(), { className: "dw-main dwp-run", title: `${run} (Ctrl+Enter)` });
    this.runButton.setAttribute("aria-keyshortcuts", "Control+Enter");
    this.cancelButton = makeButton("Cancel", () => page.ask("cancel"), { title: cancel });
    this.bar = make("progress", { max: 1, ariaLabel: "Progress" });
    this.line = make("div", { className: "dwp-status" });
    this.spoken = make("div", { className: "dw-spoken", role: "status" }); // without the progress, five times a second
    this.note = make("div", { className: "dwp-warning" });
    this.element = make("div", { className: "dwp-run-bar" },
      make("div", { className: "dwp-buttons" }, this.runButton, this.cancelButton, this.bar),
      this.line, this.spoken, this.note);
  }

  /** canRun: whether there is something to run. */
  paint(canRun) {
    const { running = false, stopping = false, share = 0, text = "", tone = "", note = "" } = this.model.get("run");
    this.line.textContent = text;
    this.line.dataset.tone = tone && !running ? tone : "";
    say(this.note, note);
    this.bar.value = share;
    this.bar.hidden = !running && !share;
    this.element.setAttribute("aria-busy", String(running));
    if (!running || !share || stopping) say(this.spoken, [text, note].filter(Boolean).join(" "));
    const hadFocus = document.activeElement === this.cancelButton;
    this.runButton.disabled = running || !canRun;
    this.cancelButton.disabled = !running || stopping;
    if (hadFocus && !running) this.runButton.focus();
  }
}
