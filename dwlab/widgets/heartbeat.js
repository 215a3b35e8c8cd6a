// What every panel does: it says when its kernel no longer answers, and leaves Ctrl+S to the notebook.

const PATIENCE = 3000; // milliseconds that the kernel may take to answer
const GONE = "The kernel does not answer. If it was restarted, run the cell again; what you typed comes back. "
  + "If it is busy with another cell, wait; this message then goes away.";

/** Asks the kernel for a sign of life at each action in `root`, the panel. Its elements of the class dwlab-heartbeat tell. */
class Heartbeat {
  constructor(model, root) {
    Object.assign(this, { model, root, page: Math.random().toString(36).slice(2) });
    const capture = { capture: true }; // before the action itself, which can keep the kernel busy
    this.listeners = new AbortController();
    for (const kind of ["click", "focusin", "input", "change", "drop"])
      root.addEventListener(kind, () => this.beat(), { ...capture, signal: this.listeners.signal });
    root.addEventListener("keydown", (event) => this.pressed(event), { ...capture, signal: this.listeners.signal });
    this.told = (content) => { if (content.heard === this.page) this.heard(); };
    this.left = () => this.beat(); // a restarted kernel is noticed without an action
    model.on("msg:custom", this.told);
    model.on("comm_live_update", this.left);
  }

  beat() {
    if (this.timer) return;
    this.timer = setTimeout(() => { this.timer = undefined; this.show(true); }, PATIENCE);
    try {
      this.model.send({ heartbeat: this.page });
    } catch { // the page already knows that this kernel has ended
      this.show(true);
    }
  }

  heard() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.show(false);
  }

  show(gone) {
    const text = gone ? GONE : "";
    for (const line of this.root.querySelectorAll(".dwlab-heartbeat"))
      if (line.textContent !== text) line.textContent = text;
    this.root.classList.toggle("dwlab-gone", gone);
    for (const button of this.root.querySelectorAll("button")) button.inert = gone;
  }

  /** Keys of a panel stay in it. Ctrl+S is the notebook's: a copy of it is pressed outside. */
  pressed(event) {
    const modified = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && modified) this.beat();
    if (event.key.toLowerCase() !== "s" || !modified) return;
    const copy = new KeyboardEvent(event.type, event);
    this.root.parentElement.dispatchEvent(copy);
    event.stopPropagation();
    if (copy.defaultPrevented) event.preventDefault();
  }

  close() {
    clearTimeout(this.timer);
    this.listeners.abort();
    this.model.off("msg:custom", this.told);
    this.model.off("comm_live_update", this.left);
  }
}
