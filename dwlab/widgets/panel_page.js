// What the pages of all panels that run something share: they paint when a trait changes, and Ctrl+Enter runs.

let panelPages = 0;

class PanelPage {
  /** classes: of the page's outermost element, besides "dw". */
  constructor(model, el, ...classes) {
    Object.assign(this, { model, el });
    // of this page: another page, or another output of this one, has panels too
    this.id = `dwlab-panel-${++panelPages}-${Math.random().toString(36).slice(2)}`;
    el.classList.add("dw", ...classes);
    el.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** Paint now, and again when a trait changes. painters: trait -> function. */
  connect(painters) {
    this.painters = painters;
    for (const [trait, paint] of Object.entries(painters)) {
      this.model.on(`change:${trait}`, paint);
      paint();
    }
  }

  start() {
    if (!this.bar.runButton.disabled) this.ask("run");
  }

  pressed(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    this.start();
  }

  close() {
    for (const [trait, paint] of Object.entries(this.painters)) this.model.off(`change:${trait}`, paint);
  }
}
