// The run: its buttons, how far it is, and what went wrong.

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
    const buttons = make("div", { className: "dwx-buttons" }, this.runButton, this.cancelButton, this.bar);
    this.element = make("div", { className: "dwx-actions" }, buttons, this.line, this.spoken, this.complaint);
  }

  start() {
    if (!this.page.fields.lock.checked) this.page.fields.draw();
    this.page.askWithFields("run");
    this.page.stage.reveal();
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
}
