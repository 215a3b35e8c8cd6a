// Two pictures compared: side by side, under a wipe, blinking, or as their difference.

const MODE_NAMES = { "two-up": "Two-up", wipe: "Wipe", blink: "Blink", difference: "Difference" };
const MODE_KEYS = { "two-up": "2", wipe: "w", blink: "k", difference: "d" };
const GAINS = [1, 2, 4, 8, 16];

class CompareView {
  constructor(viewer) {
    this.viewer = viewer;
    this.images = [make("img"), make("img")];
    this.captions = [make("figcaption"), make("figcaption")];
    this.figures = this.images.map((image, index) => make("figure", {}, image, this.captions[index]));
    this.pair = make("div", { className: "dwv-pair" }, ...this.figures);
    this.problem = make("p", { className: "dwv-problem", role: "status" });
    this.modes = MODES.map((mode) => keyedButton(MODE_NAMES[mode], MODE_KEYS[mode], () => viewer.change({ mode })));
    this.wipe = make("input", { type: "range", min: 0, max: 100, value: 50, ariaLabel: "Wipe between the two pictures", oninput: () => this.paintWipe() });
    this.gain = choice("Amplify", "g", () => this.paintGain());
    this.gain.paint(GAINS.map((times) => [times, `× ${times}`]), 1);
    this.pause = keyedButton("Pause", "Space", () => this.setBlinking(!this.isBlinking));
    this.pause.title = "key space";
    this.swap = keyedButton("Swap", "x", () => viewer.swap());
    this.back = keyedButton("Back to the grid", "Escape", () => viewer.back());
    this.settings = make("div", { className: "dwv-row-of-controls" }, this.wipe, this.gain.element, this.pause);
    this.table = make("table", { className: "dwv-differences" });
    this.element = make("section", { className: "dwv-compare", ariaLabel: "Comparison", tabIndex: -1 },
      group("Comparison", this.back, ...this.modes, this.swap), this.pair, this.settings, this.problem, this.table);
  }

  async show(first, second) {
    this.paintMode();
    if (this.first === first && this.second === second && this.shownFrom === this.viewer.cells) return;
    Object.assign(this, { first, second, shownFrom: this.viewer.cells });
    this.paintTable();
    this.problem.textContent = "";
    const { viewer } = this;
    [first, second].forEach((cell, index) => {
      this.images[index].alt = viewer.cells.sentence(cell);
      say(this.captions[index], `${index ? "B" : "A"}: ${viewer.cells.sentence(cell)}`);
      fillImage(viewer, this.images[index], cell, (text) => text && say(this.problem, text));
    });
  }

  paintMode() {
    const mode = this.viewer.state.get("mode");
    MODES.forEach((each, index) => {
      this.pair.classList.toggle(`dwv-${each}`, each === mode);
      this.modes[index].ariaPressed = String(each === mode);
    });
    this.wipe.hidden = mode !== "wipe";
    this.gain.element.hidden = mode !== "difference";
    this.pause.hidden = mode !== "blink";
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (mode !== this.mode) this.setBlinking(mode === "blink" && !isStill);
    this.mode = mode;
    this.paintWipe();
    this.paintGain();
  }

  paintWipe() {
    this.figures[1].style.setProperty("--wipe", `${this.wipe.value}%`);
  }

  paintGain() {
    this.pair.style.setProperty("--gain", this.gain.select.value);
  }

  /** Show one picture after the other, once a second: slow enough for everybody's eyes. */
  setBlinking(isBlinking) {
    this.isBlinking = isBlinking;
    say(this.pause, isBlinking ? "Pause" : "Blink");
    this.pair.classList.toggle("dwv-blinking", isBlinking);
  }

  paintTable() {
    const { cells } = this.viewer;
    const fields = [["prompt", (cell) => cells.prompt(cell)],
      ...[...cells.fields.values()].filter(({ name }) => name !== "prompt").map((field) => [field.name, (cell) => cells.text(field, cell)])];
    const rows = fields.map(([name, read]) => [name, read(this.first), read(this.second)]).filter(([, one, other]) => one !== other);
    const head = ["what differs", "A", "B"].map((text) => make("th", { scope: "col" }, text));
    const line = ([name, one, other]) => make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, name)),
      make("td", {}, make("bdi", {}, one || "–")), make("td", {}, make("bdi", {}, other || "–")));
    this.table.replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows.map(line)));
  }
}
