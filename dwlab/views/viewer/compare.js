// Two cells of a sweep compared; the settings and metrics in which they differ stand beside them.

class CompareView {
  constructor(viewer) {
    this.viewer = viewer;
    this.back = keyedButton("Back to the grid", "Escape", () => viewer.back());
    this.pair = new PairView({ first: [this.back], onmode: (mode) => viewer.change({ mode }), onswap: () => viewer.swap() });
    this.element = make("section", { className: "dwv-compare", ariaLabel: "Comparison", tabIndex: -1 },
      make("h1", { className: "dw-spoken" }, "Comparison of two pictures"), this.pair.element);
  }

  show(first, second) {
    const { viewer } = this;
    this.pair.setMode(viewer.state.get("mode"));
    if (this.first === first && this.second === second && this.shownFrom === viewer.cells) return;
    Object.assign(this, { first, second, shownFrom: viewer.cells });
    const pictures = [first, second].map((cell) => ({
      name: viewer.cells.sentence(cell),
      fill: (image, tell) => fillImage(viewer, image, cell, tell),
    }));
    this.pair.show(pictures, this.changes());
  }

  changes() {
    const { cells } = this.viewer;
    const others = [...cells.fields.values()].filter(tellsOfPicture);
    const fields = [["prompt", (cell) => cells.prompt(cell)], ...others.map((field) => [field.name, (cell) => cells.text(field, cell)])];
    return fields.map(([name, read]) => ({ name, before: read(this.first), after: read(this.second), isText: name.endsWith("prompt") }))
      .filter(({ before, after }) => before !== after);
  }
}

/** Whether a field stands beside the prompt: when and how fast a picture was made differs always; of such records only the device can change it. */
function tellsOfPicture({ name, kind }) {
  return name !== "prompt" && (kind !== "record" || name === "device");
}
